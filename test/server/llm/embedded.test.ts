import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLlama } from "#src/llm/llama/index.js";
import type { Provider } from "#src/llm/provider.js";
import { type LlmServer, serveLlm } from "#src/server/index.js";
import { chainModel, follows, randomModel } from "../../support/llama/model.js";

let folder: string;
let provider: Provider;
let server: LlmServer;
let ollama: Ollama;
let openai: OpenAI;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "aikoryu-server-"));
  await writeFile(join(folder, "chain.gguf"), chainModel(follows("abc")));
  await writeFile(join(folder, "random.gguf"), randomModel({ context: 1024 }));
  provider = openLlama({ models: folder, paths: false, contextLength: 1024 });
  server = await serveLlm(provider, { port: 0 });
  ollama = new Ollama({ host: server.url });
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "any", maxRetries: 0 });
});

afterAll(async () => {
  await server.close({ graceMs: 0 });
  await provider[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const greedy = { temperature: 0, num_predict: 8 };

describe("a model in this process, served", () => {
  it("is listed, shown and seen in memory", async () => {
    const { models } = await ollama.list();
    expect(models.map(({ name }) => name.replace(/\.gguf$/, "")).sort()).toEqual(["chain", "random"]);
    expect(await ollama.show({ model: "chain" })).toMatchObject({
      model_info: { "general.architecture": "llama", "llama.context_length": 256 },
    });
    await ollama.generate({ model: "chain", prompt: "" });
    expect((await ollama.ps()).models).toHaveLength(1);
    await ollama.generate({ model: "chain", prompt: "", keep_alive: 0 });
    await expect.poll(async () => (await ollama.ps()).models).toEqual([]);
    await expect(ollama.show({ model: join(folder, "chain.gguf") })).rejects.toMatchObject({
      status_code: 404,
    });
  });

  it("says what its table says, and stops where it is told", async () => {
    const answer = await ollama.generate({ model: "chain", prompt: "a", raw: true, options: greedy });
    expect(answer).toMatchObject({ response: "bcabcabc", done_reason: "length", eval_count: 8 });
    const stopped = await openai.completions.create({
      model: "chain",
      prompt: "b",
      stop: "bc",
      max_tokens: 8,
    });
    expect(stopped.choices[0]).toMatchObject({ text: "ca", finish_reason: "stop" });
  });

  it("says the same to eight at a time as to one", async () => {
    const ask = async (at: number) => {
      const stream = await ollama.generate({
        model: "random",
        prompt: `number ${at}`,
        raw: true,
        options: greedy,
        stream: true,
      });
      let text = "";
      for await (const { response } of stream) text += response;
      return text;
    };
    const numbers = Array.from({ length: 8 }, (_, at) => at);
    const alone: string[] = [];
    for (const at of numbers) alone.push(await ask(at));
    expect(await Promise.all(numbers.map(ask))).toEqual(alone);
    expect(new Set(alone).size).toBeGreaterThan(1);
  });

  it("is held to a schema", async () => {
    const schema = {
      type: "object",
      properties: { kind: { type: "string", enum: ["cat", "dog"] }, tame: { type: "boolean" } },
      required: ["kind", "tame"],
    };
    const messages = [{ role: "user" as const, content: "?" }];
    const { choices } = await openai.chat.completions.create({
      model: "random",
      messages,
      response_format: { type: "json_schema", json_schema: { name: "animal", schema } },
    });
    const said = JSON.parse(choices[0]?.message.content ?? "");
    expect(["cat", "dog"]).toContain(said.kind);
    expect(typeof said.tame).toBe("boolean");
    const tools = [{ type: "function" as const, function: { name: "keep", parameters: schema } }];
    const called = await openai.chat.completions.create({
      model: "random",
      messages,
      tools,
      tool_choice: { type: "function", function: { name: "keep" } },
    });
    const [call] = called.choices[0]?.message.tool_calls ?? [];
    expect(call?.type === "function" && JSON.parse(call.function.arguments)).toHaveProperty("tame");
  });

  it("embeds, alike for both clients", async () => {
    const { embeddings } = await ollama.embed({ model: "random", input: ["one", "two"] });
    const { data } = await openai.embeddings.create({ model: "random", input: ["one", "two"] });
    expect(data.map(({ embedding }) => embedding)).toEqual(embeddings);
    for (const row of embeddings) expect(Math.hypot(...row)).toBeCloseTo(1, 4);
  });

  it("tells who asks too much of it", async () => {
    const prompt = "x".repeat(400);
    await expect(ollama.generate({ model: "chain", prompt, raw: true })).rejects.toMatchObject({
      status_code: 400,
      message: expect.stringContaining("256"),
    });
    await expect(
      ollama.embed({ model: "random", input: "x".repeat(2000), truncate: false }),
    ).rejects.toMatchObject({
      status_code: 400,
    });
  });

  it("stops with its client, and goes on for the next", async () => {
    const stream = await ollama.generate({ model: "chain", prompt: "a", raw: true, stream: true });
    for await (const _ of stream) {
      stream.abort();
      break;
    }
    await expect.poll(() => server.statistics().running).toBe(0);
    const next = await ollama.generate({ model: "chain", prompt: "c", raw: true, options: greedy });
    expect(next.response).toBe("abcabcab");
  });
});
