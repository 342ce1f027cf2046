import { execFile } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import {
  agent,
  type Checkpoint,
  type Checkpoints,
  defineState,
  fork,
  memoryCheckpoints,
  resume,
  run,
  sqliteCheckpoints,
  workflow,
} from "#src/agents/index.js";
import { runModule } from "../../support/child.ts";
import { failure } from "../../support/errors.ts";
import { folderOf } from "../../support/files.ts";
import { scripted } from "./scripted.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const row = (thread: string, step: number, content = "{}"): Checkpoint => ({
  thread,
  step,
  status: "running",
  savedAt: 1_700_000_000_000 + step,
  content,
});

function sqliteFile(name = "checkpoints.sqlite"): string {
  return join(folderOf({}), name);
}

function sqlite(path = sqliteFile(), options = {}): Checkpoints {
  const checkpoints = sqliteCheckpoints(path, options);
  onTestFinished(() => checkpoints[Symbol.asyncDispose]());
  return checkpoints;
}

const stores: readonly (readonly [string, () => Checkpoints])[] = [
  ["memory", memoryCheckpoints],
  ["sqlite", () => sqlite()],
];

const state = defineState({ log: { schema: z.array(z.string()), initial: [], reduce: "append" } });
const nodes = { a: () => ({ log: "a" }), b: () => ({ log: "b" }), c: () => ({ log: "c" }) };
const edges = { start: "a", a: "b", b: "c" };
const line = workflow({ name: "line", state, nodes, edges });

describe.each(stores)("checkpoints in %s", (name, open) => {
  it("keep the newest of each step", async () => {
    const checkpoints = open();
    expect(checkpoints.name).toBe(name);
    expect(await checkpoints.latest("t")).toBeUndefined();
    for (const [step, content] of [
      [0, "zero"],
      [10, "ten"],
      [2, "two"],
      [2, "zwei ✓"],
    ] as const) {
      await checkpoints.put(row("t", step, content));
    }
    await checkpoints.put({ ...row("other", 1), forkedFrom: "t/0" });
    expect(await checkpoints.latest("t")).toEqual(row("t", 10, "ten"));
    expect((await checkpoints.at("t", 2))?.content).toBe("zwei ✓");
    expect(await checkpoints.at("t", 3)).toBeUndefined();
    expect((await checkpoints.history("t")).map(({ step }) => step)).toEqual([0, 2, 10]);
    expect(await checkpoints.history("t")).not.toContainEqual(
      expect.objectContaining({ content: expect.anything() }),
    );
    expect(await checkpoints.latest("other")).toMatchObject({ forkedFrom: "t/0" });
    expect(await checkpoints.threads()).toEqual(["other", "t"]);
    await checkpoints.delete("t");
    expect(await checkpoints.threads()).toEqual(["other"]);
  });

  it.each(["sync", "async"] as const)("are made after every step: %s", async (durability) => {
    const checkpoints = open();
    const seen: number[] = [];
    const running = run(line, {}, { checkpoints, thread: "t", durability });
    for await (const event of running) if (event.type === "checkpoint") seen.push(event.step);
    expect(await running).toMatchObject({
      status: "done",
      thread: "t",
      step: 4,
      state: { log: ["a", "b", "c"] },
    });
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    const history = await checkpoints.history("t");
    expect(history.map(({ step, status }) => `${step} ${status}`)).toEqual([
      "0 running",
      "1 running",
      "2 running",
      "3 running",
      "4 done",
    ]);
  });

  it("are one at the end where asked", async () => {
    const checkpoints = open();
    await run(line, {}, { checkpoints, thread: "t", durability: "exit" });
    expect((await checkpoints.history("t")).map(({ step, status }) => `${step} ${status}`)).toEqual([
      "4 done",
    ]);
  });

  it("say what has ended without running it again", async () => {
    const checkpoints = open();
    let ran = 0;
    const counting = workflow({ name: "g", state, nodes: { n: () => void ran++ }, edges: { start: "n" } });
    const first = await run(counting, {}, { checkpoints, thread: "t" });
    expect(await resume(counting, { checkpoints, thread: "t" })).toEqual(first);
    expect(ran).toBe(1);
  });

  it("let a failed run go on with the step that failed", async () => {
    const checkpoints = open();
    const ran: string[] = [];
    let down = true;
    const flaky = workflow({
      name: "flaky",
      state,
      nodes: {
        first: () => {
          ran.push("first");
          return { log: "first" };
        },
        second: () => {
          ran.push("second");
          if (down) throw new Error("down");
          return { log: "second" };
        },
      },
      edges: { start: "first", first: "second" },
    });
    await failure(() => run(flaky, {}, { checkpoints, thread: "t" }), "HANDLER_FAILED");
    expect((await checkpoints.latest("t"))?.status).toBe("failed");
    await failure(() => run(flaky, {}, { checkpoints, thread: "t" }), "INVALID_ARGUMENT");
    down = false;
    expect(await resume(flaky, { checkpoints, thread: "t" })).toMatchObject({
      state: { log: ["first", "second"] },
    });
    expect(ran).toEqual(["first", "second", "second"]);
  });

  it("fork", async () => {
    const checkpoints = open();
    await run(line, { log: "in" }, { checkpoints, thread: "t" });
    const thread = await fork(checkpoints, "t", { step: 2, as: "branch" });
    expect(await checkpoints.latest(thread)).toMatchObject({ step: 2, forkedFrom: "t/2" });
    expect(await resume(line, { checkpoints, thread })).toMatchObject({
      state: { log: ["in", "a", "b", "c"] },
    });
    expect(await checkpoints.latest(thread)).toMatchObject({ step: 4, forkedFrom: "t/2" });
    await failure(() => fork(checkpoints, "t", { as: "branch" }), "INVALID_ARGUMENT");
    await failure(() => fork(checkpoints, "nobody"), "INVALID_ARGUMENT");
    await failure(() => fork(checkpoints, "t", { step: 99 }), "INVALID_ARGUMENT");
  });

  it("refuse a workflow that was changed", async () => {
    const checkpoints = open();
    await run(line, {}, { checkpoints, thread: "t" });
    await fork(checkpoints, "t", { step: 2, as: "half" });
    const { c: _, ...fewer } = nodes;
    const changed = workflow({ name: "line", state, nodes: fewer, edges: { start: "a", a: "b" } });
    const error = await failure(() => resume(changed, { checkpoints, thread: "half" }), "INVALID_ARGUMENT");
    expect(error.message).toContain("nodes a b c; edges start -> a, a -> b, b -> c; state log");
    expect(error.message).toContain("nodes a b; edges start -> a, a -> b; state log");
    await failure(
      () => resume(agent({ name: "line", model: "m" }), { checkpoints, thread: "half" }),
      "INVALID_ARGUMENT",
    );
  });
});

