import { describe, expect, it } from "vitest";
import { typeText } from "#src/core/column-type.js";
import {
  type ColumnBuilder,
  type ColumnExpression,
  column,
  count,
  literal,
  parseAggregates,
  parseColumns,
  parseExpression,
  parseSortKeys,
  parseType,
  when,
} from "#src/expression/column/index.js";
import { failure } from "../support/errors.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => column(name)) as [
  ColumnBuilder,
  ColumnBuilder,
  ColumnBuilder,
];

describe("parseExpression", () => {
  const same: readonly (readonly [string, { readonly expression: ColumnExpression }])[] = [
    ["a", a],
    ["a + b * c", a.add(b.multiply(c))],
    ["(a + b) * c", a.add(b).multiply(c)],
    ["a - b - c", a.subtract(b).subtract(c)],
    ["a // 2 % b", a.floorDivide(2).modulo(b)],
    ["-a ** 2", a.power(2).negate()],
    ["a ** b ** c", a.power(b.power(c))],
    ["a > 3 and b like 'N%' and c", a.greater(3).and(b.like("N%"), c)],
    ["a or b and not c", a.or(b.and(c.not()))],
    ["not a = b", a.equal(b).not()],
    ["a == 1.5e3", a.equal(1500)],
    ["a <> 'it''s'", a.notEqual("it's")],
    ['"a b" is not null', column("a b").isNotNull()],
    ["a in (1, 2, null)", a.isIn([1, 2, null])],
    ["a not in (1)", a.isIn([1]).not()],
    ["a between 1 and 2 and b", a.greaterEqual(1).and(a.lessEqual(2), b)],
    ["a not ilike '%x'", a.ilike("%x").not()],
    ["case when a then 1 when b then 2 else 3 end", when(a).then(1).when(b).then(2).otherwise(3)],
    ["case a when 1 then b end", when(a.equal(1)).then(b)],
    ["cast(a as decimal(12, 2))", a.cast("decimal(12, 2)")],
    ["a::int32 + 1", a.cast("int32").add(1)],
    ["try_cast(a as date)", a.tryCast("date")],
    ["starts_with(a, 'x') or startsWith(a, 'y')", a.startsWith("x").or(a.startsWith("y"))],
    ["date '2024-01-01' <= a", literal("2024-01-01", "date").lessEqual(a)],
    ["date_trunc('month', a)", a.dateTrunc("month")],
    ["extract(year from a)", a.year()],
    ["a is distinct from b", a.isDistinctFrom(b)],
    ["date = 1 -- the rest is a remark", column("date").equal(1)],
    ["a + interval '3 hours'", a.add(literal(10_800n, "duration(s)"))],
    ["a = 12345678901234567890", a.equal(12_345_678_901_234_567_890n)],
    ["a = -5", a.equal(-5)],
    ["größe > 1", column("größe").greater(1)],
  ];
  it.each(same)("reads %s", (text, built) => {
    const plain = (value: unknown) =>
      JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `${each}n` : each));
    const numbers = (text: string) => text.replaceAll(/"(\d+)n"/g, "$1");
    expect(numbers(plain(parseExpression(text)))).toBe(numbers(plain(built.expression)));
  });

  const mistakes: readonly (readonly [string, RegExp])[] = [
    ["", /found the end, at column 1/],
    ["a +", /found the end, at column 4/],
    ["a b", /"b" is not expected here, at column 3:\n {2}a b\n {4}\^/],
    ["(a", /Expected "\)", found the end/],
    ["a = 'x", /no end/],
    ["a ? b", /"\?" is not understood, at column 3/],
    ["lenght(a)", /There is no function lenght/],
    ["sum(a) > 1", /function of many rows/],
    ["a is 3", /Expected null/],
    ["case 1 end", /Expected "when"/],
    ["cast(a as int33)", /no type of a column: did you mean int32/],
    ["date '2024-13-01'", /is no date/],
    ["a and\nb and )", /line 2, column 7/],
    ["a + interval '3 months'", /interval/],
  ];
  it.each(mistakes)("refuses %j", async (text, message) => {
    const error = await failure(() => parseExpression(text), "INVALID_ARGUMENT");
    expect(error.message).toMatch(message);
  });

  it("suggests a function", async () => {
    const error = await failure(() => parseExpression("lenght(a)"), "INVALID_ARGUMENT");
    expect(error.hint).toBe("Did you mean length?");
  });

  it("refuses deep nesting before the stack ends, and takes long chains", async () => {
    await failure(() => parseExpression(`${"(".repeat(100_000)}a`), "INVALID_ARGUMENT");
    await failure(() => parseExpression("-".repeat(100_000)), "INVALID_ARGUMENT");
    const chain = parseExpression(Array.from({ length: 5000 }, (_, at) => `a = ${at}`).join(" or "));
    expect(chain.kind === "call" && chain.operands.length).toBe(5000);
  });
});

it("reads aggregates, sort keys and columns", async () => {
  expect(parseAggregates("count(), mean(speed) as m, sum(a*b), count(distinct c), quantile(a, 0.9)")).toEqual(
    [
      { name: "count()", aggregate: count().aggregate },
      { name: "m", aggregate: column("speed").mean().aggregate },
      { name: "sum(a*b)", aggregate: a.multiply(b).sum().aggregate },
      { name: "count(distinct c)", aggregate: c.countDistinct().aggregate },
      { name: "quantile(a, 0.9)", aggregate: a.quantile(0.9).aggregate },
    ],
  );
  expect(parseSortKeys("a desc, b nulls first, c asc nulls last")).toEqual([
    a.desc(),
    b.asc({ nulls: "first" }),
    c.asc(),
  ]);
  expect(parseColumns('a, b * 2 as "two b"').map(({ name }) => name)).toEqual(["a", "two b"]);
  const error = await failure(() => parseAggregates("means(a)"), "INVALID_ARGUMENT");
  expect(error.hint).toBe("Did you mean mean?");
  await failure(() => parseAggregates("quantile(a, 2)"), "INVALID_ARGUMENT");
});

it("reads types as they are written", async () => {
  const types = [
    "int8",
    "uint64",
    "decimal(38, 10)",
    "timestamp(us, UTC)",
    "duration(s)",
    "list(int32)",
    "utf8",
    "date",
  ];
  for (const text of types) expect(typeText(parseType(text))).toBe(text);
  for (const text of [
    "",
    "decimal(39, 1)",
    "decimal(3, 4)",
    "timestamp(h)",
    "timestamp(us, Mars)",
    "list(list(int8))",
    "int8(3)",
  ]) {
    await failure(() => parseType(text), "INVALID_ARGUMENT");
  }
});
