import type { Field, Schema } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { unknownColumn } from "../../expression/column/index.ts";

/** Where a column is. Throws INVALID_ARGUMENT for a name that there is not. */
export function positionOf(schema: Schema, name: string): number {
  const at = schema.findIndex((field) => field.name === name);
  if (at >= 0) return at;
  if (typeof name !== "string") {
    throw new AikoError("INVALID_ARGUMENT", { message: `${String(name)} is no name of a column` });
  }
  throw unknownColumn(name, schema);
}

export function fieldOf(schema: Schema, index: number): Field {
  const field = schema[index];
  if (field !== undefined) return field;
  throw new AikoError("INTERNAL", { message: `There is no column ${index} of ${schema.length}` });
}

/** The schema itself. Throws INVALID_ARGUMENT where two columns have one name, or one has none. */
export function distinctNames(schema: Schema, verb: string): Schema {
  const seen = new Set<string>();
  for (const { name } of schema) {
    if (typeof name !== "string" || name === "") {
      throw new AikoError("INVALID_ARGUMENT", { message: `${verb}: a column has no name` });
    }
    if (seen.has(name)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${verb} would give two columns the name "${name}"`,
        hint: "Rename one of them, or drop it.",
      });
    }
    seen.add(name);
  }
  return schema;
}

/** Throws INVALID_ARGUMENT for what is no whole number from `least` up. */
export function checkedCount(value: number, what: string, least = 0): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${what} is a whole number from ${least} up, got ${String(value)}`,
  });
}
