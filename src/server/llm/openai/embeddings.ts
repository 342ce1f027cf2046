import { z } from "zod";
import type { Embeddings } from "../../../llm/index.ts";
import { type Call, waiting } from "../call.ts";
import { parseBody } from "../fields.ts";
import { tokensOf } from "../pieces.ts";
import { nameModel } from "./options.ts";

const words = "expected a text, or a list of texts; tokens are not taken";

const schema = z.object({
  model: z.string().min(1),
  input: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)], { error: words }),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
});

export async function embeddings(call: Call): Promise<void> {
  const body = parseBody(schema, call.body);
  const name = nameModel(call, body);
  const { signal } = call.exchange;
  const request = {
    model: name,
    input: [body.input].flat(),
    dimensions: body.dimensions ?? undefined,
    keepAliveMs: call.keepAliveMs,
  };
  const result = await call.admitted(() => waiting(call, call.source.embed(request, { signal })));
  await call.exchange.jsonParts(parts(name, result, body.encoding_format === "base64"));
}

function* parts(name: string, { embeddings: rows, usage }: Embeddings, isBase64: boolean): Generator<string> {
  const { prompt } = tokensOf(usage);
  const counts = { prompt_tokens: prompt, total_tokens: prompt };
  yield `${JSON.stringify({ object: "list", model: name, usage: counts }).slice(0, -1)},"data":[`;
  for (const [index, row] of rows.entries()) {
    const embedding = isBase64 ? littleEndian(row).toString("base64") : Array.from(row);
    yield `${index > 0 ? "," : ""}${JSON.stringify({ object: "embedding", index, embedding })}`;
  }
  yield "]}";
}

function littleEndian(row: Float32Array): Buffer {
  const bytes = Buffer.alloc(row.length * 4);
  for (const [at, value] of row.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes;
}