describe("a thread", () => {
  it("is run once at a time, and has to exist to be resumed", async () => {
    const checkpoints = memoryCheckpoints();
    const hanging = agent({ name: "a", model: "m", provider: scripted([{ text: "x", hangs: true }]) });
    const running = run(hanging, "hi", { checkpoints, thread: "t" });
    for await (const event of running) {
      if (event.type !== "piece") continue;
      await failure(() => run(hanging, "hi", { checkpoints, thread: "t" }), "INVALID_ARGUMENT");
      break;
    }
    await failure(() => running, "ABORTED");
    expect((await checkpoints.latest("t"))?.status).toBe("failed");
    await failure(() => resume(hanging, { checkpoints, thread: "other" }), "INVALID_ARGUMENT");
    await failure(() => run(hanging, "hi", { checkpoints, thread: "" }), "INVALID_ARGUMENT");
    await failure(() => run(hanging, "hi", { checkpoints, thread: "a\u0000b" }), "INVALID_ARGUMENT");
  });

  it("holds pictures, and nothing that would not come back", async () => {
    const checkpoints = memoryCheckpoints();
    const provider = scripted(["a cat", "still"]);
    const seeing = agent({ name: "a", model: "m", provider });
    const images = [Uint8Array.of(1, 2, 255)];
    await run(seeing, [{ role: "user", content: "what?", images }], { checkpoints, thread: "t" });
    await run(seeing, "and now?", { checkpoints, thread: "t" });
    expect(provider.requests[1]?.messages[0]?.images).toEqual(images);
    const dated = defineState({ at: { schema: z.unknown() } });
    for (const at of [new Date(), 1n, Number.NaN, new Map(), { $bytes: "x" }]) {
      const bad = workflow({ name: "g", state: dated, nodes: { n: () => ({ at }) }, edges: { start: "n" } });
      const error = await failure(() => run(bad, {}, { checkpoints: memoryCheckpoints() }), "INVALID_VALUE");
      expect(error.message).toContain('workflow "g".cell.state.values.at');
    }
  });
});

