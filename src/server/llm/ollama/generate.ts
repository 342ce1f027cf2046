import { z } from "zod";
import type { GenerateRequest, Piece } from "../../../llm/index.ts";
import { type Call, piecesOf, waiting } from "../call.ts";
import { jsonLines } from "../encoding.ts";
import {
  badField,
  flag,
  formatOf,
  image,
  keepAlive,
  keepAliveOf,
  parseBody,
  requireShallow,
  text,
  think,
  thinkOf,
} from "../fields.ts";
import { collect } from "../pieces.ts";
import { ending, now } from "./lines.ts";
import { model, modelOf, options, samplingFrom } from "./options.ts";

const schema = z.object({
  ...model,
  prompt: text,
  suffix: text,
  system: text,
  template: text,
  context: z.array(z.number()).nullish(),
  images: z.array(image).nullish(),
  format: z.unknown().optional(),
  stream: flag,
  raw: flag,
  think,
  logprobs: flag,
  keep_alive: keepAlive,
  options,
});

export async function generate(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = modelOf(call, body);
  refuseUnknown(body);
  const request: GenerateRequest = {
    model: name,
    prompt: body.prompt ?? "",
    suffix: body.suffix || undefined,
    system: body.system || undefined,
    images: body.images ?? undefined,
    format: formatOf(body.format),
    raw: body.raw ?? undefined,
    think: thinkOf(body.think),
    sampling: samplingFrom(call, body.options),
    keepAliveMs: keepAliveOf(body.keep_alive, call.keepAliveMs),
  };
  requireShallow(request.format, "format");
  if (request.prompt === "" && request.suffix === undefined) {
    return loadOnly(call, name, request.keepAliveMs, { response: "" });
  }
  await call.admitted(async () => {
    const pieces = piecesOf(call, (using) => call.source.generate(request, using));
    if (body.stream ?? true) {
      return call.exchange.stream(linesOf(call, name, pieces), jsonLines);
    }
    const { text: response, thinking, done } = await collect(pieces);
    call.exchange.json({
      model: name,
      created_at: now(),
      response,
      thinking: thinking || undefined,
      ...ending(call.exchange, done),
    });
  });
}

async function* linesOf(call: Call, name: string, pieces: AsyncIterable<Piece>): AsyncGenerator<object> {
  for await (const { text: response, thinking, done } of pieces) {
    const line = { model: name, created_at: now(), response, thinking };
    yield done === undefined ? { ...line, done: false } : { ...line, ...ending(call.exchange, done) };
  }
}

/** A request that asks for nothing loads the model, or with keep_alive 0 unloads it. */
export async function loadOnly(
  call: Call,
  name: string,
  keepAliveMs: number | undefined,
  answer: object,
): Promise<void> {
  const { signal } = call.exchange;
  await call.admitted(() => waiting(call, call.source.load(name, { keepAliveMs, signal })));
  const done_reason = keepAliveMs === 0 ? "unload" : "load";
  call.exchange.json({ model: name, created_at: now(), ...answer, done: true, done_reason });
}

function refuseUnknown(body: z.output<typeof schema>): void {
  if (body.template)
    throw badField("template", "not supported: models use their own; raw takes a prompt as it is");
  if (body.context?.length) throw badField("context", "not supported: send the conversation to /api/chat");
  if (body.logprobs) throw badField("logprobs", "not supported");
}
