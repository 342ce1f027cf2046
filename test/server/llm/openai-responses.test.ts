import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AikoError } from "#src/errors.js";
import { usage, words } from "../../support/scripted-provider.js";
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

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const call = { name: "weather", arguments: { city: "Rome" } };

describe("the client openai: responses", () => {
  const flat = { type: "function" as const, name: "weather", description: "now", parameters, strict: false };

  it("gets the whole answer", async () => {
    const { client, provider } = await connect();
    const answer = await client.responses.create({
      model: "tiny",
      instructions: "short",
      input: [
        { role: "user", content: "hi" },
        {
          role: "user",
          content: [
            { type: "input_text", text: "what is it?" },
            { type: "input_image", detail: "auto", image_url: "data:image/png;base64,iVBORwD/" },
          ],
        },
      ],
      temperature: 0,
      max_output_tokens: 9,
    });
    expect(answer.output_text).toBe("You said: what is it?");
    expect(answer).toMatchObject({ object: "response", status: "completed", usage: { total_tokens: 10 } });
    expect(provider.chatted[0]).toMatchObject({
      messages: [
        { role: "system", content: "short" },
        { role: "user", content: "hi" },
        { role: "user", content: "what is it?" },
      ],
      sampling: { temperature: 0, topP: 1, maxTokens: 9 },
    });
    provider.onChat = () => words("cut", { done: { reason: "length", usage } });
    expect(await client.responses.create({ model: "tiny", input: "hi" })).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
    });
  });

  it("streams, plainly and through its own helper", async () => {
    const { client, provider } = await connect();
    const events = await all(await client.responses.create({ model: "tiny", input: "hi", stream: true }));
    expect(events.map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    const stream = client.responses.stream({ model: "tiny", input: "hi" });
    expect((await stream.finalResponse()).output_text).toBe("You said: hi");
    provider.onChat = async function* () {
      yield { text: "half" };
      throw new AikoError("SERVER_FAILED", { message: "the engine burnt down" });
    };
    const broken = await client.responses.create({ model: "tiny", input: "hi", stream: true });
    await expect(all(broken)).rejects.toThrow("the engine burnt down");
  });

  it("calls tools, takes their answers, and parses schemas", async () => {
    const { client, provider } = await connect();
    provider.onChat = () =>
      words("Wait.", { toolCalls: [call, { ...call, id: "own" }], done: { reason: "tool", usage } });
    const first = await client.responses.create({ model: "tiny", input: "Rome?", tools: [flat] });
    const calls = first.output.filter((one) => one.type === "function_call");
    expect(calls.map(({ name, arguments: given }) => [name, given])).toEqual([
      ["weather", '{"city":"Rome"}'],
      ["weather", '{"city":"Rome"}'],
    ]);
    const streamed = client.responses.stream({ model: "tiny", input: "Rome?", tools: [flat] });
    expect((await streamed.finalResponse()).output.map(({ type }) => type)).toEqual([
      "message",
      "function_call",
      "function_call",
    ]);
    const answers = calls.map(({ call_id }) => ({
      type: "function_call_output" as const,
      call_id,
      output: "sunny",
    }));
    await client.responses.create({
      model: "tiny",
      input: [{ role: "user", content: "Rome?" }, ...calls, ...answers],
    });
    const id = calls[0]?.call_id;
    expect(provider.chatted.at(-1)?.messages.slice(1)).toEqual([
      {
        role: "assistant",
        content: "",
        toolCalls: [
          { ...call, id },
          { ...call, id: "own" },
        ],
      },
      { role: "tool", content: "sunny", toolCallId: id, toolName: "weather" },
      { role: "tool", content: "sunny", toolCallId: "own", toolName: "weather" },
    ]);
    provider.onChat = () => words(JSON.stringify(call));
    const forced = { model: "tiny", input: "?", tools: [flat], tool_choice: "required" as const };
    expect((await client.responses.create(forced)).output).toMatchObject([
      { type: "function_call", name: "weather" },
    ]);
    provider.onChat = () => words('{"n": 4}');
    const format = zodTextFormat(z.object({ n: z.number() }), "answer");
    const parsed = await client.responses.parse({ model: "tiny", input: "?", text: { format } });
    expect(parsed.output_parsed).toEqual({ n: 4 });
  });

  it("is told what is not stored", async () => {
    const { client } = await connect();
    const refused = { status: 400, param: "previous_response_id" };
    const request = { model: "tiny", input: "hi", previous_response_id: "resp_1" };
    await expect(client.responses.create(request)).rejects.toMatchObject(refused);
    await expect(client.responses.retrieve("resp_1")).rejects.toMatchObject({ status: 404 });
    const search = { model: "tiny", input: "hi", tools: [{ type: "web_search" as const }] };
    await expect(client.responses.create(search)).rejects.toMatchObject({
      status: 400,
      param: "tools[0].type",
    });
    await expect(client.responses.create({ model: "tiny", input: [] })).rejects.toMatchObject({
      param: "input",
    });
  });
});
