import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { natsTransport } from "#src/cluster/index.js";
import { folderOf } from "../support/files.ts";
import { natsMissing, natsServer } from "../support/nats.ts";
import { itWith } from "../support/tools.ts";
import { aikoryu } from "./run.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "bin", "aikoryu.js");
const env = { AIKORYU_DEVICE: "cpu" };
const agents = (...args: string[]) => aikoryu(["agents", ...args], "", env);

const talk = `export default async ({ bus, args, signal }) => {
  await bus.agent({ name: "echo", accepts: [], handler: () => {} });
  await bus.agent({ name: "sum", accepts: {}, handler: () => {} });
  await bus.publish("to.nobody", { text: "evil \\u001b[2J \\u009b2J \\u202e text" });
  return { args, aborted: signal.aborted, agents: (await bus.agents()).length };
};`;

const hostile = ["\u001b", "\u009b", "\u202e"];

describe("agents run", () => {
  itWith("nats-server", natsMissing)("has a server keep what nobody hears yet", async () => {
    await using server = await natsServer();
    const file = join(
      folderOf({ "tell.mjs": `export default ({ bus }) => bus.publish("jobs.one", { n: 7 });` }),
      "tell.mjs",
    );
    const told = await agents("run", file, "--nats", server.url, "--stored", "jobs.>");
    expect(told).toMatchObject({ status: 0, stderr: "" });
    await using transport = await natsTransport({ servers: server.url });
    const heard: unknown[] = [];
    await transport.subscribe("jobs.>", ({ envelope }) => heard.push(envelope.body), { since: "beginning" });
    await expect.poll(() => heard).toEqual([{ n: 7 }]);
    const wrong = await agents("run", file, "--stored", "jobs.>");
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("--nats") });
  });

  it("shows what agents do and what the function returns, harmless to a terminal", async () => {
    const folder = folderOf({ "talk.mjs": talk });
    const { status, stdout, stderr } = await agents("run", join(folder, "talk.mjs"), "one", "two");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.slice(0, -1).map((line) => line.trim().split(/\s+/).slice(2, 4).join(" "))).toEqual([
      "echo joined",
      "sum joined",
      "- published",
      "echo left",
      "sum left",
    ]);
    expect(lines.at(-1)).toBe('{"args":["one","two"],"aborted":false,"agents":2}');
    expect(stdout).toContain("evil");
    expect(hostile.filter((mark) => stdout.includes(mark))).toEqual([]);
  });

  it("prints a JSON value a line", async () => {
    const folder = folderOf({ "talk.mjs": talk });
    const { status, stdout } = await agents("run", join(folder, "talk.mjs"), "--json");
    expect(status).toBe(0);
    expect(hostile.filter((mark) => stdout.includes(mark))).toEqual([]);
    const values = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(values.map(({ event }) => event)).toEqual([
      "joined",
      "joined",
      "published",
      "left",
      "left",
      "result",
    ]);
    expect(values[2].body.text).toBe("evil \u001b[2J \u009b2J \u202e text");
    expect(values.at(-1).value).toEqual({ args: [], aborted: false, agents: 2 });
  });

  it("shows the pieces of what is iterated over", async () => {
    const text = `export default async function* () {
  yield { type: "turn", agent: "writer", turn: 1 };
  yield { type: "done", agent: "writer", output: "fine" };
}`;
    const folder = folderOf({ "pieces.mjs": text });
    const { stdout } = await agents("run", join(folder, "pieces.mjs"));
    expect(stdout).toMatch(/writer +turn +{"type":"turn","agent":"writer","turn":1}\n/);
    expect(stdout).toMatch(/writer +done .*\n{"type":"done","agent":"writer","output":"fine"}\n$/);
    const quiet = await agents("run", join(folder, "pieces.mjs"), "--quiet");
    expect(quiet.stdout).toBe('{"type":"done","agent":"writer","output":"fine"}\n');
  });

  it("runs a team, which is given the arguments", async () => {
    const text = `import { agent } from ${JSON.stringify(join(root, "dist", "agents", "index.js"))};
const provider = {
  async *chat({ messages }) {
    yield { text: "echo: " + messages.at(-1).content };
    yield { text: "", done: { reason: "stop", usage: { totalMs: 1 } } };
  },
};
export default agent({ name: "parrot", model: "none", provider });`;
    const folder = folderOf({ "team.mjs": text });
    const { status, stdout, stderr } = await agents("run", join(folder, "team.mjs"), "say", "this");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/parrot +turn/);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ text: "echo: say this" });
  });

  it("compiles TypeScript with what the project has, imports included, and leaves nothing behind", async () => {
    mkdirSync(join(root, ".cache"), { recursive: true });
    const folder = mkdtempSync(join(root, ".cache", "agents-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "part.ts"), "export const twice = (n: number): number => n * 2;\n");
    writeFileSync(
      join(folder, "main.ts"),
      `import { defineMessage } from "aikoryu/agents";
import { z } from "zod";
import { twice } from "./part.ts";
import type { Bus } from "aikoryu/agents";
const Double = defineMessage("double", z.number(), z.number());
export default async ({ bus }: { bus: Bus }): Promise<number> => {
  await bus.agent({ name: "math", accepts: [Double], handler: ({ body }) => twice(body) });
  return bus.request("math", Double, 21);
};
`,
    );
    const { status, stdout, stderr } = await agents("run", join(folder, "main.ts"), "--quiet");
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "42\n", stderr: "" });
    expect(readdirSync(folder).sort()).toEqual(["main.ts", "part.ts"]);
    writeFileSync(join(folder, "broken.ts"), "export default (: => {\n");
    const broken = await agents("run", join(folder, "broken.ts"));
    expect(broken.status).toBe(1);
    expect(broken.stderr).toContain("code: INVALID_FILE");
    expect(readdirSync(folder).sort()).toEqual(["broken.ts", "main.ts", "part.ts"]);
  });

  it.each([
    [["run", "tlak.mjs"], 1, "Did you mean", "FILE_NOT_FOUND"],
    [["run", "talk.txt"], 1, "its name has to end with", "INVALID_ARGUMENT"],
    [["run", "nothing.mjs"], 1, "exports no function and no team as default", "INVALID_FILE"],
    [["run", "throws.mjs"], 1, "boom", "INTERNAL"],
    [["run", "broken.mjs"], 1, "cannot be loaded", "INVALID_FILE"],
    [["run", "imports.mjs"], 1, "npm install NAME", "INVALID_FILE"],
    [["run", "folder.mjs"], 1, "is not a file", "INVALID_FILE"],
    [["run"], 2, "agents run needs a file", "INVALID_ARGUMENT"],
    [["rnu", "talk.mjs"], 2, "Did you mean run?", "INVALID_ARGUMENT"],
    [[], 2, "agents needs an action: run, bench", "INVALID_ARGUMENT"],
  ])("%j fails with what is wrong", async ([action, file], expected, text, code) => {
    const folder = folderOf({
      "talk.mjs": talk,
      "nothing.mjs": "export const x = 1;",
      "throws.mjs": 'export default () => { throw new RangeError("boom"); };',
      "broken.mjs": "export default (: => {",
      "imports.mjs": 'import "not-installed-anywhere";',
      "folder.mjs/x": "",
    });
    const args = [action, file && join(folder, file)].filter((arg) => arg !== undefined);
    const { status, stderr } = await agents(...args);
    expect(stderr.toLowerCase()).toContain(text.toLowerCase());
    expect(stderr).toContain(`code: ${code}`);
    expect(status).toBe(expected);
  });

  it("says what to do where nothing runs TypeScript", async () => {
    const folder = folderOf({ "main.ts": "export default (): number => 1;" });
    const { status, stdout, stderr } = await agents("run", join(folder, "main.ts"), "--quiet");
    if (status === 0) expect(stdout).toBe("1\n");
    else expect(stderr).toContain("npm install --save-dev esbuild");
  });

  it("ends on Ctrl-C, also a function that does not look at its signal", async () => {
    const folder = folderOf({
      "hang.mjs": `export default async ({ bus }) => {
  const { setTimeout: pause } = await import("node:timers/promises");
  await bus.agent({ name: "stuck", accepts: {}, handler: () => {} });
  console.error("ready");
  await pause(600_000);
};`,
    });
    const child = spawn(process.execPath, [program, "agents", "run", join(folder, "hang.mjs")], {
      env: { ...process.env, ...env },
    });
    child.stderr.once("data", () => child.kill("SIGINT"));
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(130);
    expect(stdout).toMatch(/stuck +left/);
  });
});
