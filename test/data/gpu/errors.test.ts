import { expect, it, vi } from "vitest";
import { executeOnGpu, type GpuQueryContext } from "#src/data/gpu/execute.js";
import { unsupportedReason } from "#src/data/gpu/reason.js";
import type { PlanNode } from "#src/data/plan/node.js";
import type { ResolvedExpression } from "#src/expression/column/index.js";
import { resolve } from "#src/expression/column/index.js";
import { MemoryManager } from "#src/memory/index.js";
import { adapters, sharedDevice } from "../../support/devices.js";
import { failure } from "../../support/errors.js";
import { at, scanOf } from "./plans.js";
import { type Cells, cellsOf } from "./tables.js";

vi.setConfig({ testTimeout: 240_000 });

const int64 = { kind: "int64" } as const;
const utf8 = { kind: "utf8" } as const;
const adapter = adapters.find(({ backend }) => backend === "opencl");
const onDevice = it.runIf(adapter);

async function run(
  plan: PlanNode,
  options: Partial<GpuQueryContext> = {},
  budget = 64 << 20,
): Promise<readonly Cells[]> {
  if (adapter === undefined) throw new Error("no device");
  const device = await sharedDevice(adapter);
  using memory = new MemoryManager(device, { memoryBudgetBytes: budget });
  try {
    using columns = await executeOnGpu(plan, {
      device,
      memory,
      timer: undefined,
      signal: undefined,
      ...options,
    });
    return (await columns.host()).columns.map(cellsOf);
  } finally {
    expect(memory.statistics().reservedBytes).toBe(0);
  }
}

function project(input: PlanNode, ...expressions: readonly ResolvedExpression[]): PlanNode {
  const schema = expressions.map(({ type }, index) => ({ name: `p${index}`, type }));
  return { kind: "project", input, expressions, schema };
}

const numbers = () =>
  scanOf(
    [
      { name: "price", type: int64 },
      { name: "tax", type: int64 },
    ],
    [
      [5n, 2n ** 63n - 1n, null, 2n],
      [1n, 1n, 7n, 0n],
    ],
  );

onDevice("an overflow names the expression, unless a filter leaves its row out", async () => {
  const input = numbers();
  const sum = resolve(
    {
      kind: "call",
      name: "add",
      operands: [
        { kind: "column", name: "price" },
        { kind: "column", name: "tax" },
      ],
    },
    input.schema,
  );
  const error = await failure(() => run(project(input, at(input, 1), sum)), "OVERFLOW");
  expect(error.message).toContain("price");
  expect(error.message).toContain("tax");
  const small = resolve(
    {
      kind: "call",
      name: "less",
      operands: [
        { kind: "column", name: "price" },
        { kind: "literal", value: 100 },
      ],
    },
    input.schema,
  );
  const filtered: PlanNode = { kind: "filter", input, predicate: small, schema: input.schema };
  expect(await run(project(filtered, sum))).toEqual([[6n, 2n]]);
});

onDevice("an overflow of a sum names its column", async () => {
  const input = numbers();
  const plan: PlanNode = {
    kind: "aggregate",
    input: { kind: "concat", inputs: [input, input], schema: input.schema },
    keys: [],
    aggregates: [{ function: "sum", operand: at(input, 0) }],
    schema: [{ name: "total price", type: int64 }],
  };
  expect((await failure(() => run(plan), "OVERFLOW")).message).toContain("total price");
});

onDevice("a text that is no number is INVALID_VALUE or UNSUPPORTED, never a value", async () => {
  const input = scanOf([{ name: "text", type: utf8 }], [["1", "x", "1"]], true);
  const number = resolve(
    { kind: "cast", operand: { kind: "column", name: "text" }, to: int64, orNull: false },
    input.schema,
  );
  await failure(() => run(project(input, number)), "UNSUPPORTED");
  const orNull = resolve(
    { kind: "cast", operand: { kind: "column", name: "text" }, to: int64, orNull: true },
    input.schema,
  );
  expect(await run(project(input, orNull))).toEqual([[1n, null, 1n]]);
});

