import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { bytesOf, formatBytes } from "../core/bytes.ts";
import { nearbyFile } from "../core/nearby-file.ts";
import { elementCount, formatShape } from "../core/shape.ts";
import { AikoError, toAikoError } from "../errors.ts";
import { abortError } from "../runtime/index.ts";
import { allocateHost } from "./host-memory.ts";
import { Matrix } from "./matrix.ts";
import { NpyDecoder } from "./npy-decode.ts";
import {
  formatHeader,
  invalidFile,
  type NpyHeader,
  parseHeader,
  parsePrefix,
  prefixBytes,
} from "./npy-header.ts";
import { Storage } from "./storage.ts";

export interface FileOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes moved at once where JavaScript does not touch them, and where it converts them (about a millisecond). */
const copyPiece = 8 << 20;
const decodePiece = 128 << 10;

/**
 * Reads a NumPy array file, versions 1 to 3, either byte order, either element order: floats, integers and booleans,
 * converted to f32. A one-dimensional array becomes a single row. Rejects with FILE_NOT_FOUND; with INVALID_FILE for
 * anything damaged, truncated, not numeric or without an exact f32 (integers); with OUT_OF_MEMORY; with ABORTED.
 */
export async function readNpy(path: string, options: FileOptions = {}): Promise<Matrix> {
  await using file = await openFile(path);
  const header = await readHeader(file, path);
  const { shape, type, dataOffset } = header;
  const expected = elementCount(shape) * type.bytes;
  const { size } = await file.stat();
  if (size - dataOffset < expected) {
    throw invalidFile(
      path,
      `truncated: ${formatShape(shape)} numbers need ${formatBytes(expected)}, the file holds ${formatBytes(size - dataOffset)}`,
    );
  }
  const data = allocateHost(elementCount(shape));
  if (type.name === "f4" && type.littleEndian && !header.fortranOrder) {
    await readInto(file, bytesOf(data), dataOffset, path, options);
  } else {
    await decodeInto(file, data, header, path, options);
  }
  return new Matrix(Storage.onHost(data), shape.length === 1 ? [1, ...shape] : shape);
}

/**
 * Writes a matrix as a NumPy array file, version 1, f32. The file appears whole or not at all: it is written beside
 * its final name and renamed. Rejects with FILE_NOT_FOUND when the folder is missing, and with ABORTED.
 */
export async function writeNpy(path: string, matrix: Matrix, options: FileOptions = {}): Promise<void> {
  const data = bytesOf(await matrix.read());
  const target = await realpath(path).catch(() => path);
  const present = await stat(target).catch(() => undefined);
  // A device or a pipe, such as /dev/null, must be written to, not replaced.
  const replaces = present === undefined || present.isFile();
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  const written = replaces ? temporary : target;
  try {
    {
      await using file = await open(written, replaces ? "wx" : "w");
      await file.writeFile(formatHeader(matrix.shape));
      for (let offset = 0; offset < data.byteLength; offset += copyPiece) {
        if (options.signal?.aborted) throw abortError(options.signal, `Writing ${path}`);
        await file.writeFile(data.subarray(offset, offset + copyPiece));
      }
      if (replaces) await file.sync();
    }
    if (replaces) await rename(temporary, target);
  } catch (error) {
    if (replaces) await rm(temporary, { force: true });
    throw cannotWrite(error, path);
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "r");
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    throw await cannotOpen(error, path);
  }
  throw invalidFile(path, "not a regular file");
}

async function readHeader(file: FileHandle, path: string): Promise<NpyHeader> {
  const prefix = await readUpTo(file, 0, prefixBytes);
  const { start, length } = parsePrefix(prefix, path);
  const text = await readUpTo(file, start, length);
  if (text.length < length) throw invalidFile(path, "truncated inside its header");
  const header = parseHeader(text.toString("utf8"), start + length, path);
  if (header.shape.length === 0) {
    throw invalidFile(path, "holds a single number, not a matrix", "numpy.save(path, array.reshape(1, 1))");
  }
  return header;
}

async function readUpTo(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Fills `target` from the file; fails when the file shrinks meanwhile. */
async function readInto(
  file: FileHandle,
  target: Uint8Array,
  start: number,
  path: string,
  { signal }: FileOptions,
  piece = copyPiece,
): Promise<void> {
  for (let done = 0; done < target.byteLength; ) {
    if (signal?.aborted) throw abortError(signal, `Reading ${path}`);
    const length = Math.min(piece, target.byteLength - done);
    const { bytesRead } = await file.read(target, done, length, start + done);
    if (bytesRead === 0) throw invalidFile(path, `truncated at ${formatBytes(start + done)}`);
    done += bytesRead;
  }
}

async function decodeInto(
  file: FileHandle,
  data: Float32Array,
  header: NpyHeader,
  path: string,
  options: FileOptions,
): Promise<void> {
  const decoder = new NpyDecoder(header, data, path);
  const total = data.length * header.type.bytes;
  const piece = new Uint8Array(Math.min(decodePiece, total));
  for (let done = 0; done < total; done += piece.byteLength) {
    const part = piece.subarray(0, Math.min(piece.byteLength, total - done));
    await readInto(file, part, header.dataOffset + done, path, options);
    decoder.push(part);
  }
}

async function cannotOpen(error: unknown, path: string): Promise<AikoError> {
  if (codeOf(error) !== "ENOENT") return fileError(error, path);
  const near = await nearbyFile(path);
  return new AikoError("FILE_NOT_FOUND", {
    message: `There is no file ${path}`,
    hint: near === undefined ? "Relative paths count from the current folder." : `Did you mean ${near}?`,
    cause: error,
  });
}

function cannotWrite(error: unknown, path: string): AikoError {
  if (codeOf(error) === "EISDIR") return invalidFile(path, "a folder");
  if (codeOf(error) !== "ENOENT") return fileError(error, path);
  return new AikoError("FILE_NOT_FOUND", {
    message: `Cannot write ${path}: there is no folder ${dirname(path)}`,
    hint: "Make the folder first.",
    cause: error,
  });
}

function fileError(error: unknown, path: string): AikoError {
  if (error instanceof AikoError) return error;
  return new AikoError("INVALID_FILE", { message: `${path}: ${toAikoError(error).message}`, cause: error });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
