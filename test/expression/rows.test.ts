import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { isAikoError } from "#src/errors.js";
import type { Value } from "#src/expression/column/cast-value.js";
import { columnOf } from "#src/expression/column/host/columns.js";
import { compareValues } from "#src/expression/column/host/compare.js";
import { compileOnHost } from "#src/expression/column/host/compile.js";
import {
  type LoweredExpression,
  lower,
  type ResolvedExpression,
  resolve,
  toSql,
} from "#src/expression/column/index.js";
import { onEveryDevice } from "../support/devices.ts";
import { sameValues } from "./agree.ts";
import { Generator, randomOf, schema, valuesOf } from "./generator.ts";
import { DeviceColumns, runRows } from "./rows.ts";

const rows = 289;
const random = randomOf(11);
const types = schema.map(({ type }) => type);
const columns = types.map((type) => valuesOf(type, rows, random));
/** Of the two text columns, one is in a dictionary. */
const dictionaries = schema.map(({ name }, at) =>
  name === "a utf8"
    ? [...new Set((columns[at] ?? []).filter((each) => each !== null).map(String))].sort(compareValues)
    : undefined,
);
const inputs = types.map((type, at) => ({ type, nullable: true, dictionary: dictionaries[at] }));
const readers = columns.map((column) => (row: number) => column[row] ?? null);

interface Case {
  readonly typed: ResolvedExpression;
  readonly about: string;
}

function casesOf(seed: number, count: number): readonly Case[] {
  const generator = new Generator(seed);
  return Array.from({ length: count }, (_, at) => {
    const expression = generator.any(3);
    try {
      const typed = resolve(expression, schema);
      return [{ typed, about: `${at}: ${toSql(typed, (index) => schema[index]?.name ?? "")}` }];
    } catch (error) {
      if (isAikoError(error)) return [];
      throw error;
    }
  }).flat();
}

function ourOwn(typed: ResolvedExpression): readonly (Value | null | undefined)[] {
  const read = compileOnHost(typed, readers);
  return Array.from({ length: rows }, (_, row) => {
    try {
      return read(row);
    } catch (error) {
      if (isAikoError(error)) return undefined;
      throw error;
    }
  });
}

function textBits(index: number, test: string, pattern: string): Uint8Array {
  const names = { prefix: "startsWith", suffix: "endsWith" } as const;
  const name = (names[test as keyof typeof names] ?? test) as "equal";
  const operands: ResolvedExpression[] = [
    { kind: "column", index, type: { kind: "utf8" } },
    { kind: "literal", value: pattern, type: { kind: "utf8" } },
  ];
  const read = compileOnHost({ kind: "call", name, operands, type: { kind: "bool" } }, readers);
  const bits = columnOf(
    Array.from({ length: rows }, (_, row) => read(row) === true),
    { kind: "bool" },
  );
  return bits.layout === "fixed" ? new Uint8Array(bits.values.buffer) : new Uint8Array();
}

async function check(device: Device, cases: readonly Case[], together: number) {
  const f64 = device.adapter.features.has("f64");
  const memory = new DeviceColumns(device, types, columns, dictionaries);
  const problems: string[] = [];
  const reasons: string[] = [];
  let ran = 0;
  for (let first = 0; first < cases.length; first += together) {
    const group = cases.slice(first, first + together);
    const lowering = lower(
      group.map(({ typed }) => typed),
      inputs,
      { f64 },
    );
    const kept = group.flatMap((each, at) => {
      const result = lowering.expressions[at];
      if (result === undefined || "reason" in result) {
        reasons.push(`${result?.reason}`);
        return [];
      }
      return [{ ...each, lowered: result as LoweredExpression }];
    });
    if (kept.length === 0) continue;
    ran += kept.length;
    const given = memory.inputs(lowering, textBits);
    const made = await runRows(
      device,
      given,
      kept.map(({ lowered }) => lowered),
      kept.map(({ typed }) => typed.type),
      rows,
    );
    const own = kept.map(({ typed }) => ourOwn(typed));
    const fails = own.some((values) => values.includes(undefined));
    if (fails !== made.error > 0)
      problems.push(`error word ${made.error}, fails ${fails}: ${kept.map(({ about }) => about).join("\n")}`);
    kept.forEach(({ typed, about }, at) => {
      const why = sameValues(own[at] ?? [], made.columns[at] ?? [], typed.type);
      if (why !== undefined) problems.push(`${about}\n${why}`);
    });
  }
  memory.dispose();
  return { problems, reasons, ran };
}

onEveryDevice(
  "expressions in one kernel",
  (adapter, device) => {
    const slow = adapter.backend !== "opencl";
    it("mean what they mean on the host", async () => {
      const count = Number(process.env.COUNT ?? (slow ? 12 : 24));
      const { problems, ran, reasons } = await check(
        await device(),
        casesOf(Number(process.env.SEED ?? 5), count),
        slow ? 6 : 8,
      );
      if (process.env.REASONS) console.log(reasons);
      expect(problems).toEqual([]);
      expect(ran).toBeGreaterThan(count / 8);
    }, 240_000);
  },
  { computing: true },
);
