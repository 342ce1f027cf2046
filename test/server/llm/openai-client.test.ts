import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AikoError } from "#src/errors.js";
import { gate, usage, words } from "../../support/scripted-provider.js";
import { start } from "./start.js";

async function connect() {
  const started = await start();
  return { ...started, client: new OpenAI({ baseURL: `${started.url}/v1`, apiKey: "any", maxRetries: 0 }) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const messages = [{ role: "user" as const, content: "hi" }];
const counts = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { type: "function" as const, function: { name: "weather", description: "now", parameters } };
const call = { name: "weather", arguments: { city: "Rome" } };

describe("the client openai: chat", () => {
  it("gets the whole answer", async () => {
    const { client, provider } = await connect();
    const { data, request_id } = await client.chat.completions
      .create({
        model: "tiny",
        messages: [{ role: "developer", content: "short" }, ...messages],
        temperature: 0,
        top_p: 0.5,
        seed: 3,
        stop: "END",
        max_completion_tokens: 9,
        n: 1,
        reasoning_effort: "low",
      })
      .withResponse();
    expect(data).toMatchObject({
      object: "chat.completion",
      model: "tiny",
      choices: [{ index: 0, message: { role: "assistant", content: "You said: hi" }, finish_reason: "stop" }],
      usage: counts,
    });
    expect(data.id).toBe(`chatcmpl-${request_id}`);
    expect(provider.chatted).toEqual([
      {
        model: "tiny",
        messages: [{ role: "system", content: "short" }, ...messages],
        think: true,
        sampling: { temperature: 0, topP: 0.5, seed: 3, stop: ["END"], maxTokens: 9 },
      },
    ]);
  });

  it("streams, with the counts where asked for", async () => {
    const { client } = await connect();
    const plain = await all(await client.chat.completions.create({ model: "tiny", messages, stream: true }));
    expect(plain.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("You said: hi");
    expect(plain[0]?.choices[0]?.delta.role).toBe("assistant");
    expect(plain.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, null, null, "stop"]);
    expect(plain.every((chunk) => chunk.id === plain[0]?.id && chunk.usage === undefined)).toBe(true);
    const stream_options = { include_usage: true };
    const counted = await all(
      await client.chat.completions.create({ model: "tiny", messages, stream: true, stream_options }),
    );
    expect(counted.at(-1)).toMatchObject({ choices: [], usage: counts });
    expect(counted.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  it("streams through its own helper", async () => {
    const { client } = await connect();
    const stream = client.chat.completions.stream({ model: "tiny", messages });
    let text = "";
    stream.on("content", (delta) => {
      text += delta;
    });
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe("You said: hi");
    expect(text).toBe("You said: hi");
  });

  it("sends parts: texts, and pictures as data URLs", async () => {
    const { client, provider } = await connect();
    const url = "data:image/png;base64,iVBORwD/";
    await client.chat.completions.create({
      model: "tiny",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "what is" },
            { type: "image_url", image_url: { url } },
            { type: "text", text: "this?" },
          ],
        },
      ],
    });
    const [message] = provider.chatted[0]?.messages ?? [];
    expect(message?.content).toBe("what is\nthis?");
    expect(message?.images?.map((image) => [...image])).toEqual([[137, 80, 78, 71, 0, 255]]);
  });

  it("calls tools and takes their answers", async () => {
    const { client, provider } = await connect();
    provider.onChat = ({ messages: [...said] }) =>
      said.at(-1)?.role === "tool"
        ? words(`It is ${said.at(-1)?.content}.`)
        : words("", { toolCalls: [{ ...call, id: "call_7" }], done: { reason: "tool", usage } });
    const runner = client.chat.completions.runTools({
      model: "tiny",
      messages,
      tools: [
        {
          type: "function",
          function: {
            ...weather.function,
            parse: JSON.parse,
            function: ({ city }: { city: string }) => `sunny in ${city}`,
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe("It is sunny in Rome.");
    expect(provider.chatted[0]?.tools).toEqual([weather.function]);
    expect(provider.chatted[1]?.messages.slice(1)).toEqual([
      { role: "assistant", content: "", toolCalls: [{ ...call, id: "call_7" }] },
      { role: "tool", content: "sunny in Rome", toolCallId: "call_7", toolName: "weather" },
    ]);
  });

  it("streams calls of tools", async () => {
    const { client, provider } = await connect();
    provider.onChat = async function* () {
      yield { text: "", toolCalls: [call] };
      yield* words("", { toolCalls: [call], done: { reason: "stop", usage } });
    };
    const chunks = await all(
      await client.chat.completions.create({ model: "tiny", messages, tools: [weather], stream: true }),
    );
    const calls = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    expect(calls.map(({ index, function: given }) => [index, given?.name, given?.arguments])).toEqual([
      [0, "weather", '{"city":"Rome"}'],
      [1, "weather", '{"city":"Rome"}'],
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("makes the call that tool_choice asks for", async () => {
    const { client, provider } = await connect();
    provider.onChat = () => words(JSON.stringify(call));
    const tools = [weather, { type: "function" as const, function: { name: "other" } }];
    for (const tool_choice of ["required", { type: "function", function: { name: "weather" } }] as const) {
      const request = { model: "tiny", messages, tools, tool_choice };
      const { choices } = await client.chat.completions.create(request);
      expect(choices[0]).toMatchObject({
        finish_reason: "tool_calls",
        message: {
          content: null,
          tool_calls: [{ function: { name: "weather", arguments: '{"city":"Rome"}' } }],
        },
      });
      const chunks = await all(await client.chat.completions.create({ ...request, stream: true }));
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("");
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
    }
    expect(provider.chatted.map(({ format }) => format)).toMatchObject([
      { anyOf: [{}, {}] },
      { anyOf: [{}, {}] },
      { properties: { name: { enum: ["weather"] }, arguments: parameters } },
      { properties: { name: { enum: ["weather"] }, arguments: parameters } },
    ]);
    await client.chat.completions.create({ model: "tiny", messages, tools, tool_choice: "none" });
    expect(provider.chatted.at(-1)).not.toHaveProperty("tools.0");
    const unknown = { type: "function", function: { name: "wether" } } as const;
    await expect(
      client.chat.completions.create({ model: "tiny", messages, tools, tool_choice: unknown }),
    ).rejects.toMatchObject({ status: 400, param: "tool_choice" });
  });

  it("says so where the model did not make the call", async () => {
    const { client, provider } = await connect();
    provider.onChat = () => words("no");
    const request = { model: "tiny", messages, tools: [weather], tool_choice: "required" as const };
    await expect(client.chat.completions.create(request)).rejects.toMatchObject({ status: 500 });
  });

  it("parses an answer of a schema", async () => {
    const { client, provider } = await connect();
    provider.onChat = () => words('{"n": 4}');
    const response_format = zodResponseFormat(z.object({ n: z.number() }), "answer");
    const { choices } = await client.chat.completions.parse({ model: "tiny", messages, response_format });
    expect(choices[0]?.message.parsed).toEqual({ n: 4 });
    await client.chat.completions.create({
      model: "tiny",
      messages,
      response_format: { type: "json_object" },
    });
    await client.chat.completions.create({ model: "tiny", messages, response_format: { type: "text" } });
    expect(provider.chatted.map(({ format }) => format)).toEqual([
      expect.objectContaining({ properties: { n: { type: "number" } } }),
      "json",
      undefined,
    ]);
  });

  it("aborts, and the work behind it ends", async () => {
    const { client, provider, records } = await connect();
    const started = gate();
    provider.onChat = async function* (_, { signal }) {
      yield { text: "one" };
      started.open();
      await new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    };
    const stream = await client.chat.completions.create({ model: "tiny", messages, stream: true });
    const reading = all(stream);
    await started.opened;
    stream.controller.abort();
    await reading;
    const abort = new AbortController();
    const whole = client.chat.completions.create({ model: "tiny", messages }, { signal: abort.signal });
    await expect.poll(() => provider.chatted.length).toBe(2);
    abort.abort();
    await expect(whole).rejects.toThrow(OpenAI.APIUserAbortError);
    await expect.poll(() => provider.active).toBe(0);
    await expect.poll(() => records.map(({ status }) => status)).toEqual([499, 499]);
  });

  it("throws what goes wrong in the middle of a stream", async () => {
    const { client, provider } = await connect();
    provider.onChat = async function* () {
      yield { text: "half" };
      throw new AikoError("SERVER_FAILED", { message: "the engine burnt down" });
    };
    const stream = await client.chat.completions.create({ model: "tiny", messages, stream: true });
    await expect(all(stream)).rejects.toThrow("the engine burnt down");
  });

  it("gets typed errors", async () => {
    const { client, provider } = await connect();
    const create = client.chat.completions.create.bind(client.chat.completions);
    await expect(create({ model: "tini", messages })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
      type: "not_found_error",
      message: "404 model 'tini' not found",
    });
    await expect(create({ model: "tiny", messages, n: 2 })).rejects.toMatchObject({
      status: 400,
      param: "n",
    });
    await expect(create({ model: "tiny", messages, logprobs: true })).rejects.toMatchObject({
      param: "logprobs",
    });
    const url = "https://example.org/cat.png";
    const content = [{ type: "image_url" as const, image_url: { url } }];
    await expect(create({ model: "tiny", messages: [{ role: "user", content }] })).rejects.toMatchObject({
      status: 400,
      param: "messages[0].content[0].image_url.url",
    });
    provider.onChat = () => {
      throw new AikoError("CONTEXT_EXCEEDED", { message: "200 tokens, the context holds 128" });
    };
    await expect(create({ model: "tiny", messages })).rejects.toMatchObject({
      status: 400,
      code: "context_length_exceeded",
    });
    expect(await create({ model: "tiny", messages }).catch((error) => error)).toBeInstanceOf(
      OpenAI.BadRequestError,
    );
  });
});

describe("the client openai: completions", () => {
  it("continues a text, whole and in pieces", async () => {
    const { client, provider } = await connect();
    const answer = await client.completions.create({
      model: "tiny",
      prompt: "a",
      suffix: "z",
      max_tokens: 5,
    });
    expect(answer).toMatchObject({
      object: "text_completion",
      choices: [{ text: "You said: a", finish_reason: "stop" }],
      usage: counts,
    });
    expect(provider.generated[0]).toMatchObject({ prompt: "a", suffix: "z", sampling: { maxTokens: 5 } });
    const chunks = await all(
      await client.completions.create({
        model: "tiny",
        prompt: ["b"],
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    expect(chunks.map(({ choices }) => choices[0]?.text ?? "").join("")).toBe("You said: b");
    expect(chunks.at(-1)?.usage).toEqual(counts);
    await expect(client.completions.create({ model: "tiny", prompt: ["a", "b"] })).rejects.toMatchObject({
      status: 400,
      param: "prompt",
    });
  });
});

describe("the client openai: embeddings and models", () => {
  it("embeds, in either encoding", async () => {
    const { client, provider } = await connect();
    const row = [Math.fround(0.6), Math.fround(-0.8), 0, 2];
    const packed = await client.embeddings.create({ model: "tiny", input: "ab", dimensions: 4 });
    const plain = await client.embeddings.create({
      model: "tiny",
      input: ["ab", "c"],
      encoding_format: "float",
    });
    expect(packed).toMatchObject({
      object: "list",
      model: "tiny",
      data: [{ object: "embedding", index: 0, embedding: row }],
      usage: { prompt_tokens: 7, total_tokens: 7 },
    });
    expect(plain.data.map(({ index, embedding }) => [index, embedding[3]])).toEqual([
      [0, 2],
      [1, 1],
    ]);
    expect(plain.data[0]?.embedding).toEqual(row);
    expect(provider.embedded[0]).toMatchObject({ input: ["ab"], dimensions: 4 });
    await expect(client.embeddings.create({ model: "tiny", input: [[1, 2]] })).rejects.toMatchObject({
      status: 400,
      param: "input",
    });
  });

  it("lists and retrieves models", async () => {
    const { client, provider } = await connect();
    const tiny = { object: "model", created: 1_793_534_400, owned_by: "library" };
    expect((await client.models.list()).data).toEqual([{ id: "tiny:latest", ...tiny }]);
    expect(await client.models.retrieve("tiny")).toEqual({ id: "tiny", ...tiny });
    const name = "hf.co/some one/tiny:q8";
    provider.known = [...provider.known, { name, bytes: undefined, modifiedAt: undefined }];
    expect(await client.models.retrieve(name)).toMatchObject({ id: name, created: 0 });
    await expect(client.models.retrieve("tini")).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    await expect(client.models.delete("tiny")).rejects.toMatchObject({ status: 501 });
  });

  it("is answered by a provider that takes no settings, unless it asks for some", async () => {
    const { client, provider } = await connect();
    const refuse = ({ sampling }: { readonly sampling?: object | undefined }) => {
      if (sampling === undefined) return words("as it is");
      throw new AikoError("UNSUPPORTED", { message: `takes no ${Object.keys(sampling).join(", ")}` });
    };
    provider.onChat = refuse;
    provider.onGenerate = refuse;
    const chatted = await client.chat.completions.create({ model: "tiny", messages });
    expect(chatted.choices[0]?.message.content).toBe("as it is");
    const completed = await all(
      await client.completions.create({ model: "tiny", prompt: "hi", stream: true }),
    );
    expect(completed.map(({ choices }) => choices[0]?.text).join("")).toBe("as it is");
    expect((await client.responses.create({ model: "tiny", input: "hi" })).output_text).toBe("as it is");
    await expect(
      client.chat.completions.create({ model: "tiny", messages, temperature: 0 }),
    ).rejects.toMatchObject({ status: 400, message: "400 takes no temperature" });
  });
});
