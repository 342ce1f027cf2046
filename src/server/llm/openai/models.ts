import type { ModelInfo } from "../../../llm/index.ts";
import { type Call, useModel, waiting } from "../call.ts";

export async function models(call: Call): Promise<void> {
  const known = await waiting(call, call.source.models({ signal: call.exchange.signal }));
  call.exchange.json({ object: "list", data: known.map((info) => modelOf(info.name, info)) });
}

export async function model(call: Call): Promise<void> {
  const name = useModel(call, call.rest);
  const info = await waiting(call, call.source.show(name, { signal: call.exchange.signal }));
  call.exchange.json(modelOf(name, info));
}

function modelOf(id: string, { modifiedAt }: ModelInfo) {
  const created = Math.floor((modifiedAt?.getTime() ?? 0) / 1000);
  return { id, object: "model", created, owned_by: "library" };
}
