import { afterAll, describe, expect, it } from "vitest";
import { Columns } from "#src/data/columns.js";
import { DataContext } from "#src/data/context.js";
import { count, DataFrame } from "#src/data/index.js";
import { inputsOf } from "#src/data/plan/inputs.js";
import type { PlanNode } from "#src/data/plan/node.js";
import { queried } from "#src/data/run/cpu.js";
import type { GpuExecutor } from "#src/data/run/executor.js";
import { scanOf } from "#src/data/source/scan.js";
import { tableFromRows } from "#src/data/values/rows.js";
import { Runtime } from "#src/runtime/index.js";
import { failure } from "../../support/errors.ts";
import { FakeAdapter } from "../../support/fake-device.ts";

/** Runs pieces in the CPU engine, and notes which pieces came. */
class NotingExecutor implements GpuExecutor {
  readonly pieces: string[] = [];
  readonly lacks = new Map<PlanNode["kind"], string>();
  context: DataContext | undefined;

  lacking(node: PlanNode): string | undefined {
    return this.lacks.get(node.kind);
  }

  async execute(plan: PlanNode): Promise<Columns> {
    this.pieces.push(shape(plan));
    if (this.context === undefined) throw new Error("no context");
    return queried(this.context, plan, { mostRows: 1e9 });
  }

  async *executeInBatches(): AsyncGenerator<Columns, void, undefined> {}
}

function shape(node: PlanNode): string {
  const inputs = inputsOf(node).map(shape);
  return inputs.length === 0 ? node.kind : `${node.kind}(${inputs.join(", ")})`;
}

const executor = new NotingExecutor();
const runtime = new Runtime({
  adapters: async () => [new FakeAdapter()],
  cacheDirectory: false,
  explore: false,
});
const context = new DataContext(runtime, executor);
executor.context = context;
afterAll(async () => {
  await context.dispose();
  await runtime.dispose();
});

const rows = Array.from({ length: 50 }, (_, at) => ({ id: at, key: at % 4, value: (at * 7) % 13 }));
const columns = Columns.onHost(await tableFromRows(rows));
const frame = new DataFrame<Readonly<Record<string, "any">>>(context, scanOf(columns));
const windowed = frame
  .filter("value > 3")
  .window({ partitionBy: "key", orderBy: "id", columns: { place: { function: "rowNumber" } } })
  .filter("place < 4")
  .groupBy("key")
  .aggregate({ n: count() })
  .orderBy("key");

function using(lacks: Readonly<Partial<Record<PlanNode["kind"], string>>>): void {
  executor.pieces.length = 0;
  executor.lacks.clear();
  for (const [kind, reason] of Object.entries(lacks)) executor.lacks.set(kind as PlanNode["kind"], reason);
}

const noWindow = { window: "windows run on the CPU" };

describe("a plan that a device has only parts of", () => {
  it("runs piece by piece in both places, with the same rows", async () => {
    using({});
    const expected = (await windowed.collect({ placement: "cpu" })).toJSON();
    expect(executor.pieces).toEqual([]);
    using(noWindow);
    const adapter = new Runtime({
      adapters: async () => [new FakeAdapter()],
      placement: "gpu",
      cacheDirectory: false,
    });
    const mixed = new DataContext(adapter, executor);
    executor.context = mixed;
    const table = await new DataFrame(mixed, windowed.plan).collect({ report: true });
    expect(table.toJSON()).toEqual(expected);
    expect(table.report?.placement).toBe("gpu");
    expect(executor.pieces).toEqual(["filter(scan)", "sort(aggregate(filter(scan)))"]);
    executor.context = context;
    await mixed.dispose();
    await adapter.dispose();
  });

  it("is refused where the GPU is asked for", async () => {
    using({ ...noWindow, sort: "sorts do not" });
    const error = await failure(() => windowed.collect({ placement: "gpu" }), "UNSUPPORTED");
    expect(error.message).toContain("windows run on the CPU; sorts do not");
    expect(executor.pieces).toEqual([]);
  });

  it("runs on the device alone where it has everything", async () => {
    using({});
    const table = await windowed.collect({ placement: "gpu", strict: true, report: true });
    expect(table.report).toMatchObject({
      placement: "gpu",
      operation: "data.filter+window(key)+filter+aggregate(key)+sort(key)",
    });
    expect(executor.pieces).toEqual(["sort(aggregate(filter(window(filter(scan)))))"]);
  });

  it("goes to the CPU by itself where the device has nothing of it, and says why", async () => {
    using({ filter: "no filters" });
    const table = await frame.filter("value > 3").collect({ report: true });
    expect(table.report).toMatchObject({
      placement: "cpu",
      device: "duckdb",
      reason: "opencl:0: no filters",
    });
    expect(table.report?.fallback).toBeUndefined();
  });
});

