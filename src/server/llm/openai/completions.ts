import { z } from "zod";
import type { GenerateRequest, Piece } from "../../../llm/index.ts";
import { type Call, piecesWith } from "../call.ts";
import { chunkEvents } from "../encoding.ts";
import { badField, count, flag, parseBody, text } from "../fields.ts";
import { collect } from "../pieces.ts";
import { common, finishReason, implied, nameModel, samplingFrom, seconds, usageOf } from "./options.ts";

const schema = z.object({
  ...common,
  prompt: z.union([z.string(), z.array(z.string()).length(1, { error: "one prompt a request" })]),
  suffix: text,
  echo: flag,
  best_of: z.literal(1, { error: "only 1 is supported" }).nullish(),
  logprobs: count,
});

export async function completions(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = nameModel(call, body);
  if (body.echo) throw badField("echo", "not supported");
  if (body.logprobs) throw badField("logprobs", "not supported");
  const request: GenerateRequest = {
    model: name,
    prompt: [body.prompt].flat().join(""),
    suffix: body.suffix || undefined,
    sampling: samplingFrom(call, body, body.max_tokens),
    keepAliveMs: call.keepAliveMs,
  };
  const head = {
    id: `cmpl-${call.exchange.id}`,
    object: "text_completion",
    created: seconds(),
    model: name,
    system_fingerprint: null,
  };
  await call.admitted(async () => {
    const pieces = piecesWith(call, implied, request, (asked, using) => call.source.generate(asked, using));
    if (body.stream) {
      const withUsage = body.stream_options?.include_usage ?? false;
      return call.exchange.stream(chunksOf(pieces, head, withUsage), chunkEvents);
    }
    const answer = await collect(pieces);
    const { reason, usage } = answer.done;
    const finish_reason = finishReason(reason, 0);
    const choices = [{ index: 0, text: answer.text, logprobs: null, finish_reason }];
    call.exchange.json({ ...head, choices, usage: usageOf(usage) });
  });
}

async function* chunksOf(
  pieces: AsyncIterable<Piece>,
  head: object,
  withUsage: boolean,
): AsyncGenerator<object> {
  const usage = withUsage ? { usage: null } : {};
  for await (const { text: said, done } of pieces) {
    const finish_reason = done === undefined ? null : finishReason(done.reason, 0);
    yield { ...head, choices: [{ index: 0, text: said, logprobs: null, finish_reason }], ...usage };
    if (withUsage && done !== undefined) yield { ...head, choices: [], usage: usageOf(done.usage) };
  }
}
