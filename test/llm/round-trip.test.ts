import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { AikoError } from "#src/errors.js";
import { type ChatRequest, openOllama, type Piece } from "#src/llm/index.js";
import { serveLlm } from "#src/server/index.js";
import { failure } from "../support/errors.ts";
import { family } from "../support/ollama/family.ts";
import { gate, ScriptedProvider, words } from "../support/scripted-provider.ts";

const scripted = new ScriptedProvider();
const served = family({ provider: scripted });
const server = await serveLlm(served, { port: 0, parallel: 1, maxQueue: 1 });
const ollama = await openOllama({ host: server.url });
const llm = family({ host: server.url, provider: "ollama" });
afterAll(async () => {
  await llm[Symbol.asyncDispose]();
  await ollama[Symbol.asyncDispose]();
  await server.close({ graceMs: 0 });
  await served[Symbol.asyncDispose]();
});

async function all<T>(pieces: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}

describe("gpu.llm behind aikoryu's own server, asked over HTTP", () => {
  it("gets the request as it was made", async () => {
    const request: ChatRequest = {
      model: "tiny",
      messages: [
        { role: "system", content: "é" },
        { role: "user", content: "two  spaces\n", images: [Uint8Array.of(0x89, 0x50, 0x4e, 0x47)] },
        {
          role: "assistant",
          content: "",
          toolCalls: [{ id: "c1", name: "weather", arguments: { city: "Rome" } }],
        },
        { role: "tool", content: "sunny", toolName: "weather", toolCallId: "c1" },
      ],
      tools: [{ name: "weather", description: "d", parameters: { type: "object", properties: {} } }],
      sampling: { temperature: 0, topK: 3, topP: 0.5, seed: 4, maxTokens: 5, stop: ["x"] },
      keepAliveMs: 90_000,
      think: false,
    };
    await all(ollama.chat(request));
    const got = scripted.chatted.at(-1);
    const messages = got?.messages.map((message) =>
      message.images === undefined
        ? message
        : { ...message, images: message.images.map((image) => Uint8Array.from(image)) },
    );
    expect({ ...got, messages }).toMatchObject(request);
  });

  it("gets the pieces as they were made", async () => {
    const calls = [{ id: "c1", name: "weather", arguments: { city: "Rome" } }];
    scripted.onChat = () => words("one two", { thinking: "hm", toolCalls: calls });
    const pieces = await all(ollama.chat({ model: "tiny", messages: [{ role: "user", content: "x" }] }));
    const whole = (of: (piece: Piece) => string | undefined) =>
      pieces.map((piece) => of(piece) ?? "").join("");
    expect([whole(({ text }) => text), whole(({ thinking }) => thinking)]).toEqual(["one two", "hm"]);
    expect(pieces.flatMap(({ toolCalls = [] }) => toolCalls)).toMatchObject([
      { name: "weather", arguments: { city: "Rome" } },
    ]);
    expect(pieces.at(-1)?.done?.usage).toMatchObject({
      promptTokens: 7,
      outputTokens: 3,
      loadMs: 1.5,
      outputMs: 4,
    });
  });

  it("gets embeddings, models and what is in memory", async () => {
    const { embeddings } = await ollama.embed({ model: "tiny", input: ["a", "bb"] });
    expect(embeddings.map((row) => row.length)).toEqual([4, 4]);
    for (const row of embeddings) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    expect(await ollama.models()).toMatchObject([{ name: "tiny:latest", bytes: 519_000, family: "llama" }]);
    expect(await ollama.show("tiny")).toMatchObject({ contextLength: 128, quantization: "F32" });
    scripted.inMemory = [
      { name: "tiny:latest", bytes: 9, gpuBytes: 4, contextLength: 128, expiresAt: undefined },
    ];
    expect(await ollama.running()).toEqual(scripted.inMemory);
    await ollama.load("tiny", { keepAliveMs: 0 });
    expect(scripted.loaded.at(-1)).toEqual({ model: "tiny", keepAliveMs: 0 });
  });

  it("gets structured answers, checked at both ends", async () => {
    scripted.onGenerate = () => words('{"n": 4}');
    const format = z.object({ n: z.number() });
    expect((await llm.generate({ model: "tiny", prompt: "x", format })).value).toEqual({ n: 4 });
    expect(scripted.generated.at(-1)?.format).toMatchObject({ required: ["n"] });
  });

  it.each([
    ["CONTEXT_EXCEEDED", "CONTEXT_EXCEEDED"],
    ["UNSUPPORTED", "UNSUPPORTED"],
    ["INVALID_ARGUMENT", "INVALID_ARGUMENT"],
    ["SERVER_FAILED", "SERVER_FAILED"],
    ["MODEL_NOT_FOUND", "MODEL_NOT_FOUND"],
  ] as const)("gets %s as %s", async (thrown, caught) => {
    scripted.onGenerate = () => {
      const messages: Partial<Record<string, string>> = {
        CONTEXT_EXCEEDED: "the input exceeds the context length",
        UNSUPPORTED: "tiny does not support this",
        MODEL_NOT_FOUND: "model 'tiny' not found",
      };
      throw new AikoError(thrown, { message: messages[thrown] ?? "broken" });
    };
    await failure(() => llm.generate({ model: "tiny", prompt: "x" }), caught);
  });

  it("waits its turn where the server is full, and comes again", async () => {
    const held = gate();
    scripted.onGenerate = async function* () {
      await held.opened;
      yield* words("late");
    };
    const asked = [1, 2, 3].map(() =>
      llm
        .generate({ model: "tiny", prompt: "x" }, { retryDelayMs: 20, retries: 20 })
        .then(({ report }) => report),
    );
    await expect.poll(() => server.statistics().refused).toBeGreaterThan(0);
    held.open();
    const reports = await Promise.all(asked);
    expect(reports.filter(({ attempts }) => attempts > 1)).toHaveLength(1);
  });
});
