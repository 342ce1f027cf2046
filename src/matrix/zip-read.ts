import type { FileHandle } from "node:fs/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { formatBytes } from "../core/bytes.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { AikoError } from "../errors.ts";
import { abortError } from "../runtime/index.ts";
import { allocateHostArray } from "./host-memory.ts";
import { invalidFile } from "./npy-header.ts";
import { type FileOptions, readInto } from "./whole-file.ts";

export interface ZipEntry {
  readonly name: string;
  readonly method: "stored" | "deflated";
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  /** Where its local header is. */
  readonly offset: number;
}

const endBytes = 22;
const longestComment = 0xffff;
const entryBytes = 46;
const localBytes = 30;
const endMark = 0x06054b50;
const entryMark = 0x02014b50;
const localMark = 0x04034b50;
/** DEFLATE makes at most 258 bytes of 2 bits. */
const mostExpansion = 1032;
const readPiece = 1 << 20;

const oneArray = "Write each array with numpy.save.";

/**
 * The entries of a ZIP archive, by its directory: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. Rejects with
 * INVALID_FILE for what is damaged, encrypted, ZIP64, or lies over another entry.
 */
export async function readDirectory(file: FileHandle, path: string): Promise<readonly ZipEntry[]> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(size, endBytes + longestComment));
  await readInto(file, tail, size - tail.length, path, {});
  const end = endOf(tail);
  if (end === undefined)
    throw invalidFile(path, "not a ZIP archive, or truncated: it has no directory", oneArray);
  const count = tail.readUInt16LE(end + 10);
  const bytes = tail.readUInt32LE(end + 12);
  const start = tail.readUInt32LE(end + 16);
  if (count === 0xffff || bytes === 0xffffffff || start === 0xffffffff) {
    throw invalidFile(path, "a ZIP64 archive, which is not read", oneArray);
  }
  if (tail.readUInt16LE(end + 4) !== 0 || tail.readUInt16LE(end + 8) !== count) {
    throw invalidFile(path, "a part of an archive in several files");
  }
  if (start + bytes > size - tail.length + end || bytes < count * entryBytes) {
    throw invalidFile(path, "damaged: its directory lies outside of it");
  }
  const directory = Buffer.alloc(bytes);
  await readInto(file, directory, start, path, {});
  const entries = parseEntries(directory, count, path);
  assertApart(entries, start, path);
  return entries;
}

/** An entry's bytes, their length and checksum verified. Rejects with INVALID_FILE, OUT_OF_MEMORY or ABORTED. */
export async function readEntry(
  file: FileHandle,
  entry: ZipEntry,
  path: string,
  options: FileOptions,
): Promise<Uint8Array> {
  const local = Buffer.alloc(localBytes);
  await readInto(file, local, entry.offset, path, options);
  if (local.readUInt32LE(0) !== localMark)
    throw damaged(path, entry, "its header is not where the directory says");
  const start = entry.offset + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28);
  const out = new EntryBytes(entry, path, options);
  if (entry.method === "stored") {
    for await (const piece of pieces(file, start, entry, path, options)) await out.push(piece);
  } else {
    await inflate(pieces(file, start, entry, path, options), out, entry, path);
  }
  return out.finish();
}

async function inflate(
  source: AsyncIterable<Buffer>,
  out: EntryBytes,
  entry: ZipEntry,
  path: string,
): Promise<void> {
  const inflater = createInflateRaw({ chunkSize: 256 << 10 });
  const feeding = (async () => {
    for await (const piece of source) {
      if (!inflater.write(piece)) await new Promise((resolve) => inflater.once("drain", resolve));
    }
    inflater.end();
  })().catch((error) => inflater.destroy(error));
  try {
    for await (const chunk of inflater) await out.push(chunk);
    await feeding;
  } catch (cause) {
    if (cause instanceof AikoError) throw cause;
    throw damaged(path, entry, `it does not decompress: ${cause instanceof Error ? cause.message : cause}`);
  } finally {
    inflater.destroy();
  }
}

async function* pieces(
  file: FileHandle,
  start: number,
  { compressedBytes }: ZipEntry,
  path: string,
  options: FileOptions,
): AsyncGenerator<Buffer> {
  for (let done = 0; done < compressedBytes; done += readPiece) {
    const piece = Buffer.allocUnsafeSlow(Math.min(readPiece, compressedBytes - done));
    await readInto(file, piece, start + done, path, options);
    yield piece;
  }
}

/** What came out of an entry so far: never more than its directory says. */
class EntryBytes {
  readonly #entry: ZipEntry;
  readonly #path: string;
  readonly #options: FileOptions;
  readonly #bytes: Uint8Array;
  #length = 0;
  #crc = 0;

