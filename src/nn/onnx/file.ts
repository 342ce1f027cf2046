import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { preferHugePages } from "../../core/huge-pages.ts";
import { invalidFile } from "./wire.ts";

/** Read at once: the bytes are moved by a thread of the pool. */
const pieceBytes = 8 << 20;

/** Memory that the caller overwrites in full, whose release does not hold the JavaScript thread for long. */
export function allocate(byteLength: number): Uint8Array {
  const memory = new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer, 0, byteLength);
  preferHugePages(memory);
  return memory;
}

/** Rejects with INVALID_FILE for what is no regular file; a pipe is not waited for. */
export async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw invalidFile(`${path} is not a regular file`);
}

/** Fills `bytes` from the file, and says whether it held enough. */
export async function readFully(file: FileHandle, bytes: Uint8Array, start: number): Promise<boolean> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(pieceBytes, bytes.length - done);
    const { bytesRead } = await file.read(bytes, done, length, start + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}
