import { expect, it } from "vitest";
import type { ColumnType } from "#src/core/column-type.js";
import { executeOnGpu } from "#src/data/gpu/execute.js";
import { unsupportedReason } from "#src/data/gpu/reason.js";
import { nodesOf } from "#src/data/plan/inputs.js";
import { isAikoError } from "#src/errors.js";
import type { AggregateFunction } from "#src/expression/column/expression.js";
import { MemoryManager } from "#src/memory/index.js";
import { onEveryDevice } from "../../support/devices.js";
import { intercept } from "../../support/faults.js";
import { difference, Oracle } from "./differential.js";
import { type Allowed, PlanGenerator } from "./random-plans.js";

const everyType: readonly ColumnType[] = [
  ...(["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as const).map(
    (kind) => ({ kind }),
  ),
  { kind: "float32" },
  { kind: "float64" },
  { kind: "decimal", precision: 18, scale: 4 },
  { kind: "decimal", precision: 30, scale: 6 },
  { kind: "date" },
  { kind: "timestamp", unit: "us" },
  { kind: "utf8" },
  { kind: "utf8" },
];
const fewTypes: readonly ColumnType[] = [
  { kind: "int32" },
  { kind: "int64" },
  { kind: "float64" },
  { kind: "utf8" },
];
const aggregates: readonly AggregateFunction[] = [
  "count",
  "countDistinct",
  "sum",
  "mean",
  "min",
  "max",
  "any",
  "all",
  "variance",
  "stddev",
  "median",
  "quantile",
];

const sizes = [0, 1, 31, 33, 300, 700];

onEveryDevice(
  "random plans",
  (adapter, device) => {
    if (adapter.backend === "cuda") {
      it.skip("are left to opencl and webgpu: the stand-in driver compiles each kernel for seconds", () => {});
      return;
    }
    const isFast = adapter.backend === "opencl";
    const allowed: Allowed = { types: isFast ? everyType : fewTypes, aggregates, expressions: isFast };
    const seeds = Number(process.env.AIKORYU_PLAN_SEEDS ?? (isFast ? 4 : 1));
    const first = Number(process.env.AIKORYU_PLAN_SEED ?? 1);

    it.each(Array.from({ length: seeds }, (_, seed) => seed + first))(
      "give what DuckDB gives: seed %i",
      async (seed) => {
        const generator = new PlanGenerator(seed, allowed);
        const tables = ["t", "u"].map((name) =>
          generator.table(name, sizes[(seed * (name === "t" ? 1 : 5)) % sizes.length] ?? 0),
        );
        const oracle = await Oracle.of(tables);
        const context = { device: await device(), timer: undefined, signal: undefined };
        using memory = new MemoryManager(context.device);
        let dispatches = 0;
        const restore = intercept(context.device, (stage) => {
          if (stage.startsWith("dispatch")) dispatches++;
        });
        let compared = 0;
        try {
          for (let count = 0; count < 8; count++) {
            const sample = generator.plan(tables, 1 + (count % 4));
            const theirs = await oracle.rows(sample);
            const reason = [...nodesOf(sample.plan)]
              .map((node) => unsupportedReason(node, adapter))
              .find((each) => each);
            if (reason !== undefined) continue;
            try {
              using result = await executeOnGpu(sample.plan, { ...context, memory });
              if (theirs instanceof Error) continue;
              expect(
                difference(await result.host(), theirs, { ...sample.plan, ordered: sample.ordered }),
                sample.sql,
              ).toBe(undefined);
              compared++;
            } catch (error) {
              // Some tests need texts in a dictionary, and only the data says whether they are.
              if (isAikoError(error, "UNSUPPORTED")) continue;
              const isBadData = isAikoError(error, "OVERFLOW") || isAikoError(error, "INVALID_VALUE");
              if (!(isBadData && theirs instanceof Error)) throw new Error(sample.sql, { cause: error });
            }
          }
        } finally {
          restore();
          oracle.close();
        }
        expect(compared).toBeGreaterThan(2);
        if (tables.some(({ columns }) => (columns[0]?.length ?? 0) > 0))
          expect(dispatches).toBeGreaterThan(0);
        expect(memory.statistics().reservations).toBe(0);
      },
      240_000,
    );
  },
  { computing: true },
);
