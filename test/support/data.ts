import type { Schema } from "#src/core/column-type.js";
import { bindData, type DataFamily } from "#src/data/index.js";
import { Runtime } from "#src/runtime/index.js";

/** The family on a runtime without devices. */
export function cpuData(): DataFamily & AsyncDisposable {
  const runtime = new Runtime({ adapters: async () => [] });
  const data = bindData(runtime);
  return {
    ...data,
    [Symbol.asyncDispose]: async () => {
      await data.dispose();
      await runtime.dispose();
    },
  };
}

export type AnyRecord = Readonly<Record<string, unknown>>;

/** Rows as texts in an order of their own: a multiset. */
export function multiset(rows: Iterable<AnyRecord>): string[] {
  return [...rows].map(rowText).sort();
}

export function rowText(row: AnyRecord): string {
  return Object.entries(row)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(" ");
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") return Object.is(value, -0) ? "0" : String(Number(value.toPrecision(12)));
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? `[${value.map(valueText).join(",")}]` : String(value);
}

export function typesText(schema: Schema): string {
  return schema.map(({ name, type }) => `${name}:${type.kind}`).join(" ");
}
