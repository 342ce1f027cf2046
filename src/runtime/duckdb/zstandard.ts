import { type FileHandle, open } from "node:fs/promises";

const frameMagic = 0xfd2fb528;
const skippedMagic = 0x184d2a50;
const mostHeaderBytes = 18;
const dictionaryBytes = [0, 1, 2, 4];
const sizeBytes = [0, 2, 4, 8];

/**
 * What is wrong with the frames of a .zst file, or undefined where it ends with the last block of one. Reads the headers of
 * blocks only. https://datatracker.ietf.org/doc/html/rfc8878
 */
export async function zstandardFault(
  path: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    let at = 0;
    while (at < size) {
      const end = await frameEnd(file, at, signal);
      if (typeof end === "string") return end;
      at = end;
    }
    return at === size ? undefined : "unexpected end of file";
  } finally {
    await file.close();
  }
}

async function frameEnd(
  file: FileHandle,
  start: number,
  signal: AbortSignal | undefined,
): Promise<number | string> {
  const header = Buffer.alloc(mostHeaderBytes);
  const { bytesRead } = await file.read(header, 0, mostHeaderBytes, start);
  if (bytesRead < 8) return "unexpected end of file";
  const magic = header.readUInt32LE(0);
  if ((magic & ~15) >>> 0 === skippedMagic) return start + 8 + header.readUInt32LE(4);
  if (magic !== frameMagic) return "a frame does not begin as one";
  const descriptor = header[4] ?? 0;
  const isSingle = (descriptor >> 5) & 1;
  const sizes = sizeBytes[descriptor >> 6] ?? 0;
  let at = start + 6 - isSingle + (dictionaryBytes[descriptor & 3] ?? 0) + (sizes === 0 ? isSingle : sizes);
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead: found } = await file.read(header, 0, 3, at);
    if (found < 3) return "unexpected end of file";
    const block = header.readUIntLE(0, 3);
    const kind = (block >> 1) & 3;
    if (kind === 3) return "a block is damaged";
    at += 3 + (kind === 1 ? 1 : block >> 3);
    if ((block & 1) === 1) return at + ((descriptor >> 2) & 1) * 4;
  }
}
