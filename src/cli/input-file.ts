import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { nearbyFile } from "../core/nearby-file.ts";
import { AikoError } from "../errors.ts";

/** The text of a file, or of standard input for `-`. Rejects with FILE_NOT_FOUND or INVALID_FILE. */
export async function readText(path: string): Promise<string> {
  const bytes = path === "-" ? await buffer(process.stdin) : await read(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const name = path === "-" ? "standard input" : path;
    throw new AikoError("INVALID_FILE", { message: `${name} is not text in UTF-8`, cause });
  }
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw await cannotRead(path, cause);
  }
}

async function cannotRead(path: string, cause: unknown): Promise<AikoError> {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT") {
    const near = await nearbyFile(path);
    return new AikoError("FILE_NOT_FOUND", {
      message: `There is no file ${path}`,
      hint: near === undefined ? "Paths count from the current folder." : `Did you mean ${near}?`,
      cause,
    });
  }
  const problem =
    code === "EISDIR" ? "it is a folder" : code === "EACCES" ? "permission denied" : String(cause);
  return new AikoError("INVALID_FILE", { message: `Cannot read ${path}: ${problem}`, cause });
}
