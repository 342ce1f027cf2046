import { describe, expect, test } from "vitest";
import { z } from "zod";
import { failure } from "../../support/errors.js";
import {
  answerOf,
  chainModel,
  follows,
  modelFolder,
  sharedLlama,
  tokensOf,
  vocabulary,
} from "../../support/llama/index.js";

const template =
  "{{ bos_token }}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}~{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
const token = (character: string) => tokensOf(character)[0] ?? 0;
const words = ["||call: ", "<think>", "</think>"];
const [call, think, unthink] = words.map((_, at) => vocabulary + at) as [number, number, number];
const chain = (text: string) =>
  Object.fromEntries([...text].map((each, at) => [token(each), token(text[at + 1] ?? "~")]));

const models = modelFolder({
  "talks.gguf": chainModel(
    { ...follows("abcdefgh €x"), [token(">")]: token("a") },
    { template, context: 512 },
  ),
  "ends.gguf": chainModel(chain(">ok~"), { template, context: 512 }),
  "thinks.gguf": chainModel(
    {
      [token(">")]: think,
      [think]: token("h"),
      ...chain("hm"),
      [token("m")]: unthink,
      ...chain("ok"),
      [unthink]: token("o"),
    },
    { words, template: `${template}{# <think></think> #}`, context: 512 },
  ),
  "calls.gguf": chainModel(
    { [token(" ")]: call, [token("\n")]: call, [token(":")]: call, [token('"')]: token("L") },
    { words, context: 4096 },
  ),
});
const llama = sharedLlama({ models });
const greedy = { temperature: 0, maxTokens: 12 };
const user = { role: "user", content: "hi" } as const;

describe("a chat with a template", () => {
  test("is written as the template says, by chat and by generate", async () => {
    const messages = [{ role: "system", content: "be brief" }, user] as const;
    const answer = await answerOf(llama.chat({ model: "talks", messages, sampling: greedy }));
    expect(answer.text).toBe("abcdefgh €");
    expect(answer.done.reason).toBe("length");
    const written = "<system>be brief~<user>hi~<assistant>";
    expect(answer.done.usage.promptTokens).toBe(1 + tokensOf(written).length);
    const request = { model: "talks", system: "be brief", prompt: "hi", sampling: greedy };
    const generated = await answerOf(llama.generate(request));
    expect(generated.text).toBe(answer.text);
    expect(generated.done.usage.promptTokens).toBe(answer.done.usage.promptTokens);
    const raw = await answerOf(
      llama.generate({ model: "talks", prompt: "<user>", raw: true, sampling: greedy }),
    );
    expect(raw).toMatchObject({ text: "abcdefgh €", done: { usage: { promptTokens: 7 } } });
  });

  test("ends where the template ends a message, and before stop texts", async () => {
    const ended = await answerOf(llama.chat({ model: "ends", messages: [user], sampling: greedy }));
    expect(ended).toMatchObject({ text: "ok", done: { reason: "stop" } });
    for (const [stop, text] of [
      ["d", "abc"],
      ["h €x", "abcdefg"],
    ] as const) {
      const sampling = { temperature: 0, maxTokens: 40, stop: [stop] };
      const answer = await answerOf(llama.chat({ model: "talks", messages: [user], sampling }));
      expect(answer).toMatchObject({ text, done: { reason: "stop" } });
    }
  });

  test("says apart what it thinks", async () => {
    const answer = await answerOf(llama.chat({ model: "thinks", messages: [user], sampling: greedy }));
    expect(answer).toMatchObject({ thinking: "hm", text: "ok", done: { reason: "stop" } });
  });

  test("keeps to a schema", async () => {
    const format = z.toJSONSchema(
      z.object({ name: z.string().max(5), age: z.int(), tags: z.array(z.enum(["a", "b"])).max(2) }),
    );
    const sampling = { temperature: 1, seed: 3, maxTokens: 200 };
    const { text } = await answerOf(llama.chat({ model: "talks", messages: [user], format, sampling }));
    const value = JSON.parse(text);
    expect(Object.keys(value)).toEqual(["name", "age", "tags"]);
    expect(Number.isInteger(value.age)).toBe(true);
  });

  test("that is too long is refused, not cut", async () => {
    const long = { role: "user", content: "x".repeat(600) } as const;
    const error = await failure(
      () => answerOf(llama.chat({ model: "talks", messages: [long], sampling: greedy })),
      "CONTEXT_EXCEEDED",
    );
    expect(error.message).toContain(
      `${1 + tokensOf(`<user>${long.content}~<assistant>`).length} tokens; the context holds 512`,
    );
  });

  test("is left or aborted like any other", async () => {
    const stop = new AbortController();
    const sampling = { temperature: 0 };
    const pieces: string[] = [];
    const stream = llama.chat({ model: "talks", messages: [user], sampling }, { signal: stop.signal });
    await failure(async () => {
      for await (const { text } of stream) {
        pieces.push(text);
        stop.abort();
      }
    }, "ABORTED");
    expect(pieces[0]?.[0]).toBe("a");
    const after = await answerOf(llama.chat({ model: "talks", messages: [user], sampling: greedy }));
    expect(after.text).toBe("abcdefgh €");
  });
});

describe("tools", () => {
  const weather = {
    name: "weather",
    description: "The weather in a town",
    parameters: z.toJSONSchema(z.object({ town: z.enum(["Lima", "Oslo"]), days: z.int().optional() })),
  };
  const asking = { model: "calls", messages: [user], tools: [weather], sampling: { temperature: 0 } };

  test("are called with arguments that fit", async () => {
    const answer = await answerOf(llama.chat(asking));
    expect(answer.done.reason).toBe("tool");
    expect(answer.text).toBe("");
    expect(answer.toolCalls.length).toBe(1);
    const [first] = answer.toolCalls;
    expect(first?.name).toBe("weather");
    expect(first?.arguments).toMatchObject({ town: "Lima" });
    expect(Number.isInteger(first?.arguments.days)).toBe(true);
  });

  test("answer in the messages that follow", async () => {
    const called = {
      role: "assistant",
      content: "",
      toolCalls: [{ id: "1", name: "weather", arguments: { town: "Lima" } }],
    } as const;
    const result = { role: "tool", toolCallId: "1", content: "rain" } as const;
    const before = await answerOf(llama.chat({ ...asking, sampling: { temperature: 0, maxTokens: 1 } }));
    const after = await answerOf(
      llama.chat({ ...asking, messages: [user, called, result], sampling: { temperature: 0, maxTokens: 1 } }),
    );
    expect(after.done.usage.promptTokens).toBeGreaterThan(
      (before.done.usage.promptTokens ?? 0) + "rain".length,
    );
  });

  test("and a format exclude each other; parameters that no grammar can say are refused", async () => {
    await failure(() => answerOf(llama.chat({ ...asking, format: "json" })), "UNSUPPORTED");
    const odd = { ...weather, parameters: { type: "object", properties: { a: { not: {} } } } };
    await failure(() => answerOf(llama.chat({ ...asking, tools: [odd] })), "UNSUPPORTED");
  });
});
