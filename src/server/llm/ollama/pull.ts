import { z } from "zod";
import { isAikoError } from "../../../errors.ts";
import { type Call, following } from "../call.ts";
import { jsonLines } from "../encoding.ts";
import { RequestError } from "../failure.ts";
import { flag, parseBody } from "../fields.ts";
import { model, modelOf } from "./options.ts";

const schema = z.object({ ...model, stream: flag, insecure: flag });

export async function pull(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = modelOf(call, body);
  const lines = linesOf(call, name);
  if (body.stream ?? true) return call.exchange.stream(lines, jsonLines);
  for await (const _ of lines);
  call.exchange.json({ status: "success" });
}

/** Clients wait for a last line "success". */
async function* linesOf(call: Call, name: string): AsyncGenerator<object> {
  try {
    const progress = following(call, call.source.pull(name, { signal: call.exchange.signal }));
    for await (const { status, completedBytes, totalBytes } of progress) {
      if (status !== "success") yield { status, total: totalBytes, completed: completedBytes };
    }
  } catch (error) {
    if (isAikoError(error, "UNSUPPORTED")) throw new RequestError(501, error.message);
    throw error;
  }
  yield { status: "success" };
}
