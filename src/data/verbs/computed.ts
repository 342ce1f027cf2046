import type { Field, Schema } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { expressionOf } from "../../expression/column/builder.ts";
import {
  type Aggregate,
  AggregateBuilder,
  ColumnBuilder,
  type ColumnExpression,
  parseAggregates,
  parseExpression,
  type ResolvedExpression,
  resolve,
  resolveAggregate,
  rowOf,
  type SortKey,
  typeOfAggregate,
} from "../../expression/column/index.ts";
import { fieldOf, positionOf } from "./names.ts";

/** What computes a value of a row: `row => row.speed.multiply(2)`, a built expression, its text, or a value. */
export type AnyComputed = unknown;

function called(schema: Schema, computed: unknown): unknown {
  return typeof computed === "function" ? (computed as (row: unknown) => unknown)(rowOf(schema)) : computed;
}

/** An expression over a schema. Throws INVALID_ARGUMENT for unknown columns and types that do not go together. */
export function expressionIn(schema: Schema, computed: AnyComputed, verb: string): ResolvedExpression {
  return resolve(untyped(schema, computed, verb), schema);
}

function untyped(schema: Schema, computed: AnyComputed, verb: string): ColumnExpression {
  if (typeof computed === "string") return parseExpression(computed);
  const value = called(schema, computed);
  if (value instanceof AggregateBuilder) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${verb} takes a value of each row, and ${value.aggregate.function} is one of many rows`,
      hint: "Use it in aggregate, or in window.",
    });
  }
  if (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof ColumnBuilder)
  ) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${verb} got an object that is no expression`,
      hint: 'Pass row => row.name..., or text such as "speed > 10".',
    });
  }
  return expressionOf(value);
}

/** A predicate over a schema. Throws INVALID_ARGUMENT for what is not a bool. */
export function predicateIn(schema: Schema, computed: AnyComputed, verb: string): ResolvedExpression {
  const predicate = expressionIn(schema, computed, verb);
  if (predicate.type.kind === "bool") return predicate;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${verb} takes a bool, got ${predicate.type.kind}`,
    hint: "Compare it: row.name.greater(0).",
  });
}

export interface NamedExpression {
  readonly field: Field;
  readonly expression: ResolvedExpression;
}

/** A column of the schema as it is. */
export function columnAt(schema: Schema, index: number): NamedExpression {
  const field = fieldOf(schema, index);
  return { field, expression: { kind: "column", index, type: field.type } };
}

export function columnNamed(schema: Schema, name: string): NamedExpression {
  return columnAt(schema, positionOf(schema, name));
}

/** Names of columns, or objects of names and what computes them. */
export function namedExpressions(
  schema: Schema,
  items: readonly unknown[],
  verb: string,
): readonly NamedExpression[] {
  return items.flatMap((item) => {
    if (typeof item === "string") return [columnNamed(schema, item)];
    if (Array.isArray(item)) return namedExpressions(schema, item, verb);
    if (typeof item !== "object" || item === null || item instanceof ColumnBuilder) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${verb} takes names of columns, or { name: row => ... }`,
        hint: "A computed column needs a name.",
      });
    }
    return Object.entries(item).map(([name, computed]) => {
      const expression = expressionIn(schema, computed, `${verb} "${name}"`);
      return { field: { name, type: expression.type }, expression };
    });
  });
}

export interface NamedAggregate {
  readonly field: Field;
  readonly aggregate: Aggregate<ResolvedExpression>;
}

/** Throws INVALID_ARGUMENT for what is no function of many rows. */
export function aggregateIn(
  schema: Schema,
  computed: AnyComputed,
  verb: string,
): Aggregate<ResolvedExpression> {
  const value =
    typeof computed === "string" ? parseAggregates(computed)[0]?.aggregate : called(schema, computed);
  const aggregate = value instanceof AggregateBuilder ? value.aggregate : value;
  if (typeof aggregate === "object" && aggregate !== null && "function" in aggregate) {
    return resolveAggregate(aggregate as Aggregate, schema);
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${verb} takes a function of many rows`,
    hint: "As in row => row.speed.mean(), or count().",
  });
}

export function namedAggregates(
  schema: Schema,
  columns: Readonly<Record<string, unknown>>,
  verb: string,
): readonly NamedAggregate[] {
  return Object.entries(columns).map(([name, computed]) => {
    const aggregate = aggregateIn(schema, computed, `${verb} "${name}"`);
    return { field: { name, type: typeOfAggregate(aggregate) }, aggregate };
  });
}

/** Keys to sort by: names of columns, a minus before one for descending order, or expressions with asc() or desc(). */
export function sortKeysIn(
  schema: Schema,
  items: readonly unknown[],
  verb: string,
): readonly SortKey<ResolvedExpression>[] {
  const keys = items.flatMap((item): readonly SortKey<ResolvedExpression>[] => {
    if (typeof item === "string") return [sortKeyNamed(schema, item)];
    const value = called(schema, item);
    if (Array.isArray(value)) return sortKeysIn(schema, value, verb);
    if (isSortKey(value)) return [{ ...value, expression: resolve(value.expression, schema) }];
    const expression = expressionIn(schema, value, verb);
    return [{ expression, descending: false, nullsFirst: false }];
  });
  const list = keys.find(({ expression }) => expression.type.kind === "list");
  if (list === undefined) return keys;
  throw new AikoError("INVALID_ARGUMENT", { message: `${verb} cannot order lists` });
}

function sortKeyNamed(schema: Schema, name: string): SortKey<ResolvedExpression> {
  const isPlain = schema.some((field) => field.name === name);
  const descending = !isPlain && name.startsWith("-");
  const { expression } = columnNamed(schema, descending ? name.slice(1) : name);
  return { expression, descending, nullsFirst: false };
}

function isSortKey(value: unknown): value is SortKey {
  return typeof value === "object" && value !== null && "descending" in value && "expression" in value;
}