  constructor(entry: ZipEntry, path: string, options: FileOptions) {
    this.#entry = entry;
    this.#path = path;
    this.#options = options;
    this.#bytes = allocateHostArray("u8", entry.bytes);
  }

  async push(piece: Uint8Array): Promise<void> {
    const { signal } = this.#options;
    if (signal?.aborted) throw abortError(signal, `Reading ${this.#path}`);
    while (isTurnLong()) await nextTurn();
    if (this.#length + piece.length > this.#bytes.length) {
      throw damaged(
        this.#path,
        this.#entry,
        `it holds more than the ${formatBytes(this.#entry.bytes)} it claims`,
      );
    }
    this.#bytes.set(piece, this.#length);
    this.#length += piece.length;
    this.#crc = crc32(piece, this.#crc);
  }

  finish(): Uint8Array {
    const { bytes, crc } = this.#entry;
    if (this.#length !== bytes)
      throw damaged(this.#path, this.#entry, `it ends after ${this.#length} of ${bytes} bytes`);
    if (this.#crc !== crc) throw damaged(this.#path, this.#entry, "its checksum is wrong");
    return this.#bytes;
  }
}

/** The record's place in the file's end; what follows it must be the comment that it announces. */
function endOf(tail: Buffer): number | undefined {
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) === endMark && at + endBytes + tail.readUInt16LE(at + 20) === tail.length)
      return at;
  }
  return undefined;
}

function parseEntries(directory: Buffer, count: number, path: string): ZipEntry[] {
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + entryBytes > directory.length || directory.readUInt32LE(at) !== entryMark) {
      throw invalidFile(path, `damaged: entry ${index} of its directory is none`);
    }
    const next = at + entryBytes + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30);
    const name = directory.toString(
      "utf8",
      at + entryBytes,
      at + entryBytes + directory.readUInt16LE(at + 28),
    );
    const entry = parseEntry(directory, at, name, path);
    if (names.has(name)) throw invalidFile(path, `damaged: it has two entries named ${JSON.stringify(name)}`);
    names.add(name);
    entries.push(entry);
    at = next + directory.readUInt16LE(at + 32);
  }
  return entries;
}

function parseEntry(directory: Buffer, at: number, name: string, path: string): ZipEntry {
  const shown = JSON.stringify(name);
  // An archive's names become keys, never paths; such a name all the same was made to harm somebody.
  if (/^[/\\]|\\|\0|^[a-z]:/i.test(name) || name.split("/").includes("..")) {
    throw invalidFile(path, `refused: its entry ${shown} names a place outside of the archive`);
  }
  if ((directory.readUInt16LE(at + 8) & 1) !== 0) throw invalidFile(path, `its entry ${shown} is encrypted`);
  const method = directory.readUInt16LE(at + 10);
  if (method !== 0 && method !== 8) {
    throw invalidFile(
      path,
      `its entry ${shown} is compressed with method ${method}`,
      "Use stored or deflated entries.",
    );
  }
  const compressedBytes = directory.readUInt32LE(at + 20);
  const bytes = directory.readUInt32LE(at + 24);
  const offset = directory.readUInt32LE(at + 42);
  if (compressedBytes === 0xffffffff || bytes === 0xffffffff || offset === 0xffffffff) {
    throw invalidFile(path, `its entry ${shown} of 4 GiB or more is in ZIP64, which is not read`, oneArray);
  }
  const isPossible = method === 0 ? bytes === compressedBytes : bytes <= compressedBytes * mostExpansion;
  if (!isPossible) {
    throw invalidFile(
      path,
      `damaged: ${formatBytes(compressedBytes)} of its entry ${shown} cannot hold ${formatBytes(bytes)}`,
    );
  }
  const crc = directory.readUInt32LE(at + 16);
  return { name, method: method === 0 ? "stored" : "deflated", crc, compressedBytes, bytes, offset };
}

/** Entries that share bytes make terabytes of a small file. */
function assertApart(entries: readonly ZipEntry[], end: number, path: string): void {
  let free = 0;
  for (const { name, offset, compressedBytes } of [...entries].sort((a, b) => a.offset - b.offset)) {
    const last = offset + localBytes + compressedBytes;
    if (offset < free || last > end) {
      throw invalidFile(
        path,
        `damaged: its entry ${JSON.stringify(name)} lies over another one or outside of the file`,
      );
    }
    free = last;
  }
}

function damaged(path: string, { name }: ZipEntry, what: string): AikoError {
  return invalidFile(path, `damaged in ${JSON.stringify(name)}: ${what}`);
}
