import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runModule } from "../../support/child.ts";
import { folderOf } from "../../support/files.ts";
import { seeded } from "../../support/random.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Six rounds of two branches and an agent with a tool. Every piece of work leaves its key in a file before it begins. */
const program = `
import { appendFileSync } from "node:fs";
import { z } from "zod";
import { agent, defineState, workflow, resume, run, sqliteCheckpoints, tool } from "#src/agents/team/index.js";
const [path, log] = process.argv.slice(1);
const work = async (key) => {
  appendFileSync(log, "run " + key + "\\n");
  await new Promise((resolve) => setTimeout(resolve, 8));
};
const provider = {
  async *chat({ messages }) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const asked = messages.at(-1).role === "user";
    if (asked) yield { text: "", toolCalls: [{ name: "look", arguments: { at: messages.length } }] };
    else yield { text: "saw " + messages.at(-1).content };
    yield { text: "", done: { reason: "stop", usage: { totalMs: 1 } } };
  },
};
const look = tool({
  name: "look",
  description: "",
  parameters: z.object({ at: z.number() }),
  execute: async ({ at }, { idempotencyKey }) => {
    await work(idempotencyKey);
    return "at " + at;
  },
});
const looker = agent({ name: "looker", model: "m", provider, tools: [look] });
const state = defineState({
  log: { schema: z.array(z.string()), initial: [], reduce: "append" },
  round: { schema: z.number(), initial: 0, reduce: "add" },
});
const branch = (name) => async ({ round }, { idempotencyKey }) => {
  await work(idempotencyKey);
  return { log: name + round };
};
const flow = workflow({
  name: "flow",
  state,
  nodes: {
    left: branch("left"),
    right: branch("right"),
    ask: async ({ round }, context) => ({ log: (await context.run(looker, "round " + round)).text, round: 1 }),
  },
  edges: { start: ["left", "right"], left: "ask", right: "ask", ask: ({ round }) => (round < 6 ? ["left", "right"] : "end") },
});
const checkpoints = sqliteCheckpoints(path);
const at = { checkpoints, thread: "t", durability: "sync" };
const running = (await checkpoints.latest("t")) === undefined ? run(flow, {}, at) : resume(flow, at);
console.log("ready");
for await (const event of running) {
  if (event.type === "checkpoint") appendFileSync(log, "saved " + event.step + "\\n");
}
const { state: values } = await running;
await checkpoints[Symbol.asyncDispose]();
console.log(JSON.stringify(values));
`;

interface End {
  readonly killed: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs the program, and kills it some time after it began, if at all. */
function live(path: string, log: string, killAfterMs: number | undefined): Promise<End> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program, path, log], {
      cwd: root,
    });
    let stdout = "";
    let stderr = "";
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      if (killAfterMs !== undefined) timer ??= setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ killed: signal === "SIGKILL", stdout, stderr, code });
    });
  });
}

const resultOf = ({ stdout }: End): unknown => JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
/** "t/3:left" and "t/4:ask/0:1:look-0" belong to steps 3 and 4. */
const stepOf = (key: string) => Number(/^t\/(\d+):/.exec(key)?.[1]);

describe("a run that is killed again and again", () => {
  it("comes to the same as one that is not, and repeats no step that was saved", async () => {
    const folder = folderOf({});
    const path = (name: string) => join(folder, name);
    const whole = resultOf(await live(path("whole.sqlite"), path("whole.log"), undefined));
    expect(whole).toMatchObject({ round: 6 });

    const random = seeded(11);
    let kills = 0;
    let end: End;
    do {
      end = await live(path("killed.sqlite"), path("killed.log"), kills < 8 ? 5 + random() * 35 : undefined);
      if (end.killed) kills++;
      else expect(end).toMatchObject({ code: 0, stderr: "" });
    } while (end.killed);
    expect(resultOf(end)).toEqual(whole);
    expect(kills).toBeGreaterThan(2);
    expect(existsSync(path("killed.sqlite.owner"))).toBe(false);

    let saved = -1;
    const runs = new Map<string, number>();
    for (const line of readFileSync(path("killed.log"), "utf8").trim().split("\n")) {
      const [what, key = ""] = line.split(" ");
      if (what === "saved") saved = Number(key);
      else {
        expect(stepOf(key)).toBeGreaterThanOrEqual(saved);
        runs.set(key, (runs.get(key) ?? 0) + 1);
      }
    }
    const once = readFileSync(path("whole.log"), "utf8")
      .trim()
      .split("\n")
      .filter((line) => line.startsWith("run"));
    expect([...runs.keys()].sort()).toEqual(once.map((line) => line.slice(4)).sort());
    expect(Math.max(...runs.values())).toBeLessThanOrEqual(kills + 1);
  }, 180_000);
});

describe("a question to a person", () => {
  it("is still there when the process that asked was killed", async () => {
    const folder = folderOf({});
    const path = join(folder, "asks.sqlite");
    const ask = `
      const state = defineState({ said: { schema: z.string(), initial: "" } });
      const ask = async (_, { interrupt }) => ({ said: "you said " + (await interrupt("name?")) });
      const flow = workflow({ name: "flow", state, nodes: { ask }, edges: { start: "ask" } });`;
    const asked = await runModule(
      `
      import { z } from "zod";
      import { defineState, run, sqliteCheckpoints, workflow } from "#src/agents/team/index.js";
      ${ask}
      const { interrupts } = await run(flow, {}, { checkpoints: sqliteCheckpoints(${JSON.stringify(path)}), thread: "t" });
      console.log(interrupts[0].id);
      process.kill(process.pid, "SIGKILL");`,
      {},
      60_000,
    );
    expect(asked).toMatchObject({ signal: "SIGKILL", stdout: "1:ask?0\n" });
    const answered = await runModule(
      `
      import { z } from "zod";
      import { defineState, resume, sqliteCheckpoints, workflow } from "#src/agents/team/index.js";
      ${ask}
      const at = { checkpoints: sqliteCheckpoints(${JSON.stringify(path)}), thread: "t" };
      console.log((await resume(flow, { ...at, answers: { "1:ask?0": "Eve" } })).state.said);`,
      {},
      60_000,
    );
    expect(answered).toMatchObject({ code: 0, stdout: "you said Eve\n", stderr: "" });
  }, 120_000);
});
