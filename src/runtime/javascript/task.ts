import { AikoError } from "../../errors.ts";

/** Typed arrays that a task reads and writes in place. */
export type TaskArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/**
 * A pure function over typed arrays, exported by a module by name. What it returns is cloned to the caller, an
 * ArrayBuffer is moved; what it throws keeps its code.
 */
export type Task = (arrays: readonly TaskArray[], parameters: never) => unknown;

/** The exported task of a module. */
export async function loadTask(module: string, name: string): Promise<Task> {
  const exported: Readonly<Record<string, unknown>> = await import(module);
  const task = exported[name];
  if (typeof task === "function") return task as Task;
  throw new AikoError("INTERNAL", { message: `${module} exports no task "${name}"` });
}
