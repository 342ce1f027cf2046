import { expect, it } from "vitest";
import { type Schema, typeText } from "#src/core/column-type.js";
import {
  aggregateType,
  type ColumnExpression,
  column,
  parseExpression,
  parseType,
  resolve,
  resolveAggregate,
  resolvePredicate,
  rowOf,
} from "#src/expression/column/index.js";
import { failure } from "../support/errors.ts";

const kinds = [
  "int8",
  "int32",
  "int64",
  "uint8",
  "uint32",
  "uint64",
  "float32",
  "float64",
  "bool",
  "utf8",
  "date",
];
const schema: Schema = [
  ...kinds.map((name) => ({ name, type: parseType(name) })),
  { name: "price", type: parseType("decimal(12, 2)") },
  { name: "tax", type: parseType("decimal(6, 4)") },
  { name: "at", type: parseType("timestamp(us)") },
  { name: "zoned", type: parseType("timestamp(ms, UTC)") },
  { name: "took", type: parseType("duration(ms)") },
  { name: "tags", type: parseType("list(int32)") },
];

const typeOf = (text: string) => typeText(resolve(parseExpression(text), schema).type);

it.each([
  ["int8 + int8", "int64"],
  ["uint8 * uint32", "int64"],
  ["uint64 + uint8", "uint64"],
  ["uint64 + 1", "uint64"],
  ["uint64 + int8", "int64"],
  ["int32 / 2", "float64"],
  ["int32 // 2", "int64"],
  ["float32 + float32", "float32"],
  ["float32 * 0.5", "float32"],
  ["float32 + int8", "float64"],
  ["float32 + float64", "float64"],
  ["price + tax", "decimal(15, 4)"],
  ["price * tax", "decimal(18, 6)"],
  ["price * 2", "decimal(13, 2)"],
  ["price * 0.05", "decimal(14, 4)"],
  ["price + int32", "decimal(13, 2)"],
  ["price * float64", "float64"],
  ["price / 3", "float64"],
  ["round(price, 1)", "decimal(12, 1)"],
  ["floor(price)", "decimal(11, 0)"],
  ["floor(int32)", "int32"],
  ["sqrt(float32)", "float64"],
  ["at - at", "duration(us)"],
  ["at + took", "timestamp(us)"],
  ["date + took", "timestamp(ms)"],
  ["zoned + took", "timestamp(ms, UTC)"],
  ["year(date)", "int64"],
  ["date_trunc('month', date)", "date"],
  ["date_diff('day', date, at)", "int64"],
  ["coalesce(int8, int32)", "int32"],
  ["coalesce(uint64, int64)", "decimal(20, 0)"],
  ["case when bool then int8 else 1000 end", "int64"],
  ["case when bool then date end", "date"],
  ["concat(utf8, int32)", "utf8"],
  ["int32 > 3 and bool", "bool"],
  ["at > '2024-01-01'", "bool"],
  ["1 + 1", "int64"],
  ["null", "int64"],
])("%s is %s", (text, type) => {
  expect(typeOf(text)).toBe(type);
});

it("gives operands the types that they are computed with, and computes what is known", () => {
  const compared = resolve(parseExpression("int32 > 3"), schema);
  expect(compared).toMatchObject({ operands: [{ kind: "column" }, { value: 3, type: { kind: "int32" } }] });
  expect(resolve(parseExpression("2 * 3 + 1"), schema)).toMatchObject({ kind: "literal", value: 7n });
  expect(resolve(parseExpression("bool and 1 > 2"), schema)).toMatchObject({ kind: "literal", value: false });
  expect(resolve(parseExpression("date = '2024-02-29'"), schema)).toMatchObject({
    operands: [{}, { value: 19_782, type: { kind: "date" } }],
  });
  expect(resolve(parseExpression("case when false then 1 // 0 else int8 end"), schema)).toMatchObject({
    kind: "cast",
  });
});

it.each([
  ["int33 > 1", "INVALID_ARGUMENT", /no column "int33"/],
  ["utf8 + 1", "INVALID_ARGUMENT", /add takes numbers.* not utf8 and int64/],
  ["int32 = 'x'", "INVALID_ARGUMENT", /equal cannot mix int32 and utf8/],
  ["at > 'soon'", "INVALID_ARGUMENT", /"soon" is no date or time/],
  ["int32 and bool", "INVALID_ARGUMENT", /condition is bool, not int32/],
  ["year(int32)", "INVALID_ARGUMENT", /year takes dates and timestamps/],
  ["lower(int32)", "INVALID_ARGUMENT", /lower takes text/],
  ["substring(utf8)", "INVALID_ARGUMENT", /substring takes 2 to 3 operands, got 1/],
  ["date_trunc('fortnight', at)", "INVALID_ARGUMENT", /part of time/],
  ["price * price * price * price", "INVALID_ARGUMENT", /48 digits/],
  ["utf8 like 'a\\'", "INVALID_ARGUMENT", /ends in a backslash/],
  ["tags = tags", "INVALID_ARGUMENT", /single values/],
  ["tags::int32", "INVALID_ARGUMENT", /list\(int32\) cannot be cast/],
  ["case when bool then 1 else utf8 end", "INVALID_ARGUMENT", /cannot mix/],
] as const)("refuses %s", async (text, code, message) => {
  const error = await failure(() => resolve(parseExpression(text), schema), code);
  expect(error.message).toMatch(message);
});

it("refuses what is no predicate, too deep, or no aggregate", async () => {
  await failure(() => resolvePredicate(parseExpression("int32"), schema), "INVALID_ARGUMENT");
  expect(resolvePredicate(parseExpression("null"), schema)).toMatchObject({
    value: null,
    type: { kind: "bool" },
  });
  let deep: ColumnExpression = column("int32").expression;
  for (let at = 0; at < 50_000; at++) deep = { kind: "call", name: "negate", operands: [deep] };
  await failure(() => resolve(deep, schema), "INVALID_ARGUMENT");
  await failure(() => resolveAggregate(column("utf8").sum().aggregate, schema), "INVALID_ARGUMENT");
  await failure(() => column("a").quantile(1.5), "INVALID_ARGUMENT");
  expect(typeText(aggregateType("sum", parseType("uint8")))).toBe("uint64");
  expect(typeText(aggregateType("sum", parseType("decimal(5, 2)")))).toBe("decimal(38, 2)");
  expect(typeText(aggregateType("mean", parseType("int8")))).toBe("float64");
});

it("suggests a column, in rows too", async () => {
  const unknown = await failure(() => resolve(parseExpression("pric > 1"), schema), "INVALID_ARGUMENT");
  expect(unknown.hint).toBe('Did you mean "price"?');
  const row = rowOf(schema);
  expect(row.price?.expression).toEqual({ kind: "column", name: "price" });
  await failure(() => row.prize, "INVALID_ARGUMENT");
});
