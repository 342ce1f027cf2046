import { expect, it } from "vitest";
import { disposeColumn, type WindowPosition, windowColumn, windowRows } from "#src/kernels/index.js";
import { isFake, onEveryDevice } from "../../support/devices.js";
import { valuesOf } from "./aggregate-oracle.js";
import {
  compareValues,
  held,
  type OracleKey,
  randomValues,
  sortedRows,
  type Value,
} from "./order-support.js";

const same = (a: Value, b: Value) => (a === null) === (b === null) && compareValues(a, b) === 0;

/** The values of a window function by row. */
function windowOf(
  name: WindowPosition,
  partition: OracleKey | undefined,
  order: OracleKey,
  values: readonly Value[],
  distance: number,
): Value[] {
  const keys = partition === undefined ? [order] : [partition, order];
  const rows = sortedRows(keys, values.length);
  const equal = (key: OracleKey, a: number, b: number) => same(key.values[a] ?? null, key.values[b] ?? null);
  const result: Value[] = new Array(values.length).fill(null);
  let [start, peer, dense] = [0, 0, 0];
  rows.forEach((row, at) => {
    const before = rows[at - 1];
    const isNew = before === undefined || (partition !== undefined && !equal(partition, row, before));
    if (isNew) [start, dense] = [at, 0];
    if (isNew || before === undefined || !equal(order, row, before)) [peer, dense] = [at, dense + 1];
    const inPartition = (other: number | undefined) =>
      other !== undefined && (partition === undefined || equal(partition, row, other));
    const away = rows[name === "lag" ? at - distance : at + distance];
    const answers: Readonly<Record<WindowPosition, () => Value>> = {
      rowNumber: () => BigInt(at - start + 1),
      rank: () => BigInt(peer - start + 1),
      denseRank: () => BigInt(dense),
      lag: () => (inPartition(away) ? (values[away ?? 0] ?? null) : null),
      lead: () => (inPartition(away) ? (values[away ?? 0] ?? null) : null),
      firstValue: () => values[rows[start] ?? 0] ?? null,
    };
    result[row] = answers[name]();
  });
  return result;
}

onEveryDevice(
  "windowColumn",
  (adapter, open) => {
    const slow = adapter.backend === "webgpu" || isFake(adapter);

    it("numbers, ranks and reads neighbours", { timeout: 240_000 }, async () => {
      const device = await open();
      for (const count of slow ? [700] : [0, 1, 33, 3000]) {
        const groups = randomValues("u8", count, { different: 40, nulls: 0.05, edges: 0 });
        const ordered = randomValues("f64", count, { different: 15, nulls: 0.1 });
        const names = randomValues("i16", count, { different: 999, nulls: 0.2 });
        using partition = held(device, "u8", groups, true);
        using order = held(device, "f64", ordered, true);
        using column = held(device, "i16", names, true);
        const by = { descending: true, nullsFirst: false };
        for (const grouped of [true, false]) {
          const partitionBy = grouped ? [partition.memory] : [];
          const work = { partitionBy, orderBy: [{ column: order.memory, ...by }], count };
          using window = await windowRows(device, work);
          const functions = ["rowNumber", "rank", "denseRank", "lag", "lead", "firstValue"] as const;
          for (const [at, name] of functions.entries()) {
            const result = await windowColumn(device, {
              window,
              function: name,
              column: column.memory,
              distance: at,
            });
            const oracle = grouped ? { values: groups, descending: false, nullsFirst: false } : undefined;
            const expected = windowOf(name, oracle, { values: ordered, ...by }, names, at);
            const found = await valuesOf(device, result, count);
            expect(found, `${name}, ${count} rows, ${grouped}`).toEqual(expected);
            disposeColumn(result);
          }
        }
      }
    });

    it("wants a column where it reads one", async () => {
      const device = await open();
      using window = await windowRows(device, { partitionBy: [], orderBy: [], count: 0 });
      const work = windowColumn(device, { window, function: "lag" });
      await expect(work).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    });
  },
  { computing: true },
);
