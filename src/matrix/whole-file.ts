import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { nearbyFile } from "../core/nearby-file.ts";
import { AikoError, toAikoError } from "../errors.ts";
import { abortError } from "../runtime/index.ts";
import { invalidFile } from "./npy-header.ts";

export interface FileOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes moved at once where JavaScript does not touch them. */
const copyPiece = 8 << 20;

/** A regular file to read. Rejects with FILE_NOT_FOUND, naming one with a name close to it, and with INVALID_FILE. */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "r");
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (error) {
    throw await cannotOpen(error, path);
  }
  throw invalidFile(path, "not a regular file");
}

/**
 * Writes a file that appears whole or not at all: beside its final name, then renamed. Rejects with FILE_NOT_FOUND when
 * the folder is missing.
 */
export async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const present = await stat(target).catch(() => undefined);
  // A device or a pipe, such as /dev/null, must be written to, not replaced.
  const replaces = present === undefined || present.isFile();
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  try {
    {
      await using file = await open(replaces ? temporary : target, replaces ? "wx" : "w");
      await write(file);
      if (replaces) await file.sync();
    }
    if (replaces) await rename(temporary, target);
  } catch (error) {
    if (replaces) await rm(temporary, { force: true });
    throw cannotWrite(error, path);
  }
}

/** Appends bytes in pieces. Rejects with ABORTED between two of them. */
export async function append(
  file: FileHandle,
  data: Uint8Array,
  path: string,
  { signal }: FileOptions,
): Promise<void> {
  for (let offset = 0; offset < data.byteLength; offset += copyPiece) {
    if (signal?.aborted) throw abortError(signal, `Writing ${path}`);
    await file.writeFile(data.subarray(offset, offset + copyPiece));
  }
}

/** Fills `target` from a file; fails when the file shrinks meanwhile. Rejects with ABORTED between two pieces. */
export async function readInto(
  file: FileHandle,
  target: Uint8Array,
  start: number,
  path: string,
  { signal }: FileOptions,
): Promise<void> {
  for (let done = 0; done < target.byteLength; ) {
    if (signal?.aborted) throw abortError(signal, `Reading ${path}`);
    const length = Math.min(copyPiece, target.byteLength - done);
    const { bytesRead } = await file.read(target, done, length, start + done);
    if (bytesRead === 0) throw invalidFile(path, `truncated at byte ${start + done}`);
    done += bytesRead;
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
