import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openOllama, type Piece } from "#src/llm/index.js";
import { runModule } from "../support/child.ts";
import { failure } from "../support/errors.ts";
import { selfSigned } from "../support/ollama/certificate.ts";
import { FakeOllama } from "../support/ollama/server.ts";

const fake = await FakeOllama.start();
const ollama = await openOllama({ host: fake.host, headers: { "x-token": "t" } });
afterAll(async () => {
  await ollama[Symbol.asyncDispose]();
  await fake[Symbol.asyncDispose]();
});

async function all<T>(pieces: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}

const textOf = (pieces: readonly Piece[]) => pieces.map(({ text }) => text).join("");
const last = (path: string) => fake.of(path).at(-1)?.body;

describe("Ollama over HTTP", () => {
  it("sends a whole request to generate", async () => {
    const pieces = await all(
      ollama.generate({
        model: "tiny",
        prompt: "one two",
        system: "s",
        suffix: "after",
        images: [Uint8Array.of(1, 2, 255).subarray(1)],
        raw: true,
        format: { type: "object" },
        think: false,
        keepAliveMs: 90_500.2,
        sampling: {
          temperature: 0,
          topK: 1,
          topP: 0.5,
          minP: 0.1,
          repeatPenalty: 1.1,
          seed: 7,
          maxTokens: 9,
          stop: ["\n"],
          contextLength: 4096,
        },
      }),
    );
    expect(textOf(pieces)).toBe("two one");
    expect(last("/api/generate")).toEqual({
      model: "tiny",
      prompt: "one two",
      system: "s",
      suffix: "after",
      images: ["Av8="],
      raw: true,
      stream: true,
      format: { type: "object" },
      think: false,
      keep_alive: "90501ms",
      options: {
        temperature: 0,
        top_k: 1,
        top_p: 0.5,
        min_p: 0.1,
        repeat_penalty: 1.1,
        seed: 7,
        num_predict: 9,
        stop: ["\n"],
        num_ctx: 4096,
      },
    });
    expect(pieces.at(-1)?.done).toEqual({
      reason: "stop",
      usage: { promptTokens: 5, outputTokens: 4, loadMs: 10, promptMs: 10, outputMs: 20, totalMs: 40 },
    });
    expect(fake.received.at(-1)?.headers).toMatchObject({
      "x-token": "t",
      "content-type": "application/json",
    });
  });

  it("sends messages, tools and what they answered to chat", async () => {
    const tools = [{ name: "weather", description: "d", parameters: { type: "object" } }];
    const calls = await all(
      ollama.chat({ model: "tiny", messages: [{ role: "user", content: "Rome?" }], tools }),
    );
    expect(calls.flatMap(({ toolCalls = [] }) => toolCalls)).toEqual([
      { id: "call_1", name: "weather", arguments: { city: "Rome" } },
    ]);
    expect(calls.at(-1)?.done?.reason).toBe("tool");
    expect(last("/api/chat")).toMatchObject({ tools: [{ type: "function", function: tools[0] }] });
    await all(
      ollama.chat({
        model: "tiny",
        messages: [
          { role: "user", content: "Rome?", images: [Uint8Array.of(0)] },
          {
            role: "assistant",
            content: "",
            thinking: "hm",
            toolCalls: [{ id: "call_1", name: "weather", arguments: { city: "Rome" } }],
          },
          { role: "tool", content: "sunny", toolName: "weather", toolCallId: "call_1" },
        ],
      }),
    );
    expect(last("/api/chat")?.["messages"]).toEqual([
      { role: "user", content: "Rome?", images: ["AA=="] },
      {
        role: "assistant",
        content: "",
        thinking: "hm",
        tool_calls: [{ id: "call_1", function: { name: "weather", arguments: { city: "Rome" } } }],
      },
      { role: "tool", content: "sunny", tool_name: "weather", tool_call_id: "call_1" },
    ]);
  });

  it("gives the thinking apart", async () => {
    const pieces = await all(
      ollama.chat({ model: "tiny", messages: [{ role: "user", content: "a b" }], think: true }),
    );
    expect(pieces[0]).toEqual({ text: "", thinking: "hm" });
    expect(textOf(pieces)).toBe("b a");
  });

  it.each([
    [0, 0],
    [Infinity, -1],
    [undefined, undefined],
  ])("keepAliveMs %s is keep_alive %s", async (keepAliveMs, sent) => {
    await all(ollama.generate({ model: "tiny", prompt: "x", keepAliveMs }));
    expect(last("/api/generate")?.["keep_alive"]).toBe(sent);
  });

  it("embeds, with rows of length one", async () => {
    const { embeddings, usage, model } = await ollama.embed({
      model: "embedder",
      input: ["é", "bb"],
      dimensions: 7,
    });
    expect(model).toBe("embedder");
    expect(embeddings.map((row) => row.length)).toEqual([7, 7]);
    for (const row of embeddings) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    expect(usage).toMatchObject({ promptTokens: 4, loadMs: 1, totalMs: 3 });
    expect(last("/api/embed")).toEqual({ model: "embedder", input: ["é", "bb"], dimensions: 7 });
  });

  it("lists, shows, says what runs", async () => {
    expect((await ollama.models()).map(({ name }) => name)).toEqual([
      "tiny:latest",
      "tiny:1b",
      "embedder:latest",
    ]);
    expect((await ollama.models())[0]).toMatchObject({ bytes: 1e6, family: "llama", quantization: "Q4_0" });
    expect(await ollama.show("tiny")).toMatchObject({
      contextLength: 2048,
      capabilities: ["completion", "tools"],
      modifiedAt: new Date("2026-01-02T02:04:05.678Z"),
    });
    expect(await ollama.running()).toEqual([
      { name: "tiny:latest", bytes: 2000, gpuBytes: 1500, contextLength: 4096, expiresAt: undefined },
    ]);
  });

  it("loads and unloads, embedding models too", async () => {
    await ollama.load("tiny", { keepAliveMs: 0 });
    expect(last("/api/generate")).toEqual({ model: "tiny", keep_alive: 0, stream: false });
    await ollama.load("embedder", { keepAliveMs: 1_000 });
    expect(last("/api/embed")).toEqual({ model: "embedder", keep_alive: "1000ms", input: [] });
  });

  it("pulls with progress", async () => {
    expect(await all(ollama.pull("fresh"))).toEqual([
      { status: "pulling manifest", completedBytes: undefined, totalBytes: undefined },
      { status: "pulling abc", completedBytes: 50, totalBytes: 200 },
      { status: "pulling abc", completedBytes: 200, totalBytes: 200 },
      { status: "success", completedBytes: undefined, totalBytes: undefined },
    ]);
    expect((await ollama.models()).map(({ name }) => name)).toContain("fresh:latest");
  });

  it("keeps its connections: twenty answers, one after the other, over no more than two", async () => {
    const before = fake.connections;
    for (let at = 0; at < 20; at++) await all(ollama.generate({ model: "tiny", prompt: "a b c" }));
    expect(fake.connections - before).toBeLessThanOrEqual(2);
  });

  it("listens under a path, on IPv6", async () => {
    await using plain = await FakeOllama.start({ address: "::1", path: "/x" });
    await using over = await openOllama({ host: plain.host });
    expect(over.description).toBe(`Ollama 0.33.0 at ${plain.host}`);
    expect(await over.models()).toHaveLength(3);
  });

  it("speaks HTTPS to a server that it trusts", async () => {
    const tls = selfSigned();
    await using secure = await FakeOllama.start({ tls, path: "/proxy" });
    const error = await failure(() => openOllama({ host: secure.host }), "CONNECTION_FAILED");
    expect(error.hint).toContain("NODE_EXTRA_CA_CERTS");
    const folder = await mkdtemp(join(tmpdir(), "aikoryu-tls-"));
    const file = join(folder, "cert.pem");
    await writeFile(file, tls.cert);
    const ended = await runModule(
      `import { openOllama } from "#src/llm/index.js";
       const ollama = await openOllama();
       let text = "";
       for await (const piece of ollama.generate({ model: "tiny", prompt: "a b" })) text += piece.text;
       console.log(text);`,
      { NODE_EXTRA_CA_CERTS: file, OLLAMA_HOST: secure.host.replace("https://", "https://me:secret@") },
    );
    await rm(folder, { recursive: true });
    expect(ended.stderr).toBe("");
    expect(ended.stdout).toBe("b a\n");
    const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    expect(secure.received.at(-1)?.headers.authorization).toBe(authorization);
  });
});
