import type { Schema } from "../../core/column-type.ts";
import { suggest } from "../../core/suggest.ts";
import { AikoError } from "../../errors.ts";
import type { Row, RowKinds } from "./builder-types.ts";
import { column } from "./make.ts";

/** The columns of a schema by name, for `filter(row => ...)`. Another name throws INVALID_ARGUMENT with a suggestion. */
export function rowOf<C extends RowKinds = Readonly<Record<string, "any">>>(schema: Schema): Row<C> {
  const columns = Object.fromEntries(schema.map(({ name }) => [name, column(name)]));
  return new Proxy(Object.assign(Object.create(null), columns), {
    get(target, name) {
      if (typeof name === "symbol") return undefined;
      const found = target[name];
      if (found === undefined && name !== "then" && name !== "toJSON") throw unknownColumn(name, schema);
      return found;
    },
  });
}

export function unknownColumn(name: string, schema: Schema): AikoError {
  const names = schema.map((field) => field.name);
  const close = suggest(name, names);
  const shown = names.slice(0, 12).join(", ");
  return new AikoError("INVALID_ARGUMENT", {
    message: `There is no column "${name}"`,
    hint:
      close === undefined
        ? `Columns are: ${names.length > 12 ? `${shown}, and ${names.length - 12} more` : shown}.`
        : `Did you mean "${close}"?`,
  });
}
