import { afterAll, beforeAll, expect, it } from "vitest";
import { isAikoError } from "#src/errors.js";
import type { Value } from "#src/expression/column/cast-value.js";
import { compileOnHost } from "#src/expression/column/host/compile.js";
import {
  aggregateToSql,
  type ColumnExpression,
  column,
  parseAggregates,
  parseType,
  partsOfResolved,
  quoteName,
  type ResolvedExpression,
  resolve,
  resolveAggregate,
  resolveSortKey,
  sortKeyToSql,
  sqlType,
  toSql,
  typeOfAggregate,
} from "#src/expression/column/index.js";
import { difference } from "./agree.ts";
import { engineWith } from "./engine.ts";
import { Generator, randomOf, schema, valuesOf } from "./generator.ts";

const rows = 40;
const random = randomOf(7);
const columns = schema.map(({ type }) => valuesOf(type, rows, random));
const columnSql = (index: number) => quoteName(schema[index]?.name ?? "");
let engine: Awaited<ReturnType<typeof engineWith>>;

beforeAll(async () => {
  engine = await engineWith(
    schema.map(({ name }) => name),
    schema.map(({ type }) => type),
    columns,
  );
});

afterAll(() => engine.close());

it("means the same on the host and in the engine", async () => {
  const generator = new Generator(Number(process.env.SEED ?? 1));
  let resolved = 0;
  let failed = 0;
  const problems: string[] = [];
  /** The engine takes some branches that it does not need, and turns `7 = -x` into `x = -7`, which cannot overflow. */
  const doubtful: string[] = [];
  for (let at = 0; at < Number(process.env.COUNT ?? 400); at++) {
    const expression = generator.any(3);
    const typed = attempt(() => resolve(expression, schema));
    if (typed === undefined) continue;
    resolved++;
    const about = `${at}: ${toSql(typed, columnSql)}`;
    const read = compileOnHost(
      typed,
      columns.map((column) => (row) => column[row] ?? null),
    );
    const ours = Array.from({ length: rows }, (_, row) => attempt(() => read(row)));
    const bad = ours.indexOf(undefined);
    if (bad >= 0) {
      failed++;
      const alone = await engine.column(toSql(typed, columnSql), typed.type, bad);
      if (!(alone instanceof Error))
        problems.push(`${about}\nrow ${bad}: ours fails, the engine's ${alone[0]}`);
      continue;
    }
    const theirs = await engine.column(toSql(typed, columnSql), typed.type);
    if (theirs instanceof Error && isLazy(typed)) {
      doubtful.push(`${about}\n${theirs.message}`);
      continue;
    }
    const why =
      theirs instanceof Error ? theirs.message : difference(ours as (Value | null)[], theirs, typed.type);
    if (why !== undefined) problems.push(`${about}\n${why}`);
  }
  expect(problems).toEqual([]);
  expect(doubtful.length, doubtful.join("\n")).toBeLessThan(Math.max(5, resolved / 100));
  expect(resolved).toBeGreaterThan(100);
  expect(failed).toBeGreaterThan(10);
}, 60_000);

function isLazy(node: ResolvedExpression): boolean {
  if (node.kind === "case") return true;
  if (node.kind === "call" && ["and", "or", "coalesce"].includes(node.name)) return true;
  return partsOfResolved(node).some(isLazy);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isAikoError(error) && ["INVALID_ARGUMENT", "OVERFLOW", "INVALID_VALUE"].includes(error.code))
      return undefined;
    throw error;
  }
}

it("a predicate, its opposite and its being null share all rows", async () => {
  const generator = new Generator(99);
  let tried = 0;
  for (let at = 0; at < 200; at++) {
    const p = generator.of("bool", 3);
    const typed = attempt(() => resolve(p, schema));
    if (typed === undefined) continue;
    const parts = [p, call("not", p), call("isNull", p)].map((each) => resolve(each, schema));
    const readers = columns.map((column) => (row: number) => column[row] ?? null);
    const counts = parts.map((part) => {
      const read = compileOnHost(part, readers);
      return attempt(
        () => Array.from({ length: rows }, (_, row) => row).filter((row) => read(row) === true).length,
      );
    });
    if (counts.includes(undefined)) continue;
    tried++;
    expect(
      counts.reduce<number>((sum, each) => sum + (each ?? 0), 0),
      toSql(typed, columnSql),
    ).toBe(rows);
    for (const [k, part] of parts.entries()) {
      const theirs = await engine.column(toSql(part, columnSql), part.type);
      if (theirs instanceof Error) continue;
      expect(theirs.filter((each) => each === "true").length, toSql(part, columnSql)).toBe(counts[k]);
    }
  }
  expect(tried).toBeGreaterThan(50);
}, 60_000);

it("aggregates and sorts as the engine is told", async () => {
  const texts: readonly (readonly [string, string | null])[] = [
    ["count()", "40"],
    ["count(distinct bool)", "2"],
    ["sum(uint8)", "total uint8"],
    ["mean(int8)", "mean int8"],
    ["variance(none)", null],
    ["sum(float)", "1.5"],
    ["any(bool)", "true"],
    ["all(bool)", "false"],
  ];
  const own = [
    ...["bool", "uint8", "int8"].map((name) => ({ name, type: parseType(name) })),
    { name: "none", type: parseType("float64") },
    { name: "float", type: parseType("float32") },
  ];
  const values: (Value | null)[][] = own.map(({ name, type }) =>
    name === "none"
      ? Array(rows).fill(null)
      : name === "float"
        ? [1.5, ...Array(rows - 1).fill(0)]
        : valuesOf(type, rows, randomOf(3)),
  );
  const numbers = (at: number) => (values[at] ?? []).filter((each) => each !== null).map(Number);
  const total = (at: number) => numbers(at).reduce((a, b) => a + b, 0);
  const known: Readonly<Record<string, string>> = {
    "total uint8": String(total(1)),
    "mean int8": String(total(2) / numbers(2).length),
  };
  const other = await engineWith(
    own.map(({ name }) => name),
    own.map(({ type }) => type),
    values,
  );
  const sqlOf = (index: number) => quoteName(own[index]?.name ?? "");
  for (const [text, expected] of texts) {
    const [parsed] = parseAggregates(text);
    if (parsed === undefined) throw new Error("no aggregate");
    const aggregate = resolveAggregate(parsed.aggregate, own);
    const sql = `CAST(${aggregateToSql(aggregate, sqlOf)} AS ${sqlType(typeOfAggregate(aggregate))})`;
    const found = await other.column(`(SELECT ${sql} FROM t)`, typeOfAggregate(aggregate), 0);
    if (found instanceof Error) throw found;
    const wanted = expected === null ? null : (known[expected] ?? expected);
    if (wanted === null || Number.isNaN(Number(wanted))) expect(found[0], text).toBe(wanted);
    else expect(Number(found[0]), text).toBeCloseTo(Number(wanted), 9);
  }
  const key = resolveSortKey(column("int8").desc({ nulls: "first" }), own);
  expect(sortKeyToSql(key, sqlOf)).toBe('"int8" DESC NULLS FIRST');
  other.close();
});

const call = (name: "not" | "isNull", operand: ColumnExpression): ColumnExpression => ({
  kind: "call",
  name,
  operands: [operand],
});
