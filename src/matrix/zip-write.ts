import type { FileHandle } from "node:fs/promises";
import { crc32, createDeflateRaw } from "node:zlib";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { AikoError } from "../errors.ts";
import { append, type FileOptions } from "./whole-file.ts";

const mostBytes = 0xffffffff;
const mostEntries = 0xfffe;
const crcPiece = 1 << 20;
/** 1980-01-01, the oldest day that ZIP has: equal contents make equal files. */
const date = 0x0021;
const utf8Names = 0x0800;
const versionNeeded = 20;

/** Writes a ZIP archive, entry after entry, then its directory. */
export class ZipWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #options: FileOptions & { readonly compress?: boolean | undefined };
  readonly #directory: Buffer[] = [];
  #offset = 0;

  constructor(
    file: FileHandle,
    path: string,
    options: FileOptions & { readonly compress?: boolean | undefined },
  ) {
    this.#file = file;
    this.#path = path;
    this.#options = options;
  }

  /** One entry of these parts, one after the other. Rejects with UNSUPPORTED for an archive beyond 4 GiB. */
  async add(name: string, parts: readonly Uint8Array[]): Promise<void> {
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    const content = this.#options.compress === true ? await deflated(parts) : parts;
    const compressedBytes = content.reduce((sum, part) => sum + part.byteLength, 0);
    const title = Buffer.from(name);
    this.#assertRoom(bytes, compressedBytes + title.length + 30);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(versionNeeded, 0);
    fields.writeUInt16LE(utf8Names, 2);
    fields.writeUInt16LE(content === parts ? 0 : 8, 4);
    fields.writeUInt16LE(date, 8);
    fields.writeUInt32LE(await checksum(parts), 10);
    fields.writeUInt32LE(compressedBytes, 14);
    fields.writeUInt32LE(bytes, 18);
    fields.writeUInt16LE(title.length, 22);
    const offset = Buffer.alloc(14);
    offset.writeUInt32LE(this.#offset, 10);
    this.#directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, offset, title]));
    await this.#write(Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, title]));
    for (const part of content) await this.#write(part);
  }

  async finish(): Promise<void> {
    const directory = Buffer.concat(this.#directory);
    this.#assertRoom(0, directory.length + 22);
    const end = Buffer.alloc(22);
    end.write("PK\x05\x06", "latin1");
    end.writeUInt16LE(this.#directory.length, 8);
    end.writeUInt16LE(this.#directory.length, 10);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(this.#offset, 16);
    await this.#write(directory);
    await this.#write(end);
  }

  async #write(data: Uint8Array): Promise<void> {
    await append(this.#file, data, this.#path, this.#options);
    this.#offset += data.byteLength;
  }

  #assertRoom(bytes: number, more: number): void {
    const fits = bytes < mostBytes && this.#offset + more < mostBytes && this.#directory.length < mostEntries;
    if (fits) return;
    throw new AikoError("UNSUPPORTED", {
      message: `${this.#path} would hold 4 GiB or more, which takes ZIP64`,
      hint: "Write each matrix to a file of its own: writeNpy.",
    });
  }
}

async function checksum(parts: readonly Uint8Array[]): Promise<number> {
  let crc = 0;
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; at += crcPiece) {
      while (isTurnLong()) await nextTurn();
      crc = crc32(part.subarray(at, at + crcPiece), crc);
    }
  }
  return crc;
}

/** Compressed on a thread of Node's pool. */
async function deflated(parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const deflater = createDeflateRaw({ chunkSize: 256 << 10 });
  const chunks: Buffer[] = [];
  const collecting = (async () => {
    for await (const chunk of deflater) chunks.push(chunk);
  })();
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; at += crcPiece) {
      const piece = part.subarray(at, at + crcPiece);
      if (!deflater.write(piece)) await new Promise((resolve) => deflater.once("drain", resolve));
    }
  }
  deflater.end();
  await collecting;
  return chunks;
}
