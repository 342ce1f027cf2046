import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { aikoryu } from "./run.ts";

const verbs = ["doctor", "tour", "bench", "kernel", "matrix", "nn", "monitor"];

describe("the command line", () => {
  it("lists its verbs and asks for one", async () => {
    const help = await aikoryu(["--help"]);
    expect(help.status).toBe(0);
    for (const verb of verbs) expect(help.stdout).toContain(`  ${verb} `);
    expect((await aikoryu([])).status).toBe(2);
  });

  it.each(verbs)("%s has help within 80 columns", async (verb) => {
    const { status, stdout } = await aikoryu([verb, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: aikoryu ${verb}`);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each([
    [["docter"], "Did you mean doctor?"],
    [["doctor", "--qiuck"], "Did you mean --quick?"],
    [["matrix", "mutliply"], "Did you mean multiply?"],
    [["kernel", "x.wgsl", "--target", "openlc"], "Did you mean opencl?"],
    [["bench", "matrx"], "Did you mean matrix?"],
    [["matrix", "multiply", "a.npy"], "multiply takes 2 files, not 1"],
    [["matrix", "sort"], "sort takes one file, not 0"],
    [["kernel"], "needs a WGSL file"],
    [["kernel", "-", "--constant", "chunk"], "not NAME=VALUE"],
    [["monitor", "--interval", "50"], "from 200 on"],
    [["monitor", "gpu"], 'takes no argument "gpu"'],
    [["__proto__"], "There is no verb"],
  ])("%j is a wrong usage", async (args, text) => {
    const { status, stderr, stdout } = await aikoryu(args);
    expect(stdout).toBe("");
    expect(stderr).toContain(text);
    expect(status).toBe(2);
  });

  it("prints failures as JSON when asked", async () => {
    const { status, stdout, stderr } = await aikoryu(["kernel", "absent.wgsl", "--json"]);
    expect(status).toBe(1);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "FILE_NOT_FOUND" } });
  });

  it("prints message, hint and code for people, without colours in a pipe", async () => {
    const { status, stdout, stderr } = await aikoryu(["kernel", "absent.wgsl"]);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(
      "error: There is no file absent.wgsl\nhint: Paths count from the current folder.\ncode: FILE_NOT_FOUND\n",
    );
  });

  it("ends quietly when its reader goes away", async () => {
    const program = fileURLToPath(new URL("../../bin/aikoryu.js", import.meta.url));
    const child = spawn(process.execPath, [program, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const [status] = await once(child, "close");
    expect(status).toBe(0);
    expect(stderr).toBe("");
  });
});
