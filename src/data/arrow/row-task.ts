import { AikoError } from "../../errors.ts";
import { javascriptEngine, type TaskArray } from "../../runtime/javascript/index.ts";
import type { BadRow } from "../host/arrow.ts";

const module = new URL("../host/arrow.js", import.meta.url).href;

/** Runs a task over a column's memory, off the JavaScript thread where there is much. Rejects with INVALID_VALUE for a bad row. */
export async function rowTask<T = undefined>(
  task: string,
  name: string,
  arrays: readonly TaskArray[],
  parameters?: unknown,
): Promise<T> {
  const effort = arrays.reduce((sum, { length }) => sum + length, 0);
  const { value } = await javascriptEngine.run({ module, name: task, arrays, parameters, effort });
  if (isBad(value)) {
    throw new AikoError("INVALID_VALUE", {
      message: `Damaged Arrow data: row ${value.row} of a chunk of ${JSON.stringify(name)} ${value.why}`,
    });
  }
  return value as T;
}

function isBad(value: unknown): value is BadRow {
  return typeof value === "object" && value !== null && "why" in value;
}
