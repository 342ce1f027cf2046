import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { AikoError } from "../errors.ts";

/** The text of a file, or of standard input for `-`. */
export async function readText(path: string): Promise<string> {
  if (path === "-") return text(process.stdin);
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

export function cannotRead(path: string, cause: unknown): AikoError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT") {
    return new AikoError("FILE_NOT_FOUND", {
      message: `There is no file ${path}`,
      hint: "Paths count from the current folder.",
      cause,
    });
  }
  const problem =
    code === "EISDIR" ? "it is a folder" : code === "EACCES" ? "permission denied" : String(cause);
  return new AikoError("INVALID_FILE", { message: `Cannot read ${path}: ${problem}`, cause });
}
