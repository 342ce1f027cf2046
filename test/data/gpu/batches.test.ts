import { expect, it } from "vitest";
import type { HostTable } from "#src/core/column.js";
import { fixedColumn } from "#src/core/column-make.js";
import type { Schema } from "#src/core/column-type.js";
import { executeInBatches } from "#src/data/gpu/batches/execute.js";
import type { PlanNode } from "#src/data/plan/node.js";
import type { Aggregate, AggregateFunction, ResolvedExpression } from "#src/expression/column/expression.js";
import { typeOfAggregate } from "#src/expression/column/index.js";
import { MemoryManager } from "#src/memory/index.js";
import { adapters, sharedDevice } from "../../support/devices.js";
import { failure } from "../../support/errors.js";
import { at } from "./plans.js";
import { cellsOf } from "./tables.js";

const schema: Schema = [
  { name: "key", type: { kind: "int32" } },
  { name: "value", type: { kind: "int64" } },
];
const source = { kind: "files", format: "csv", paths: [], options: {}, schema, byteLength: 0 } as const;
const scan: PlanNode = { kind: "scan", source, columns: [0, 1], schema };

const batchRows = 20_000;
const batches = 40;
const keyOf = (row: number) => (row * 7919) % 97;
const numberOf = (row: number) => 1_000_000_007 + ((row * 613) % 1009);

async function* rowsInBatches(count = batches): AsyncGenerator<HostTable> {
  for (let batch = 0; batch < count; batch++) {
    const row = (at: number) => batch * batchRows + at;
    const keys = Int32Array.from({ length: batchRows }, (_, each) => keyOf(row(each)));
    const values = BigInt64Array.from({ length: batchRows }, (_, each) => BigInt(numberOf(row(each))));
    const columns = [
      fixedColumn({ kind: "int32" }, batchRows, keys, { nullCount: 0 }),
      fixedColumn({ kind: "int64" }, batchRows, values, { nullCount: 0 }),
    ];
    yield { names: ["key", "value"], columns, rows: batchRows };
  }
}

const budgetBytes = 2 << 20;
const dataBytes = batches * batchRows * 12;
const adapter = adapters.find(({ backend }) => backend === "opencl");
const onDevice = it.runIf(adapter);

/** Rows of all results; the budget is a quarter of the data, or less. */
async function run(plan: PlanNode, rows = rowsInBatches()) {
  if (adapter === undefined) throw new Error("no device");
  const device = await sharedDevice(adapter);
  const memory = new MemoryManager(device, { memoryBudgetBytes: budgetBytes });
  const cells: unknown[][] = plan.schema.map(() => []);
  try {
    for await (const columns of executeInBatches(plan, rows, {
      device,
      memory,
      timer: undefined,
      signal: undefined,
    })) {
      using result = columns;
      const table = await result.host();
      for (const [index, column] of table.columns.entries()) cells[index]?.push(...cellsOf(column));
    }
    return { cells, peakBytes: memory.statistics().peakBytes, inUseBytes: memory.statistics().inUseBytes };
  } finally {
    memory.dispose();
  }
}

function aggregated(input: PlanNode, names: readonly AggregateFunction[], keys: readonly number[]): PlanNode {
  const aggregates = names.map(
    (name): Aggregate<ResolvedExpression> =>
      name === "countRows" ? { function: name } : { function: name, operand: at(input, 1) },
  );
  return {
    kind: "aggregate",
    input,
    keys: keys.map((key) => at(input, key)),
    aggregates,
    schema: [
      ...keys.map((key) => ({ name: "key", type: at(input, key).type })),
      ...aggregates.map((each, index) => ({ name: `a${index}`, type: typeOfAggregate(each) })),
    ],
  };
}

const isFive: ResolvedExpression = {
  kind: "call",
  name: "equal",
  operands: [at(scan, 0), { kind: "literal", value: 5, type: { kind: "int32" } }],
  type: { kind: "bool" },
};

