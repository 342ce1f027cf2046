import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { AikoError } from "../../errors.ts";

/** The path of a program: as it is where it has a folder, else the first on PATH. Rejects with ENGINE_MISSING. */
export async function findCommand(command: string): Promise<string> {
  const isPath = isAbsolute(command) || /[\\/]/.test(command);
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const endings = process.platform === "win32" ? [".exe", ""] : [""];
  const paths = isPath
    ? [resolve(command)]
    : folders.flatMap((folder) => endings.map((end) => join(folder, command + end)));
  for (const path of paths) {
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // the next folder may have it
    }
  }
  throw new AikoError("ENGINE_MISSING", {
    message: isPath ? `${command} is not a program` : `The command ${command} is not on PATH`,
    hint: "Install Ollama, or name the path of its command in AIKORYU_OLLAMA.",
  });
}