onDevice("a join that explodes is refused with its number of rows", async () => {
  const ones = Array.from({ length: 3000 }, () => 1n);
  const left = scanOf([{ name: "key", type: int64 }], [ones]);
  const right = scanOf([{ name: "key", type: int64 }], [ones]);
  const join = (how: "inner" | "cross"): PlanNode => ({
    kind: "join",
    left,
    right,
    how,
    leftKeys: how === "cross" ? [] : [at(left, 0)],
    rightKeys: how === "cross" ? [] : [at(right, 0)],
    nullsEqual: false,
    schema: [...left.schema, ...right.schema],
  });
  for (const how of ["inner", "cross"] as const) {
    const error = await failure(() => run(join(how), {}, 8 << 20), "RESULT_TOO_LARGE");
    expect(error.message.replaceAll(/[^\d]/g, " ")).toMatch(/9 ?000 ?000/);
  }
});

onDevice("functions of texts in a dictionary run on the device", async () => {
  const input = scanOf([{ name: "city", type: utf8 }], [["Ulm", "köln", null, "Bonn", "Ulm"]], true);
  const call = (name: "upper" | "length" | "substring", ...more: number[]): ResolvedExpression =>
    resolve(
      {
        kind: "call",
        name,
        operands: [
          { kind: "column", name: "city" },
          ...more.map((value) => ({ kind: "literal", value }) as const),
        ],
      },
      input.schema,
    );
  const upper = call("upper");
  const plan = project(input, upper, call("length"), call("substring", 1, 1), at(input, 0));
  if (adapter !== undefined) expect(unsupportedReason(plan, adapter)).toBe(undefined);
  expect(await run(plan)).toEqual([
    ["ULM", "KÖLN", null, "BONN", "ULM"],
    [3n, 4n, null, 4n, 3n],
    ["U", "k", null, "B", "U"],
    ["Ulm", "köln", null, "Bonn", "Ulm"],
  ]);
  const sorted: PlanNode = {
    kind: "sort",
    input: plan,
    keys: [{ expression: at(plan, 0), descending: false, nullsFirst: false }],
    schema: plan.schema,
  };
  expect((await run(sorted))[0]).toEqual(["BONN", "KÖLN", "ULM", "ULM", null]);
});

onDevice("a long dictionary is tested row by row", async () => {
  const texts = Array.from({ length: 5000 }, (_, row) => (row % 9 === 0 ? null : `${row % 7}-${row}`));
  const input = scanOf([{ name: "text", type: utf8 }], [texts], true);
  const predicate = resolve(
    {
      kind: "call",
      name: "like",
      operands: [
        { kind: "column", name: "text" },
        { kind: "literal", value: "3-%5" },
      ],
    },
    input.schema,
  );
  const filtered: PlanNode = { kind: "filter", input, predicate, schema: input.schema };
  expect(await run(filtered)).toEqual([texts.filter((text) => text !== null && /^3-.*5$/.test(text))]);
});

onDevice("an abort ends a query, and nodes are told as they are done", async () => {
  const input = numbers();
  const sort: PlanNode = {
    kind: "sort",
    input,
    keys: [{ expression: at(input, 0), descending: false, nullsFirst: false }],
    schema: input.schema,
  };
  await failure(() => run(sort, { signal: AbortSignal.abort() }), "ABORTED");
  const done: [string, number][] = [];
  await run(sort, { onNode: (node, { rows }) => done.push([node.kind, rows]) });
  expect(done).toEqual([
    ["scan", 4],
    ["sort", 4],
  ]);
});

it("what no device does says why", () => {
  const input = numbers();
  const window: PlanNode = {
    kind: "window",
    input,
    partitionBy: [],
    orderBy: [],
    columns: [{ function: "cumulativeSum", operand: at(input, 0) }],
    schema: input.schema,
  };
  expect(unsupportedReason(window, undefined)).toBe("there is no device");
  for (const each of adapters) expect(unsupportedReason(window, each)).toContain("CPU");
  const list: PlanNode = { ...input, schema: [{ name: "items", type: { kind: "list", item: int64 } }] };
  for (const each of adapters) expect(unsupportedReason(list, each)).toContain("items");
});
