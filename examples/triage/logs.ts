import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface LogFile {
  readonly path: string;
  /** Whose log it is. */
  readonly program: string;
}

export interface LogLine {
  readonly program: string;
  readonly text: string;
}

const mostBytes = 256 * 1024;

const system: readonly LogFile[] = [
  { path: "/var/log/dpkg.log", program: "dpkg" },
  { path: "/var/log/apt/term.log", program: "apt" },
  { path: "/var/log/alternatives.log", program: "system" },
];

/** The logs of package managers that this machine has. */
export function logFiles(): readonly LogFile[] {
  const folder = join(process.env.npm_config_cache ?? join(homedir(), ".npm"), "_logs");
  const npm = namesIn(folder)
    .filter((name) => name.endsWith(".log"))
    .sort()
    .slice(-3)
    .map((name): LogFile => ({ path: join(folder, name), program: "npm" }));
  return [...system, ...npm].filter(({ path }) => tail(path) !== "");
}

/** The last lines of a log. */
export function linesOf({ path, program }: LogFile): readonly LogLine[] {
  return tail(path)
    .split("\n")
    .slice(1)
    .filter((text) => text.trim() !== "")
    .map((text) => ({ program, text }));
}

function tail(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, mostBytes));
    const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("utf8", 0, read);
  } finally {
    closeSync(file);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
