import { z } from "zod";
import type { ModelInfo } from "../../../llm/index.ts";
import { type Call, waiting } from "../call.ts";
import { flag, parseBody } from "../fields.ts";
import { model, modelOf } from "./options.ts";

/** How Ollama writes "not known" and "never". */
const noTime = "0001-01-01T00:00:00Z";
const never = "9999-12-31T23:59:59Z";
const longList = 16;

const showSchema = z.object({ ...model, verbose: flag });

export async function tags(call: Call): Promise<void> {
  const { signal } = call.exchange;
  const models = await waiting(call, call.source.models({ signal }));
  call.exchange.json({
    models: models.map((info) => ({
      name: info.name,
      model: info.name,
      modified_at: info.modifiedAt?.toISOString() ?? noTime,
      size: info.bytes ?? 0,
      digest: info.digest ?? "",
      details: detailsOf(info),
      capabilities: info.capabilities,
      context_length: info.contextLength,
    })),
  });
}

export async function ps(call: Call): Promise<void> {
  const { signal } = call.exchange;
  const { source } = call;
  const [running, known] = await waiting(
    call,
    Promise.all([source.running({ signal }), source.models({ signal })]),
  );
  call.exchange.json({
    models: running.map((one) => {
      const info = known.find(({ name }) => name === one.name);
      return {
        name: one.name,
        model: one.name,
        size: one.bytes ?? 0,
        digest: info?.digest ?? "",
        details: detailsOf(info),
        expires_at: one.expiresAt?.toISOString() ?? never,
        size_vram: one.gpuBytes ?? 0,
        context_length: one.contextLength ?? 0,
      };
    }),
  });
}

export async function show(call: Call): Promise<void> {
  const body = parseBody(showSchema, call.body);
  const name = modelOf(call, body);
  const info = await waiting(call, call.source.show(name, { signal: call.exchange.signal }));
  const template = info.template ?? "";
  call.exchange.json({
    modelfile: `FROM ${name}\n${template === "" ? "" : `TEMPLATE """${template}"""\n`}`,
    parameters: "",
    template,
    details: detailsOf(info),
    model_info: metadataOf(info, body.verbose ?? false),
    capabilities: info.capabilities ?? [],
    modified_at: info.modifiedAt?.toISOString() ?? noTime,
  });
}

function detailsOf(info: ModelInfo | undefined) {
  return {
    parent_model: "",
    format: "gguf",
    family: info?.family ?? "",
    families: info?.family === undefined ? [] : [info.family],
    parameter_size: info?.parameters ?? "",
    quantization_level: info?.quantization ?? "",
  };
}

/** Long lists, such as a vocabulary, are null unless asked for. */
function metadataOf({ metadata = {} }: ModelInfo, verbose: boolean): object {
  const entries = Object.entries(metadata).map(([name, value]) => {
    const isLong =
      (Array.isArray(value) || ArrayBuffer.isView(value)) && Object.keys(value).length > longList;
    return [name, isLong && !verbose ? null : plain(value)];
  });
  return Object.fromEntries(entries);
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number | bigint>, plain);
  }
  return Array.isArray(value) ? value.map(plain) : value;
}
