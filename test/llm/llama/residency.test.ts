import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { estimate } from "#src/llm/llama/estimate.js";
import { readGguf } from "#src/llm/llama/index.js";
import { EngineProcess } from "#src/llm/llama/process.js";
import type { Provider } from "#src/llm/provider.js";
import { runModule } from "../../support/child.js";
import { failure } from "../../support/errors.js";
import {
  answerOf,
  chainModel,
  follows,
  llamaFor,
  modelFolder,
  randomModel,
} from "../../support/llama/index.js";

const models = modelFolder({
  "chain.gguf": chainModel(follows("abcdefgh"), { context: 4096, name: "Chain of letters" }),
  "one.gguf": randomModel({ context: 256, seed: 1 }),
  "two.gguf": randomModel({ context: 256, seed: 2 }),
  "three.gguf": randomModel({ context: 256, seed: 3 }),
  "broken.gguf": randomModel().subarray(0, 100_000),
});
const short = { temperature: 0, maxTokens: 2 };
const endless = { model: "chain", prompt: "a", sampling: { temperature: 0 } };
const patience = { timeout: 30_000 };

describe("models", () => {
  test("are listed by name with what their files say, and shown", async () => {
    const llama = llamaFor({ models });
    const listed = await llama.models();
    expect(listed.map(({ name }) => name)).toEqual(["chain", "one", "three", "two"]);
    expect(listed[1]).toMatchObject({
      family: "llama",
      parameters: "127.7K",
      quantization: "F32",
      contextLength: 256,
    });
    const shown = await llama.show("chain:latest");
    expect(shown.metadata).toMatchObject({ "general.name": "Chain of letters", "llama.block_count": 1 });
    expect(await llama.show(join(models, "one.gguf"))).toEqual(listed[1]);
    await failure(() => llama.show("broken"), "INVALID_FILE");
    const closed = llamaFor({ models, paths: false });
    await failure(() => closed.show(join(models, "one.gguf")), "MODEL_NOT_FOUND");
    expect(llama.description).toBe("llama.cpp, embedded, 1 thread");
  });

  test("stay as long as they are told", async () => {
    const llama = llamaFor({ models });
    const names = async () => (await llama.running()).map(({ name }) => name);
    await llama.load("one", { keepAliveMs: Number.POSITIVE_INFINITY });
    await llama.load("two", { keepAliveMs: 60_000 });
    const [one, two] = await llama.running();
    expect(one).toMatchObject({ name: "one", expiresAt: undefined, gpuBytes: 0, contextLength: 256 });
    expect(one?.bytes).toBeGreaterThan(500_000);
    expect(two?.expiresAt?.getTime()).toBeGreaterThan(Date.now());
    expect(llama.description).toMatch(/^llama\.cpp .+, embedded, (CPU|cuda|vulkan|metal).*, 1 thread$/);
    await answerOf(llama.generate({ model: "two", prompt: "x", sampling: short, keepAliveMs: 0 }));
    await expect.poll(names, patience).toEqual(["one"]);
    await answerOf(llama.generate({ model: "three", prompt: "x", sampling: short, keepAliveMs: 1 }));
    await expect.poll(names, patience).toEqual(["one"]);
    await llama.load("one", { keepAliveMs: 0 });
    expect(await names()).toEqual([]);
  });

  test("leave for others when memory is short, the longest unused first, and never while they are used", async () => {
    const settings = { sequences: 1, contextLength: 256 };
    const needs = estimate(await readGguf(join(models, "one.gguf")), settings, Number.POSITIVE_INFINITY);
    const use = (llama: Provider, model: string) =>
      answerOf(llama.generate({ model, prompt: "x", sampling: short }));
    const names = async (llama: Provider) => (await llama.running()).map(({ name }) => name);
    const single = llamaFor({ models, ...settings, memoryBytes: needs.bytes + 1000 });
    await use(single, "one");
    const [{ bytes = 0 } = {}] = await single.running();
    await Promise.all(["two", "three", "one", "two"].map((model) => use(single, model)));
    expect((await names(single)).length).toBe(1);
    const double = llamaFor({ models, ...settings, memoryBytes: needs.bytes + 1.5 * bytes });
    for (const model of ["one", "two", "one", "three"]) await use(double, model);
    expect(await names(double)).toEqual(["one", "three"]);
    const none = llamaFor({ models, memoryBytes: 1 << 20 });
    expect((await failure(() => none.load("one"), "OUT_OF_MEMORY")).message).toMatch(/MiB/);
  });

  test("are loaded anew for a longer context", async () => {
    const llama = llamaFor({ models, contextLength: 8 });
    const ask = (contextLength?: number) =>
      answerOf(llama.generate({ ...endless, prompt: "aaaaaaaaaa", sampling: { ...short, contextLength } }));
    await failure(() => ask(), "CONTEXT_EXCEEDED");
    expect((await ask(64)).text).toBe("bc");
    expect((await llama.running())[0]?.contextLength).toBeGreaterThanOrEqual(64);
    expect((await ask(1 << 20)).text).toBe("bc");
    expect((await llama.running())[0]?.contextLength).toBe(4096);
  });
});

