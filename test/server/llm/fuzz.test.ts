import { describe, expect, it } from "vitest";
import { seeded } from "../../support/random.js";
import { start } from "./start.js";

const schema = { type: "object", properties: { a: { type: "string" } } };
const tool = { type: "function", function: { name: "f", description: "d", parameters: schema } };
const called = { id: "1", type: "function", function: { name: "f", arguments: "{}" } };
const bodies: Readonly<Record<string, object>> = {
  "/api/generate": {
    model: "tiny",
    prompt: "a",
    system: "b",
    images: ["iVBORwD/"],
    format: schema,
    stream: true,
    keep_alive: "5m",
    options: { temperature: 0, num_predict: 3, stop: ["x"] },
  },
  "/api/chat": {
    model: "tiny",
    messages: [
      { role: "user", content: "a", images: ["iVBORwD/"] },
      { role: "assistant", content: "", tool_calls: [{ function: { name: "f", arguments: {} } }] },
    ],
    tools: [tool],
    think: "high",
  },
  "/api/embed": { model: "tiny", input: ["a"], truncate: true, dimensions: 4 },
  "/api/embeddings": { model: "tiny", prompt: "a" },
  "/api/show": { model: "tiny", verbose: true },
  "/v1/chat/completions": {
    model: "tiny",
    messages: [
      {
        role: "user",
        content: [{ type: "image_url", image_url: { url: "data:image/png;base64,iVBORwD/" } }],
      },
      { role: "assistant", content: null, tool_calls: [called] },
      { role: "tool", content: "x", tool_call_id: "1" },
    ],
    tools: [tool],
    tool_choice: "auto",
    response_format: { type: "json_schema", json_schema: { name: "n", schema } },
    stream: true,
    stream_options: { include_usage: true },
    stop: "x",
    n: 1,
  },
  "/v1/completions": { model: "tiny", prompt: ["a"], max_tokens: 3 },
  "/v1/embeddings": { model: "tiny", input: ["a"], encoding_format: "base64" },
  "/v1/responses": {
    model: "tiny",
    input: [
      { role: "user", content: [{ type: "input_text", text: "a" }] },
      { type: "function_call", call_id: "1", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "1", output: "x" },
    ],
    tools: [{ type: "function", name: "f", parameters: schema }],
    text: { format: { type: "json_schema", name: "n", schema } },
  },
  "/v1/messages": {
    model: "tiny",
    max_tokens: 3,
    messages: [
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "1", content: [{ type: "text", text: "a" }] }],
      },
    ],
    tools: [{ name: "f", input_schema: schema }],
    tool_choice: { type: "auto" },
  },
};

const odd: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  "",
  "x",
  "\u0000\u001b[2J\ud800",
  "9".repeat(400),
  [],
  [[]],
  [null],
  {},
  { type: "function" },
  { __proto__: null, toString: 1 },
  JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'),
];

/** A copy with one of its values, at any depth, replaced by something odd or left out. */
function damaged(value: unknown, next: () => number): unknown {
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)];
  if (typeof value !== "object" || value === null || next() < 0.15) return pick(odd);
  const keys = Object.keys(value);
  const key = pick(keys);
  if (key === undefined) return pick(odd);
  const kept = next() < 0.1 ? keys.filter((name) => name !== key) : keys;
  const entries = kept.map((name): [string, unknown] => {
    const child: unknown = Reflect.get(value, name);
    return [name, name === key ? damaged(child, next) : child];
  });
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}

describe("requests with something odd in them", () => {
  it.each(Object.entries(bodies))("%s answers each, or says what is wrong", async (path, body) => {
    const { url, server } = await start();
    const next = seeded(path.length);
    const statuses = new Set<number>();
    const sent = [body, ...Array.from({ length: 40 }, () => damaged(body, next))];
    for (const [at, one] of sent.entries()) {
      const text = JSON.stringify(one) ?? "";
      const response = await fetch(`${url}${path}`, { method: "POST", body: text });
      const answer = await response.text();
      statuses.add(response.status);
      expect([200, 400, 404], `${text}\n${answer}`).toContain(response.status);
      if (response.status !== 200) expect(JSON.parse(answer)).toHaveProperty("error");
      if (at === 0) expect(response.status).toBe(200);
    }
    expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 400]));
    await expect.poll(() => server.statistics()).toMatchObject({ running: 0, waiting: 0 });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});
