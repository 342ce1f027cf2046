import { z } from "zod";
import { type Call, type Handler, waiting } from "../call.ts";
import { RequestError } from "../failure.ts";
import { badField, parseBody, text } from "../fields.ts";
import { model, modelOf } from "./options.ts";

const named = z.object(model);
const copied = z.object({ source: text, destination: text });

const reason = "models are managed where they are kept, not through this server";

/** Changes to a model: 404 where there is none of that name, else 501. */
export function refuseChange(verb: string): Handler {
  return async (call) => {
    const name = modelOf(call, parseBody(named, call.body));
    await mustExist(call, name);
    throw new RequestError(501, `cannot ${verb} "${name}": ${reason}`);
  };
}

export const refuseCreate: Handler = async (call) => {
  const name = modelOf(call, parseBody(named, call.body));
  throw new RequestError(501, `cannot create "${name}": ${reason}`);
};

export const refuseCopy: Handler = async (call) => {
  const { source, destination } = parseBody(copied, call.body);
  if (!source) throw badField("source", "is required");
  if (!destination) throw badField("destination", "is required");
  call.exchange.model = source;
  await mustExist(call, source);
  throw new RequestError(501, `cannot copy "${source}": ${reason}`);
};

export const refuseBlob: Handler = async () => {
  throw new RequestError(501, `cannot keep blobs: ${reason}`);
};

export const noBlob: Handler = async ({ rest }) => {
  throw new RequestError(404, `blob "${rest}" not found`);
};

async function mustExist(call: Call, name: string): Promise<void> {
  await waiting(call, call.source.show(name, { signal: call.exchange.signal }));
}
