import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { nearbyFile } from "../core/nearby-file.ts";
import { AikoError, toAikoError } from "../errors.ts";

/** A regular file to read. Rejects with FILE_NOT_FOUND, naming one with a name close to it, and with INVALID_FILE. */
export async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw invalidFile(path, toAikoError(cause).message, cause);
    const near = await nearbyFile(path);
    throw new AikoError("FILE_NOT_FOUND", {
      message: `There is no file ${path}`,
      hint: near === undefined ? "Relative paths count from the current folder." : `Did you mean ${near}?`,
      cause,
    });
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw invalidFile(path, "not a regular file");
}

/**
 * Writes a file that appears whole or not at all: beside its final name, then renamed. Rejects with FILE_NOT_FOUND when
 * the folder is missing, with WRITE_FAILED when it cannot be written, and with what `write` rejects.
 */
export async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const present = await stat(target).catch(() => undefined);
  // A device or a pipe, such as /dev/null, must be written to, not replaced.
  const replaces = present === undefined || present.isFile();
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(replaces ? temporary : target, replaces ? "wx" : "w");
    try {
      await write(file);
      if (replaces) await file.sync();
    } finally {
      await file.close();
    }
    if (replaces) await rename(temporary, target);
  } catch (error) {
    if (replaces) await rm(temporary, { force: true });
    throw cannotWrite(error, path);
  }
}

export function invalidFile(path: string, why: string, cause?: unknown): AikoError {
  return new AikoError("INVALID_FILE", { message: `${path}: ${why}`, cause });
}

function cannotWrite(error: unknown, path: string): AikoError {
  if (error instanceof AikoError) return error;
  if (codeOf(error) === "ENOENT") {
    return new AikoError("FILE_NOT_FOUND", {
      message: `Cannot write ${path}: there is no folder ${dirname(path)}`,
      hint: "Make the folder first.",
      cause: error,
    });
  }
  return new AikoError("WRITE_FAILED", {
    message: `Cannot write ${path}: ${toAikoError(error).message}`,
    hint: "Nothing of it was kept. Check the disk's free space and the folder's permissions.",
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
