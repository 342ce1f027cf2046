import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { models, version } from "./routes.ts";

export type CommandFault =
  | "down"
  | "busy"
  | "memory"
  | "flag"
  | "garbage"
  | "binary"
  | "silent"
  | "killed"
  | "escapes"
  | "flood"
  | "hang"
  | "midway";

export interface FakeCommandOptions {
  readonly models?: readonly string[];
  readonly version?: string;
  /** What goes wrong, by verb. */
  readonly faults?: Readonly<Record<string, CommandFault>>;
}

/** An `ollama` command in a folder of its own, written from the facts of the real one. */
export class FakeCommand implements AsyncDisposable {
  readonly folder: string;
  readonly path: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, "ollama");
  }

  static async make(options: FakeCommandOptions = {}): Promise<FakeCommand> {
    const fake = new FakeCommand(await mkdtemp(join(tmpdir(), "aikoryu-ollama-")));
    const program = join(fake.folder, "ollama.mjs");
    await copyFile(new URL("./command-program.mjs", import.meta.url), program);
    await writeFile(fake.path, script(fake.folder, program));
    await chmod(fake.path, 0o755);
    await fake.set(options);
    return fake;
  }

  async set(options: FakeCommandOptions): Promise<void> {
    const config = { models, version, ...options };
    await writeFile(join(this.folder, "config.json"), JSON.stringify(config));
    const list = join(this.folder, "list");
    if (options.faults?.["list"] === undefined) await writeFile(list, listOf(config.models));
    else await rm(list, { force: true });
  }

  /** The arguments of each run so far. */
  async calls(): Promise<readonly (readonly string[])[]> {
    const text = await this.file("calls");
    return text === undefined
      ? []
      : text
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line));
  }

  /** What the program left in a file of its folder. */
  async file(name: string): Promise<string | undefined> {
    return readFile(join(this.folder, name), "utf8").catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `list` comes before nearly every call: the shell answers it, because starting Node takes most of the time of these tests. */
function script(folder: string, program: string): string {
  return `#!/bin/sh
if [ "$1" = list ] && [ -f "${folder}/list" ]; then
  echo '["list"]' >> "${folder}/calls"
  exec cat "${folder}/list"
fi
exec "${process.execPath}" "${program}" "$@"
`;
}

function listOf(names: readonly string[]): string {
  const row = (...cells: readonly string[]) =>
    cells.map((cell, at) => cell.padEnd([24, 16, 10, 16][at] ?? 0)).join("");
  const rows = names.map((name) => row(name, "a80c4f17acd5", "2.0 GB", "2 weeks ago"));
  return `${[row("NAME", "ID", "SIZE", "MODIFIED"), ...rows].join("\n")}\n`;
}
