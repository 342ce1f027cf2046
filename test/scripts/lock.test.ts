import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const run = promisify(execFile);
const lock = new URL("../../scripts/lock.mjs", import.meta.url).href;

const contender = (path: string, log: string) => `
import { appendFileSync } from "node:fs";
import { withLock } from ${JSON.stringify(lock)};
await withLock(${JSON.stringify(path)}, () => {}, async () => {
  appendFileSync(${JSON.stringify(log)}, "in ");
  await new Promise((resolve) => setTimeout(resolve, 50));
  appendFileSync(${JSON.stringify(log)}, "out ");
});`;

describe("the bootstrap lock", () => {
  it("lets one process in at a time, past the lock of a dead one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "aikoryu-lock-"));
    const path = join(folder, "lock");
    const log = join(folder, "log");
    const dead = 2 ** 22 + 1;
    await writeFile(path, `${dead} ${hostname()}`);
    const script = contender(path, log);
    await Promise.all(
      Array.from({ length: 4 }, () => run(process.execPath, ["--input-type=module", "-e", script])),
    );
    expect(await readFile(log, "utf8")).toBe("in out ".repeat(4));
    expect(existsSync(path)).toBe(false);
  });
});