describe("explain", () => {
  it("shows every node, its place and why", async () => {
    using(noWindow);
    const explanation = await windowed.explain();
    expect(explanation.plan).toMatchObject({ kind: "sort", placement: "gpu" });
    expect(String(explanation).split("\n").slice(1)).toEqual(
      [
        "  sort by key  [gpu, ~17 rows]",
        "    aggregate n = countRows() by key  [gpu, ~19 rows]",
        "      filter place < 4  [gpu, ~6 rows]",
        "        window rowNumber for each key  [cpu: windows run on the CPU, ~17 rows]",
        "          filter value > 3  [gpu, ~17 rows]",
        "            scan 50 rows in memory: id, key, value  [gpu, ~50 rows]",
      ].map((line) => expect.stringContaining(line.replace(/, ~.*$/, ""))),
    );
    expect(explanation.reason).toMatch(/predicted/);
  });

  it("says what a call would choose", async () => {
    using({});
    expect(await windowed.explain({ placement: "cpu" })).toMatchObject({
      placement: "cpu",
      operation: "data.filter+window(key)+filter+aggregate(key)+sort(key)",
    });
    expect(await windowed.explain({ placement: "gpu" })).toMatchObject({ placement: "gpu" });
  });
});

describe("joins that explode", () => {
  it("are refused with their size before they are computed", async () => {
    using({});
    const one = Columns.onHost(
      await tableFromRows(Array.from({ length: 3_000 }, (_, at) => ({ k: at % 2, at }))),
    );
    const many = new DataFrame<Readonly<Record<string, "any">>>(context, scanOf(one));
    const joined = many.join(many, "k");
    const error = await failure(
      () => joined.collect({ placement: "cpu", mostRows: 100_000 }),
      "RESULT_TOO_LARGE",
    );
    expect(error.message).toContain("4500000 rows");
    expect((await joined.collect({ placement: "cpu", mostRows: 5_000_000 })).rows).toBe(4_500_000);
    const cross = many.join(many, undefined, { how: "cross" });
    expect((await failure(() => cross.collect({ mostRows: 1_000 }), "RESULT_TOO_LARGE")).message).toContain(
      "9000000",
    );
    const skewed = await tableFromRows(
      Array.from({ length: 3_000 }, (_, index) => ({ k: index < 1_500 ? -1 : index })),
    );
    const heavy = new DataFrame<Readonly<Record<string, "any">>>(context, scanOf(Columns.onHost(skewed)));
    const surprise = heavy.join(heavy, "k").collect({ placement: "cpu", mostRows: 1_000_000 });
    expect((await failure(() => surprise, "RESULT_TOO_LARGE")).message).toContain("2251500 rows");
    const many10 = many.filter("at >= 0").collect({ placement: "cpu", mostRows: 10 });
    expect((await failure(() => many10, "RESULT_TOO_LARGE")).message).toContain("more than the 10 rows");
    const unique = many.join(many.distinct("k"), "k");
    expect((await unique.collect({ placement: "cpu", mostRows: 4_000 })).rows).toBe(3_000);
  });
});
