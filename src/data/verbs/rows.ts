import { typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import type { PlanNode } from "../plan/node.ts";
import { predicateIn, sortKeysIn } from "./computed.ts";
import { checkedCount, distinctNames, fieldOf, positionOf } from "./names.ts";

export function filter(input: PlanNode, computed: unknown): PlanNode {
  const predicate = predicateIn(input.schema, computed, "filter");
  return { kind: "filter", schema: input.schema, input, predicate };
}

export function orderBy(input: PlanNode, items: readonly unknown[], most?: number): PlanNode {
  const keys = sortKeysIn(input.schema, items, most === undefined ? "orderBy" : "top");
  if (keys.length === 0) {
    throw new AikoError("INVALID_ARGUMENT", { message: "There is nothing to order by" });
  }
  const limit = most === undefined ? undefined : checkedCount(most, "The number of rows");
  return { kind: "sort", schema: input.schema, input, keys, ...(limit === undefined ? {} : { limit }) };
}

export function limit(input: PlanNode, count: number, offset: number): PlanNode {
  return {
    kind: "limit",
    schema: input.schema,
    input,
    count: checkedCount(count, "limit"),
    offset: checkedCount(offset, "offset"),
  };
}

export function distinct(input: PlanNode, names: readonly string[]): PlanNode {
  const { schema } = input;
  const columns = names.map((name) => positionOf(schema, name));
  const decides = columns.length === 0 ? schema : columns.map((at) => fieldOf(schema, at));
  const list = decides.find(({ type }) => type.kind === "list");
  if (list !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `distinct cannot compare the lists of "${list.name}"`,
      hint: 'Name the columns that decide: distinct("id").',
    });
  }
  return { kind: "distinct", schema, input, ...(columns.length === 0 ? {} : { columns }) };
}

/** A row for each item of a list. */
export function explode(input: PlanNode, name: string): PlanNode {
  const column = positionOf(input.schema, name);
  const field = fieldOf(input.schema, column);
  if (field.type.kind !== "list") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `explode takes a column of lists, and "${name}" is ${typeText(field.type)}`,
    });
  }
  const { item } = field.type;
  const schema = input.schema.map((one, at) => (at === column ? { name, type: item } : one));
  return { kind: "explode", schema, input, column };
}

export interface UnpivotParts {
  readonly keep: readonly string[];
  readonly columns: readonly string[];
  readonly names: string;
  readonly values: string;
}

/** A row for each of `columns`, with its name and its value. */
export function unpivot(input: PlanNode, { keep, columns, names, values }: UnpivotParts): PlanNode {
  const { schema } = input;
  const kept = keep.map((name) => positionOf(schema, name));
  const taken = columns.map((name) => positionOf(schema, name));
  const [first] = taken;
  if (first === undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: "unpivot takes at least one column" });
  }
  const { type } = fieldOf(schema, first);
  const other = taken
    .map((at) => fieldOf(schema, at))
    .find((field) => typeText(field.type) !== typeText(type));
  if (other !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `unpivot takes columns of one type: "${columns[0]}" is ${typeText(type)}, "${other.name}" ${typeText(other.type)}`,
      hint: "Cast them first: derive({ name: row => row.name.cast(...) }).",
    });
  }
  return {
    kind: "unpivot",
    schema: distinctNames(
      [
        ...kept.map((at) => fieldOf(schema, at)),
        { name: names, type: { kind: "utf8" } },
        { name: values, type },
      ],
      "unpivot",
    ),
    input,
    keep: kept,
    columns: taken,
  };
}
