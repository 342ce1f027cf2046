import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { AikoError } from "../../errors.ts";
import { zstandardFault } from "./zstandard.ts";

const chunkBytes = 2 ** 20;

/**
 * Checks that compressed text has its end: DuckDB takes a file that is cut off as what is there of it, and what it lacks
 * would be missing rows. A .gz file is unpacked for that once, for nothing but its checksum. Rejects with INVALID_FILE, and
 * with ABORTED.
 */
export async function assertWhole(path: string, signal: AbortSignal | undefined): Promise<void> {
  const [, ending] = /\.(gz|zst)$/i.exec(path) ?? [];
  if (ending === undefined) return;
  const faultOf = ending.toLowerCase() === "gz" ? gzipFault : zstandardFault;
  const fault = await faultOf(path, signal).catch((cause: unknown) => {
    if (signal?.aborted !== true) throw damaged(path, String(cause), cause);
    throw new AikoError("ABORTED", { message: `Checking ${path} was aborted`, cause });
  });
  if (fault !== undefined) throw damaged(path, fault);
}

async function gzipFault(path: string, signal: AbortSignal | undefined): Promise<undefined> {
  const nowhere = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const source = createReadStream(path, { highWaterMark: chunkBytes });
  const options = signal === undefined ? {} : { signal };
  await pipeline(source, createGunzip({ chunkSize: chunkBytes }), nowhere, options);
}

function damaged(path: string, fault: string, cause?: unknown): AikoError {
  return new AikoError("INVALID_FILE", {
    message: `${path} is damaged or cut off: ${fault}`,
    hint: "Fetch or compress it again.",
    cause,
  });
}
