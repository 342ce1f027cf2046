import { describe, expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { usage, words } from "../../support/scripted-provider.js";
import { post, start } from "./start.js";

const call = { name: "weather", arguments: { city: "Rome" } };
const input_schema = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ name: "weather", description: "now", input_schema }];
const asked = { model: "tiny", max_tokens: 9, messages: [{ role: "user", content: "hi" }] };

/** The events of a stream, each by the name it was sent under. */
function eventsIn(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split("\n\n")
    .map((event) => {
      const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(event) ?? [];
      const value = JSON.parse(data ?? "") as Record<string, unknown>;
      expect(value["type"]).toBe(name);
      return value;
    });
}

describe("messages as Anthropic's clients send them", () => {
  it("get the whole answer", async () => {
    const { url, provider } = await start({ token: "secret" });
    const body = { ...asked, system: [{ type: "text", text: "short" }], top_k: 3, stop_sequences: ["END"] };
    const answer = await post(`${url}/v1/messages`, body, { "x-api-key": "secret" });
    expect(JSON.parse(answer.text)).toMatchObject({
      type: "message",
      role: "assistant",
      model: "tiny",
      content: [{ type: "text", text: "You said: hi" }],
      stop_reason: "end_turn",
      usage: { input_tokens: 7, output_tokens: 3 },
    });
    expect(provider.chatted[0]).toMatchObject({
      messages: [
        { role: "system", content: "short" },
        { role: "user", content: "hi" },
      ],
      sampling: { temperature: 1, topK: 3, maxTokens: 9, stop: ["END"] },
    });
  });

  it("stream thoughts, text and calls as blocks", async () => {
    const { url, provider } = await start();
    provider.onChat = async function* () {
      yield { text: "", thinking: "hm" };
      yield* words("Wait a bit.", { toolCalls: [call, call], done: { reason: "tool", usage } });
    };
    const events = eventsIn((await post(`${url}/v1/messages`, { ...asked, tools, stream: true })).text);
    expect(events.map(({ type }) => type)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "content_block_start",
      ...Array(3).fill("content_block_delta"),
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(
      events.flatMap(({ index, content_block: block }) => (block ? [[index, block]] : [])),
    ).toMatchObject([
      [0, { type: "thinking" }],
      [1, { type: "text" }],
      [2, { type: "tool_use", name: "weather", input: {} }],
      [3, { type: "tool_use", name: "weather", input: {} }],
    ]);
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: "tool_use" }, usage: { output_tokens: 3 } });
  });

  it("take calls, answers of tools and pictures", async () => {
    const { url, provider } = await start();
    const source = { type: "base64", media_type: "image/png", data: "iVBORwD/" };
    const messages = [
      {
        role: "user",
        content: [
          { type: "image", source },
          { type: "text", text: "where?" },
        ],
      },
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "t1", name: "weather", input: { city: "Rome" } }],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t1", content: [{ type: "text", text: "sunny" }] },
          { type: "text", text: "so?" },
        ],
      },
    ];
    expect((await post(`${url}/v1/messages`, { ...asked, messages, tools })).status).toBe(200);
    expect(provider.chatted[0]?.messages).toEqual([
      { role: "user", content: "where?", images: [Uint8Array.of(137, 80, 78, 71, 0, 255)] },
      { role: "assistant", content: "", toolCalls: [{ ...call, id: "t1" }] },
      { role: "tool", content: "sunny", toolCallId: "t1", toolName: "weather" },
      { role: "user", content: "so?" },
    ]);
    provider.onChat = () => words(JSON.stringify(call));
    const tool_choice = { type: "tool", name: "weather" };
    const forced = JSON.parse((await post(`${url}/v1/messages`, { ...asked, tools, tool_choice })).text);
    expect(forced).toMatchObject({
      content: [{ type: "tool_use", name: "weather", input: { city: "Rome" } }],
      stop_reason: "tool_use",
    });
  });

  it("get errors of their own shape", async () => {
    const { url, provider } = await start();
    const errorOf = async (body: unknown) => {
      const { status, text } = await post(`${url}/v1/messages`, body);
      return { status, ...JSON.parse(text) };
    };
    const wrong = { type: "invalid_request_error" };
    expect(await errorOf({ ...asked, model: "tini" })).toEqual({
      status: 404,
      type: "error",
      error: { type: "not_found_error", message: "model 'tini' not found" },
    });
    expect(await errorOf({ ...asked, max_tokens: 0 })).toMatchObject({ status: 400, error: wrong });
    expect(await errorOf({ ...asked, messages: [] })).toMatchObject({ status: 400, error: wrong });
    const content = [{ type: "document" }];
    expect(await errorOf({ ...asked, messages: [{ role: "user", content }] })).toMatchObject({
      error: { message: expect.stringContaining("messages[0].content[0]") },
    });
    provider.onChat = async function* () {
      yield { text: "half" };
      throw new AikoError("SERVER_BUSY", { message: "full" });
    };
    const events = (await post(`${url}/v1/messages`, { ...asked, stream: true })).text;
    expect(events).toMatch(/event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/);
  });
});