describe("the process", () => {
  test("that dies rejects what it did, and the next call starts another", async () => {
    const processes: ChildProcess[] = [];
    const onProcess = (message: unknown) => processes.push((message as { process: ChildProcess }).process);
    subscribe("child_process", onProcess);
    try {
      const llama = llamaFor({ models });
      const calls = [1, 2, 3].map(() => answerOf(llama.generate(endless)));
      for (const call of calls) call.catch(() => {});
      await expect.poll(async () => (await llama.running()).length, patience).toBe(1);
      processes[0]?.kill("SIGKILL");
      for (const call of calls) await failure(() => call, "SERVER_FAILED");
      expect(await llama.running()).toEqual([]);
      expect((await answerOf(llama.generate({ ...endless, sampling: short }))).text).toBe("bc");
      expect(processes.length).toBe(2);
    } finally {
      unsubscribe("child_process", onProcess);
    }
  });

  test("ends with the provider, whatever it does", async () => {
    const llama = llamaFor({ models });
    const call = answerOf(llama.generate(endless));
    call.catch(() => {});
    await expect.poll(async () => (await llama.running()).length, patience).toBe(1);
    await llama[Symbol.asyncDispose]();
    await failure(() => call, "DISPOSED");
    await failure(() => answerOf(llama.generate(endless)), "DISPOSED");
    await failure(() => llama.embed({ model: "one", input: ["x"] }), "DISPOSED");
    await llama[Symbol.asyncDispose]();
  });

  test("keeps no process alive, and the JavaScript thread free", async () => {
    const text = `
      import { openLlama } from "#src/llm/llama/index.js";
      const llama = openLlama({ models: process.env.MODELS });
      let text = "";
      for await (const piece of llama.generate({ model: "chain", prompt: "a", keepAliveMs: Infinity,
        sampling: { temperature: 0, maxTokens: 4 } })) text += piece.text;
      console.log(text);
    `;
    const ended = await runModule(text, { MODELS: models }, 60_000);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: "bcde\n", stderr: "" });
  });
});

describe("a template without an end", () => {
  test("is left by its caller, and does not stop the next one", async () => {
    const template = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    const path = join(models, "stuck.gguf");
    writeFileSync(path, chainModel(follows("abc"), { template, context: 64 }));
    const engine = new EngineProcess({ gpu: false, threads: 1 }, () => {}, 300);
    onTestFinished(() => engine.dispose());
    const load = {
      type: "load",
      name: "stuck",
      path,
      sequences: 1,
      contextLength: 64,
      gpuBytes: 0,
      gpuLayers: 0,
    } as const;
    await engine.ask(load).result;
    const stop = new AbortController();
    const request = { model: "stuck", messages: [{ role: "user", content: "a" }] } as const;
    const stuck = engine.ask({ type: "chat", path, request }, { signal: stop.signal });
    const other = engine.ask({ type: "unload", path: join(models, "none.gguf") });
    other.result.catch(() => {});
    stop.abort();
    await failure(() => stuck.result, "ABORTED");
    await stuck.ended;
    await engine.ask(load).result;
  });
});