onDevice(
  "groups of four times the memory are aggregated within it",
  async () => {
    expect(dataBytes).toBeGreaterThanOrEqual(4 * budgetBytes);
    const names = ["countRows", "sum", "min", "max", "mean", "variance", "stddev"] as const;
    const plan = aggregated(scan, names, [0]);
    const sorted: PlanNode = {
      kind: "sort",
      input: plan,
      keys: [{ expression: at(plan, 0), descending: false, nullsFirst: false }],
      schema: plan.schema,
    };
    const { cells, peakBytes, inUseBytes } = await run(sorted);
    expect(peakBytes).toBeLessThanOrEqual(budgetBytes);
    expect(inUseBytes).toBe(0);
    const [
      keys = [],
      counts = [],
      sums = [],
      least = [],
      most = [],
      means = [],
      variances = [],
      deviations = [],
    ] = cells;
    expect(keys).toEqual(Array.from({ length: 97 }, (_, key) => key));
    for (let key = 0; key < 97; key += 12) {
      const values: number[] = [];
      for (let row = 0; row < batches * batchRows; row++) if (keyOf(row) === key) values.push(numberOf(row));
      const sum = values.reduce((total, value) => total + value, 0);
      const mean = sum / values.length;
      const variance = values.reduce((total, value) => total + (value - mean) ** 2, 0) / (values.length - 1);
      expect(counts[key]).toBe(BigInt(values.length));
      expect(sums[key]).toBe(BigInt(sum));
      expect(least[key]).toBe(BigInt(Math.min(...values)));
      expect(most[key]).toBe(BigInt(Math.max(...values)));
      expect(Math.abs(Number(means[key]) / mean - 1)).toBeLessThan(1e-9);
      expect(Math.abs(Number(variances[key]) / variance - 1)).toBeLessThan(1e-9);
      expect(Math.abs(Number(deviations[key]) / Math.sqrt(variance) - 1)).toBeLessThan(1e-9);
    }
  },
  120_000,
);

onDevice(
  "filters and projections stream",
  async () => {
    const filtered: PlanNode = { kind: "filter", input: scan, predicate: isFive, schema };
    const plan: PlanNode = {
      kind: "project",
      input: filtered,
      expressions: [at(scan, 1)],
      schema: schema.slice(1),
    };
    const { cells, peakBytes, inUseBytes } = await run(plan);
    const expected: bigint[] = [];
    for (let row = 0; row < batches * batchRows; row++)
      if (keyOf(row) === 5) expected.push(BigInt(numberOf(row)));
    expect(cells[0]).toEqual(expected);
    expect(peakBytes).toBeLessThanOrEqual(budgetBytes);
    expect(inUseBytes).toBe(0);
  },
  120_000,
);

onDevice(
  "the first rows of an order, rows of a range, and different rows",
  async () => {
    const sort: PlanNode = {
      kind: "sort",
      input: scan,
      keys: [
        { expression: at(scan, 1), descending: true, nullsFirst: false },
        { expression: at(scan, 0), descending: false, nullsFirst: false },
      ],
      limit: 5,
      schema,
    };
    const all = Array.from({ length: batches * batchRows }, (_, row) => [numberOf(row), keyOf(row)] as const);
    all.sort(([a, x], [b, y]) => b - a || x - y);
    expect((await run(sort)).cells).toEqual([
      all.slice(0, 5).map(([, key]) => key),
      all.slice(0, 5).map(([value]) => BigInt(value)),
    ]);
    let pulled = 0;
    const counted = async function* () {
      for await (const batch of rowsInBatches()) {
        pulled++;
        yield batch;
      }
    };
    const limit: PlanNode = { kind: "limit", input: scan, count: 3, offset: batchRows - 1, schema };
    const rows = [batchRows - 1, batchRows, batchRows + 1];
    expect((await run(limit, counted())).cells).toEqual([
      rows.map(keyOf),
      rows.map((row) => BigInt(numberOf(row))),
    ]);
    expect(pulled).toBeLessThan(5);
    const keys: PlanNode = {
      kind: "project",
      input: scan,
      expressions: [at(scan, 0)],
      schema: schema.slice(0, 1),
    };
    const distinct: PlanNode = { kind: "distinct", input: keys, schema: keys.schema };
    expect((await run(distinct)).cells[0]).toEqual([...new Set(all.keys())].slice(0, 97).map(keyOf));
  },
  120_000,
);

onDevice(
  "no batches are no rows, and zero",
  async () => {
    const plan = aggregated(scan, ["countRows", "sum", "mean", "variance"], []);
    expect((await run(plan, rowsInBatches(0))).cells).toEqual([[0n], [null], [null], [null]]);
    expect((await run(aggregated(scan, ["countRows"], [0]), rowsInBatches(0))).cells).toEqual([[], []]);
  },
  120_000,
);

onDevice(
  "what needs all rows at once is refused, and a failing source leaves nothing",
  async () => {
    const median = await failure(() => run(aggregated(scan, ["median"], [0])), "UNSUPPORTED");
    expect(median.message).toContain("median");
    const broken = async function* () {
      yield* rowsInBatches(2);
      throw new Error("the disk is gone");
    };
    await expect(run(aggregated(scan, ["sum"], [0]), broken())).rejects.toThrow("the disk is gone");
  },
  120_000,
);
