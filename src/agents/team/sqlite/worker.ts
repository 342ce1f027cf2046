import { parentPort } from "node:worker_threads";
import { type AikoError, toAikoError } from "../../../errors.ts";
import { CheckpointDatabase, type OpenOptions } from "./database.ts";

type Methods = Pick<CheckpointDatabase, "put" | "latest" | "at" | "history" | "threads" | "delete" | "close">;

export interface DatabaseRequest {
  readonly id: number;
  readonly method: "open" | keyof Methods;
  readonly values: readonly unknown[];
}

export type DatabaseReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ReturnType<AikoError["toJSON"]> };

let database: CheckpointDatabase | undefined;

async function answer({ method, values }: DatabaseRequest): Promise<unknown> {
  if (method === "open") {
    database = await CheckpointDatabase.open(values[0] as OpenOptions);
    return undefined;
  }
  const call = database?.[method] as ((...values: readonly unknown[]) => unknown) | undefined;
  return call?.apply(database, [...values]);
}

parentPort?.on("message", async (request: DatabaseRequest) => {
  const { id } = request;
  let reply: DatabaseReply;
  try {
    reply = { id, value: await answer(request) };
  } catch (error) {
    reply = { id, error: toAikoError(error).toJSON() };
  }
  parentPort?.postMessage(reply);
});