describe("a file that cannot be used", () => {
  it("is INVALID_FILE where it is no database, of another program, or damaged", async () => {
    const folder = folderOf({ "text.sqlite": "hello, this is no database at all", "short.sqlite": "x" });
    for (const name of ["text.sqlite", "short.sqlite"]) {
      await failure(() => sqlite(join(folder, name)).threads(), "INVALID_FILE");
      expect(existsSync(join(folder, `${name}.owner`))).toBe(false);
    }
    const foreign = join(folder, "foreign.sqlite");
    const { Database } = (await import("node-sqlite3-wasm")).default;
    const database = new Database(foreign);
    database.exec("CREATE TABLE users (name)");
    database.close();
    const error = await failure(() => sqlite(foreign).put(row("t", 0)), "INVALID_FILE");
    expect(error.message).toBe(`${foreign} is a database of another program`);

    const path = join(folder, "damaged.sqlite");
    const whole = sqliteCheckpoints(path);
    for (let step = 0; step < 50; step++) await whole.put(row("t", step, "x".repeat(2_000)));
    await whole[Symbol.asyncDispose]();
    const bytes = readFileSync(path);
    writeFileSync(join(folder, "cut.sqlite"), bytes.subarray(0, 10_000));
    await failure(() => sqlite(join(folder, "cut.sqlite")).latest("t"), "INVALID_FILE");
    bytes.fill(0xff, 4_096, 9_000);
    writeFileSync(path, bytes);
    await failure(() => sqlite(path).latest("t"), "INVALID_FILE");
  });

  it("is WRITE_FAILED where there is no room, no folder, or no permission", async () => {
    const path = sqliteFile();
    const small = sqlite(path, { maxBytes: 40_000 });
    const full = async () => {
      for (let step = 0; step < 100; step++) await small.put(row("t", step, "x".repeat(4_000)));
    };
    expect((await failure(full, "WRITE_FAILED")).message).toContain("full");
    expect((await small.history("t")).length).toBeGreaterThan(2);
    const big = defineState({ text: { schema: z.string(), initial: "" } });
    const grows = workflow({
      name: "g",
      state: big,
      nodes: { n: () => ({ text: "y".repeat(50_000) }) },
      edges: { start: "n" },
    });
    await failure(() => run(grows, {}, { checkpoints: small, thread: "new" }), "WRITE_FAILED");
    await failure(() => sqlite(join(folderOf({}), "no", "such", "folder.sqlite")).threads(), "WRITE_FAILED");
    await failure(() => sqlite("/proc/checkpoints.sqlite").threads(), "WRITE_FAILED");
    await failure(() => sqlite(folderOf({})).threads(), "WRITE_FAILED");
  });

  it("is WRITE_FAILED where the system lets it grow no more, and keeps what was acknowledged", async () => {
    const path = sqliteFile();
    const text = `
      import { sqliteCheckpoints } from "#src/agents/team/index.js";
      const checkpoints = sqliteCheckpoints(${JSON.stringify(path)});
      let step = 0;
      try {
        for (;; step++) await checkpoints.put({ ...${JSON.stringify(row("t", 0))}, step, content: "x".repeat(20_000) });
      } catch ({ code, message }) {
        console.log(JSON.stringify({ code, message, step }));
      }
      process.kill(process.pid, "SIGKILL");`;
    const child = ["-c", 'ulimit -f 400; exec "$0" --input-type=module --eval "$1"', process.execPath, text];
    const { stdout } = await promisify(execFile)("bash", child, { cwd: root }).catch((killed) => killed);
    const said = JSON.parse(stdout) as { code: string; message: string; step: number };
    expect(said.code).toBe("WRITE_FAILED");
    expect(said.step).toBeGreaterThan(3);
    const kept = (await sqlite(path).history("t")).map(({ step }) => step);
    expect(kept.slice(0, said.step)).toEqual(Array.from({ length: said.step }, (_, at) => at));
  });

  it("is refused while another has it, and taken over from a process that is gone", async () => {
    const path = sqliteFile();
    const first = sqliteCheckpoints(path);
    await first.put(row("t", 1));
    await failure(() => sqlite(path).threads(), "INVALID_ARGUMENT");
    await first[Symbol.asyncDispose]();
    await failure(() => first.threads(), "DISPOSED");
    mkdirSync(`${path}.lock`);
    writeFileSync(`${path}.owner`, "4194303 gone 1");
    expect(await sqlite(path).threads()).toEqual(["t"]);
  });

  it("does not keep a process alive", async () => {
    const path = sqliteFile();
    const ended = await runModule(
      `import { sqliteCheckpoints } from "#src/agents/index.js";
       const checkpoints = sqliteCheckpoints(${JSON.stringify(path)});
       await checkpoints.put(${JSON.stringify(row("t", 3))});
       console.log((await checkpoints.latest("t")).step);`,
      {},
      60_000,
    );
    expect(ended).toMatchObject({ code: 0, stdout: "3\n", stderr: "" });
    expect(await sqlite(path).threads()).toEqual(["t"]);
    appendFileSync(path, "");
  });
});
