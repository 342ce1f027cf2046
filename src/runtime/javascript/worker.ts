import { parentPort } from "node:worker_threads";
import { loadFfi } from "../../core/ffi.ts";
import { type AikoError, toAikoError } from "../../errors.ts";
import { loadTask, type TaskArray } from "./task.ts";

/** An array of another thread. Addresses mean the same in every thread. */
export interface ArrayAddress {
  readonly type: string;
  readonly address: bigint | number;
  readonly length: number;
}

export interface TaskRequest {
  readonly id: number;
  readonly module: string;
  readonly name: string;
  readonly arrays: readonly ArrayAddress[];
  readonly parameters: unknown;
}

export type TaskReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ReturnType<AikoError["toJSON"]> };

const koffi = await loadFfi();

const constructors = {
  Float32Array,
  Float64Array,
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
} as const;

parentPort?.on("message", async ({ id, module, name, arrays, parameters }: TaskRequest) => {
  let reply: TaskReply;
  try {
    const task = await loadTask(module, name);
    reply = { id, value: task(arrays.map(viewOf), parameters as never) };
  } catch (error) {
    reply = { id, error: toAikoError(error).toJSON() };
  }
  const moved = "value" in reply && reply.value instanceof ArrayBuffer ? [reply.value] : [];
  parentPort?.postMessage(reply, moved);
});

function viewOf({ type, address, length }: ArrayAddress): TaskArray {
  const array = constructors[type as keyof typeof constructors];
  if (length === 0) return new array(0);
  return new array(koffi.view(address, length * array.BYTES_PER_ELEMENT));
}
