import { z } from "zod";
import type { Embeddings, EmbedRequest } from "../../../llm/index.ts";
import { type Call, waiting } from "../call.ts";
import { flag, keepAlive, keepAliveOf, parseBody, text } from "../fields.ts";
import { durations } from "./lines.ts";
import { model, modelOf, options } from "./options.ts";

const schema = z.object({
  ...model,
  input: z.union([z.string(), z.array(z.string())]).nullish(),
  truncate: flag,
  dimensions: z.int().min(1).nullish(),
  keep_alive: keepAlive,
  options,
});

const oldSchema = z.object({ ...model, prompt: text, keep_alive: keepAlive, options });

export async function embed(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = modelOf(call, body);
  const input = typeof body.input === "string" ? [body.input].filter(Boolean) : (body.input ?? []);
  const keepAliveMs = keepAliveOf(body.keep_alive, call.keepAliveMs);
  const { dimensions, truncate } = body;
  const result = await embedded(call, {
    model: name,
    input,
    dimensions: dimensions ?? undefined,
    truncate: truncate ?? undefined,
    keepAliveMs,
  });
  const { usage, embeddings } = result ?? {
    usage: { totalMs: 0, loadMs: undefined, promptTokens: 0 },
    embeddings: [],
  };
  const head = JSON.stringify({
    model: name,
    ...durations(call.exchange, { ...noUsage, ...usage }),
    prompt_eval_count: usage.promptTokens,
  });
  await call.exchange.jsonParts(withRows(`${head.slice(0, -1)},"embeddings":[`, embeddings, "]}"));
}

/** The route of old: one text, one row. */
export async function embedOne(call: Call): Promise<void> {
  const body = parseBody(oldSchema, call.body);
  const name = modelOf(call, body);
  const keepAliveMs = keepAliveOf(body.keep_alive, call.keepAliveMs);
  const result = await embedded(call, {
    model: name,
    input: [body.prompt ?? ""].filter(Boolean),
    keepAliveMs,
  });
  const row = result?.embeddings[0];
  call.exchange.json({ embedding: row === undefined ? [] : Array.from(row) });
}

/** No text: the model is loaded, and there are no rows. */
async function embedded(call: Call, request: EmbedRequest): Promise<Embeddings | undefined> {
  const { signal } = call.exchange;
  const { source } = call;
  return call.admitted(async () => {
    if (request.input.length > 0) return waiting(call, source.embed(request, { signal }));
    await waiting(call, source.load(request.model, { signal, keepAliveMs: request.keepAliveMs }));
    return undefined;
  });
}

const noUsage = {
  promptTokens: undefined,
  outputTokens: undefined,
  loadMs: undefined,
  promptMs: undefined,
  outputMs: undefined,
  totalMs: 0,
};

function* withRows(head: string, rows: readonly Float32Array[], tail: string): Generator<string> {
  yield head;
  for (const [at, row] of rows.entries()) yield `${at > 0 ? "," : ""}${JSON.stringify(Array.from(row))}`;
  yield tail;
}
