import { expect, it } from "vitest";
import { disposeColumn, equalEdges, histogram } from "#src/kernels/index.js";
import { isFake, onEveryDevice } from "../../support/devices.js";
import { valuesOf } from "./aggregate-oracle.js";
import { held, randomValues, type Value } from "./order-support.js";

type Edge = number | bigint;

/** Numbers and integers compare exactly. */
function counted(values: readonly Value[], edges: readonly Edge[]): bigint[] {
  const last = edges[edges.length - 1] ?? 0;
  const isLast = (value: Edge) => value >= last && value <= last;
  return edges.slice(0, -1).map((from, bin) => {
    const to = edges[bin + 1] ?? 0;
    const inside = values.filter((value) => {
      if (typeof value !== "number" && typeof value !== "bigint") return false;
      return value >= from && (value < to || (to === last && isLast(value)));
    });
    return BigInt(inside.length);
  });
}

onEveryDevice(
  "histogram",
  (adapter, open) => {
    const slow = adapter.backend === "webgpu" || isFake(adapter);

    it("counts what stands between edges", { timeout: 240_000 }, async () => {
      const device = await open();
      const cases = [
        ["f64", equalEdges(-20, 30, 7)],
        ["f32", [-1.1, 0.1, 0.7, Number.POSITIVE_INFINITY]],
        ["i8", [-1000, -3.5, -3, 0, 2.5, 1000]],
        ["u32", [5, 6, 7.5, 2 ** 32 + 5]],
        ["i64", [-(2n ** 63n), -5n, 0n, 7n, 2n ** 63n - 1n]],
        ["u64", [2n ** 63n, 2n ** 64n - 1n]],
        ["i16", [40_000, 50_000]],
        ["i32", equalEdges(-40, 40, 1000)],
      ] as const;
      for (const [physical, edges] of slow ? cases.slice(0, 1) : cases) {
        for (const count of slow ? [3000] : [0, 33, 3000]) {
          const values = randomValues(physical, count, { different: 100, nulls: 0.1 });
          using column = held(device, physical, values, true);
          if (column.memory.physical === "text") continue;
          const result = await histogram(device, { column: column.memory, count, edges });
          const found = await valuesOf(device, result, edges.length - 1);
          expect(found, `${count} of ${physical}`).toEqual(counted(values, edges));
          disposeColumn(result);
        }
      }
    });

    it("wants edges that ascend, and numbers", async () => {
      const device = await open();
      using column = held(device, "i32", [1, 2]);
      using flags = held(device, "bits", [true]);
      for (const [edges, { memory }] of [
        [[1], column],
        [[1, 1], column],
        [[2, 1], column],
        [[0, Number.NaN], column],
        [[0, 1], flags],
      ] as const) {
        if (memory.physical === "text") continue;
        const work = histogram(device, { column: memory, count: 1, edges });
        await expect(work).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      }
    });
  },
  { computing: true },
);
