import { Ollama } from "ollama";
import { describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { gate, usage, words } from "../../support/scripted-provider.js";
import { start } from "./start.js";

async function connect() {
  const started = await start();
  return { ...started, client: new Ollama({ host: started.url }) };
}

const ended = {
  done: true,
  done_reason: "stop",
  load_duration: 1_500_000,
  prompt_eval_count: 7,
  prompt_eval_duration: 2_000_000,
  eval_count: 3,
  eval_duration: 4_000_000,
};

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("the client ollama: generate", () => {
  it("gets the whole answer", async () => {
    const { client, provider } = await connect();
    const answer = await client.generate({
      model: "tiny",
      prompt: "Grüße, 世界 🎈",
      system: "be kind",
      suffix: "end",
      raw: true,
      think: "high",
      keep_alive: "1h30m",
      options: {
        temperature: 0,
        top_k: 5,
        top_p: 0.5,
        min_p: 0.1,
        seed: 3,
        num_predict: 9,
        num_ctx: 64,
        stop: ["x"],
      },
    });
    expect(answer).toMatchObject({ model: "tiny", response: "You said: Grüße, 世界 🎈", ...ended });
    expect(answer.total_duration).toBeGreaterThan(0);
    expect(new Date(answer.created_at).getTime()).toBeGreaterThan(0);
    expect(provider.generated).toEqual([
      {
        model: "tiny",
        prompt: "Grüße, 世界 🎈",
        system: "be kind",
        suffix: "end",
        raw: true,
        think: true,
        keepAliveMs: 5_400_000,
        sampling: {
          temperature: 0,
          topK: 5,
          topP: 0.5,
          minP: 0.1,
          seed: 3,
          maxTokens: 9,
          contextLength: 64,
          stop: ["x"],
        },
      },
    ]);
  });

  it("streams", async () => {
    const { client } = await connect();
    const lines = await all(await client.generate({ model: "tiny", prompt: "a b", stream: true }));
    expect(lines.map(({ response }) => response)).toEqual(["You", " said:", " a", " b", ""]);
    expect(lines.map(({ done }) => done)).toEqual([false, false, false, false, true]);
    expect(lines.at(-1)).toMatchObject(ended);
  });

  it("sends pictures, from bytes and from base64", async () => {
    const { client, provider } = await connect();
    const bytes = Uint8Array.of(137, 80, 78, 71, 0, 255);
    await client.generate({ model: "tiny", prompt: "what is it?", images: [bytes] });
    await client.chat({
      model: "tiny",
      messages: [{ role: "user", content: "what?", images: ["iVBORwD/"] }],
    });
    expect([...(provider.generated[0]?.images?.[0] ?? [])]).toEqual([...bytes]);
    expect([...(provider.chatted[0]?.messages[0]?.images?.[0] ?? [])]).toEqual([...bytes]);
  });

  it("asks for JSON of a schema", async () => {
    const { client, provider } = await connect();
    const format = { type: "object", properties: { a: { type: "number" } }, required: ["a"] };
    provider.onGenerate = () => words('{"a": 1}');
    const { response } = await client.generate({ model: "tiny", prompt: "?", format });
    expect(JSON.parse(response ?? "")).toEqual({ a: 1 });
    await client.generate({ model: "tiny", prompt: "?", format: "json" });
    expect(provider.generated.map((request) => request.format)).toEqual([format, "json"]);
  });

  it("loads with an empty prompt, and unloads with keep_alive 0", async () => {
    const { client, provider } = await connect();
    const loaded = await client.generate({ model: "tiny", prompt: "", keep_alive: -1 });
    const unloaded = await client.generate({ model: "tiny", prompt: "", keep_alive: 0 });
    const chatted = await client.chat({ model: "tiny", keep_alive: "5m" });
    expect([loaded, unloaded, chatted].map((line) => [line.done, line.done_reason])).toEqual([
      [true, "load"],
      [true, "unload"],
      [true, "load"],
    ]);
    expect(provider.loaded.map(({ keepAliveMs }) => keepAliveMs)).toEqual([
      Number.POSITIVE_INFINITY,
      0,
      300_000,
    ]);
  });

  it("is told that the limit of tokens was reached", async () => {
    const { client, provider } = await connect();
    provider.onGenerate = () => words("cut", { done: { reason: "length", usage } });
    expect((await client.generate({ model: "tiny", prompt: "?" })).done_reason).toBe("length");
  });

  it("aborts a stream, and the work behind it ends", async () => {
    const { client, provider, records } = await connect();
    const started = gate();
    provider.onGenerate = async function* (_, { signal }) {
      yield { text: "one" };
      started.open();
      await new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    };
    const stream = await client.generate({ model: "tiny", prompt: "?", stream: true });
    const reading = all(stream);
    await started.opened;
    client.abort();
    await expect(reading).rejects.toThrow(/abort/i);
    await expect.poll(() => provider.active).toBe(0);
    await expect.poll(() => records.map(({ status }) => status)).toEqual([499]);
  });

  it("ends one stream with its own abort() and keeps the others", async () => {
    const { client, provider } = await connect();
    const goOn = gate();
    provider.onGenerate = async function* ({ prompt }) {
      yield { text: prompt };
      await goOn.opened;
      yield* words("rest");
    };
    const first = await client.generate({ model: "tiny", prompt: "1", stream: true });
    const second = await client.generate({ model: "tiny", prompt: "2", stream: true });
    const reading = all(second);
    first.abort();
    await expect(all(first)).rejects.toThrow(/abort/i);
    goOn.open();
    expect((await reading).map(({ response }) => response)).toEqual(["2", "rest", ""]);
  });

  it("throws what goes wrong in the middle of a stream", async () => {
    const { client, provider } = await connect();
    provider.onGenerate = async function* () {
      yield { text: "half" };
      throw new AikoError("SERVER_FAILED", { message: "the engine burnt down" });
    };
    const stream = await client.generate({ model: "tiny", prompt: "?", stream: true });
    await expect(all(stream)).rejects.toThrow("the engine burnt down");
    await expect(client.generate({ model: "tiny", prompt: "?" })).rejects.toMatchObject({
      status_code: 500,
      message: "the engine burnt down",
    });
  });
});

describe("the client ollama: chat", () => {
  it("gets the whole answer, and streams", async () => {
    const { client, provider } = await connect();
    const messages = [
      { role: "system", content: "short" },
      { role: "user", content: "hi" },
    ];
    const answer = await client.chat({ model: "tiny", messages });
    expect(answer).toMatchObject({ message: { role: "assistant", content: "You said: hi" }, ...ended });
    const lines = await all(await client.chat({ model: "tiny", messages, stream: true }));
    expect(lines.map(({ message }) => message.content).join("")).toBe("You said: hi");
    expect(lines.at(-1)).toMatchObject(ended);
    expect(provider.chatted[0]?.messages).toEqual(messages);
  });

  it("calls tools and takes their answers", async () => {
    const { client, provider } = await connect();
    const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const weather = { name: "weather", description: "of a city", parameters };
    provider.onChat = ({ messages }) =>
      messages.at(-1)?.role === "tool"
        ? words(`It is ${messages.at(-1)?.content}.`)
        : words("", {
            toolCalls: [{ name: "weather", arguments: { city: "Rome" } }],
            done: { reason: "tool", usage },
          });
    const tools = [{ type: "function", function: weather }];
    const question = { role: "user", content: "Rome?" };
    const first = await client.chat({ model: "tiny", messages: [question], tools });
    expect(first.message.tool_calls).toEqual([
      { function: { index: 0, name: "weather", arguments: { city: "Rome" } } },
    ]);
    expect(first.done_reason).toBe("stop");
    const answered = { role: "tool", content: "sunny", tool_name: "weather" };
    const messages = [question, first.message, answered];
    const lines = await all(await client.chat({ model: "tiny", messages, tools, stream: true }));
    expect(lines.map(({ message }) => message.content).join("")).toBe("It is sunny.");
    expect(provider.chatted[0]?.tools).toEqual([weather]);
    expect(provider.chatted[1]?.messages.slice(1)).toEqual([
      { role: "assistant", content: "", toolCalls: [{ name: "weather", arguments: { city: "Rome" } }] },
      { role: "tool", content: "sunny", toolName: "weather" },
    ]);
  });

  it("shows what the model thinks", async () => {
    const { client, provider } = await connect();
    provider.onChat = async function* () {
      yield { text: "", thinking: "hm, " };
      yield { text: "", thinking: "yes" };
      yield* words("42");
    };
    const { message } = await client.chat({
      model: "tiny",
      messages: [{ role: "user", content: "?" }],
      think: true,
    });
    expect(message).toMatchObject({ content: "42", thinking: "hm, yes" });
  });
});

describe("the client ollama: embeddings and models", () => {
  it("embeds one text and several", async () => {
    const { client, provider } = await connect();
    const one = await client.embed({
      model: "tiny",
      input: "ab",
      dimensions: 4,
      truncate: true,
      keep_alive: 60,
    });
    const row = [Math.fround(0.6), Math.fround(-0.8), 0, 2];
    expect(one).toMatchObject({
      model: "tiny",
      embeddings: [row],
      prompt_eval_count: 7,
      load_duration: 1_500_000,
    });
    const two = await client.embed({ model: "tiny", input: ["a", "abc"] });
    expect(two.embeddings.map((each) => each[3])).toEqual([1, 3]);
    expect((await client.embed({ model: "tiny", input: [] })).embeddings).toEqual([]);
    expect((await client.embeddings({ model: "tiny", prompt: "ab" })).embedding).toEqual(row);
    expect(provider.embedded[0]).toEqual({
      model: "tiny",
      input: ["ab"],
      dimensions: 4,
      truncate: true,
      keepAliveMs: 60_000,
    });
  });

  it("is told that a text is too long where it must not be cut", async () => {
    const { client } = await connect();
    const input = "x".repeat(101);
    await expect(client.embed({ model: "tiny", input, truncate: false })).rejects.toMatchObject({
      status_code: 400,
      message: expect.stringContaining("200 tokens"),
    });
  });

  it("lists, shows and sees what is in memory", async () => {
    const { client, provider } = await connect();
    const details = { format: "gguf", family: "llama", parameter_size: "128K", quantization_level: "F32" };
    expect((await client.list()).models).toMatchObject([
      {
        name: "tiny:latest",
        model: "tiny:latest",
        size: 519_000,
        digest: "sha256:abc",
        modified_at: "2026-11-01T12:00:00.000Z",
        details,
      },
    ]);
    const shown = await client.show({ model: "tiny" });
    expect(shown).toMatchObject({
      details,
      template: "{{ .Prompt }}",
      capabilities: ["completion", "tools"],
      model_info: { "llama.context_length": 128, "tokenizer.ggml.tokens": null },
    });
    expect((await client.ps()).models).toEqual([]);
    const expiresAt = new Date("2026-12-01T00:00:00Z");
    provider.inMemory = [{ name: "tiny:latest", bytes: 600, gpuBytes: 200, contextLength: 128, expiresAt }];
    expect((await client.ps()).models).toMatchObject([
      {
        name: "tiny:latest",
        size: 600,
        size_vram: 200,
        context_length: 128,
        expires_at: expiresAt.toISOString(),
      },
    ]);
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("pulls with progress", async () => {
    const { client, provider } = await connect();
    provider.onPull = async function* () {
      yield { status: "pulling", completedBytes: 1, totalBytes: 2 };
      yield { status: "success", completedBytes: undefined, totalBytes: undefined };
    };
    const lines = await all(await client.pull({ model: "new", stream: true }));
    expect(lines).toEqual([{ status: "pulling", total: 2, completed: 1 }, { status: "success" }]);
    expect(await client.pull({ model: "new" })).toEqual({ status: "success" });
  });

  it("is told what cannot be done", async () => {
    const { client } = await connect();
    const refused = { status_code: 501, message: expect.stringContaining("tiny") };
    await expect(client.pull({ model: "tiny" })).rejects.toMatchObject(refused);
    await expect(client.pull({ model: "tiny", stream: true })).rejects.toMatchObject(refused);
    await expect(client.push({ model: "tiny" })).rejects.toMatchObject(refused);
    await expect(client.create({ model: "tiny", from: "base" })).rejects.toMatchObject(refused);
    await expect(client.copy({ source: "tiny", destination: "b" })).rejects.toMatchObject(refused);
    await expect(client.delete({ model: "tiny" })).rejects.toMatchObject(refused);
  });

  it("is told that there is no such model, by every method", async () => {
    const { client } = await connect();
    const missing = { status_code: 404, message: "model 'tini' not found" };
    const messages = [{ role: "user", content: "?" }];
    const calls = [
      client.generate({ model: "tini", prompt: "?" }),
      client.generate({ model: "tini", prompt: "?", stream: true }),
      client.generate({ model: "tini", prompt: "" }),
      client.chat({ model: "tini", messages }),
      client.chat({ model: "tini", messages, stream: true }),
      client.embed({ model: "tini", input: "a" }),
      client.embeddings({ model: "tini", prompt: "a" }),
      client.show({ model: "tini" }),
      client.delete({ model: "tini" }),
      client.copy({ source: "tini", destination: "b" }),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: missing });
    }
  });
});
