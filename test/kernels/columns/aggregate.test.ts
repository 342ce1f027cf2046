import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import type { FixedPhysical } from "#src/kernels/columns/column.js";
import {
  aggregateAll,
  aggregateGroups,
  disposeColumn,
  type GroupAggregate,
  unsupportedAggregate,
} from "#src/kernels/index.js";
import { isFake, onEveryDevice } from "../../support/devices.js";
import { texts } from "../../support/edges.js";
import { seeded } from "../../support/random.js";
import { aggregateOf, agrees, valuesOf } from "./aggregate-oracle.js";
import { type Held, held, randomValues, upload, type Value } from "./order-support.js";

type Asked = Omit<GroupAggregate, "column"> & { readonly held?: Held };

const isFloat = (physical: string | undefined) => physical === "f32" || physical === "f64";

/** Groups of random sizes, some empty; all one group without `groups`. */
async function check(device: Device, asked: readonly Asked[], count: number, groups?: number): Promise<void> {
  const random = seeded(count + (groups ?? 0));
  const ids = Uint32Array.from({ length: count }, () => Math.floor(random() ** 2 * (groups ?? 1)));
  const supported = asked.filter(
    ({ function: name, held }) => unsupportedAggregate(device, name, held?.memory.physical) === undefined,
  );
  const aggregates = supported.map(({ held, ...aggregate }) => ({ ...aggregate, column: held?.memory }));
  using idBuffer = upload(device, ids);
  const results =
    groups === undefined
      ? await aggregateAll(device, { count, aggregates })
      : await aggregateGroups(device, { ids: idBuffer, groups, count, aggregates });
  const rows: number[][] = Array.from({ length: groups ?? 1 }, () => []);
  ids.forEach((group, row) => {
    rows[group]?.push(row);
  });
  for (const [index, { function: name, held, fraction, scale }] of supported.entries()) {
    const result = results[index];
    if (result === undefined) throw new Error(`no result of ${name}`);
    const found = await valuesOf(device, result, rows.length);
    const physical = held?.memory.physical;
    const expected = rows.map((own) =>
      aggregateOf(
        name,
        own.map((row) => (held === undefined ? 1 : (held.values[row] ?? null))),
        { fraction, scale, isFloat: isFloat(physical) },
      ),
    );
    const wrong = expected.findIndex((value, group) => !agrees(found[group] ?? null, value));
    const what = `${name} of ${physical}, ${count} rows, ${groups} groups, group ${wrong}`;
    if (wrong >= 0) expect(found[wrong], what).toEqual(expected[wrong]);
    if (expected.every((value) => value !== null)) expect(result.validity, what).toBeUndefined();
    disposeColumn(result);
  }
}

const order = ["min", "max", "first", "last", "count"] as const;

onEveryDevice(
  "aggregateGroups",
  (adapter, open) => {
    const slow = adapter.backend === "webgpu" || isFake(adapter);
    const types: readonly FixedPhysical[] = slow
      ? ["i16", "f32", "u64"]
      : ["bits", "i8", "u16", "i32", "f32", "i64", "u64", "f64", "i128"];
    const shapes: readonly (readonly [number, number | undefined])[] = slow
      ? [
          [0, 3],
          [2000, 40],
          [1500, 1400],
        ]
      : [
          [0, 3],
          [1, 1],
          [257, 33],
          [5000, 40],
          [3000, 2900],
          [4097, undefined],
          [0, undefined],
        ];

    it("finds extremes and ends of each type", { timeout: 240_000 }, async () => {
      const device = await open();
      for (const physical of types) {
        for (const [count, groups] of shapes) {
          const nullable = physical !== "u16" && physical !== "f64";
          const values = randomValues(physical, count, { different: 1000, nulls: nullable ? 0.2 : 0 });
          using column = held(device, physical, values, nullable);
          await check(
            device,
            order.map((name) => ({ function: name, held: column })),
            count,
            groups,
          );
        }
      }
    });

    it("sums exactly", { timeout: 240_000 }, async () => {
      const device = await open();
      for (const physical of types.filter((type) => !isFloat(type) && type !== "bits")) {
        for (const [count, groups] of shapes) {
          const edges = physical.endsWith("64") || physical === "i128" ? 0 : 0.3;
          const values = randomValues(physical, count, { different: 1e9, edges, nulls: 0.1 });
          using column = held(device, physical, values, true);
          const wide = physical === "i64";
          const sums: Asked[] = [
            { function: "sum", held: column },
            { function: "mean", held: column, scale: 2 },
            ...(wide ? [{ function: "sum", held: column, wide } as const] : []),
          ];
          await check(device, sums, count, groups);
        }
      }
    });

    it("sums past 64 bits on the way, and refuses what does not fit", { timeout: 240_000 }, async () => {
      const device = await open();
      const most = 2n ** 63n - 1n;
      const detour: Value[] = [most, most, -most, -most, 7n, -(2n ** 63n), 2n ** 62n];
      using column = held(device, "i64", detour);
      await check(device, [{ function: "sum", held: column }], detour.length, 1);
      const cases = [
        ["i64", [most, 1n]],
        ["i64", [-most, -2n]],
        ["u64", [2n ** 64n - 1n, 1n]],
        ["i128", [2n ** 127n - 1n, 1n]],
        ["i128", [-(2n ** 127n), -1n]],
      ] as const;
      for (const [physical, values] of slow ? cases.slice(2, 4) : cases) {
        using over = held(device, physical, values);
        const aggregates = [{ function: "sum", column: over.memory }] as const;
        const work = aggregateAll(device, { count: values.length, aggregates });
        await expect(work, `${physical} ${values}`).rejects.toMatchObject({ code: "OVERFLOW" });
      }
      using wide = held(device, "i64", [most, most, most, -5n]);
      const aggregates: Asked[] = [
        { function: "sum", held: wide, wide: true },
        { function: "mean", held: wide },
      ];
      await check(device, aggregates, 4, 1);
    });

    it("computes moments of floats and integers", { timeout: 240_000 }, async () => {
      const device = await open();
      const names = ["sum", "mean", "variance", "stddev"] as const;
      for (const physical of slow
        ? (["f64", "i128"] as const)
        : (["f64", "f32", "i32", "u64", "i128"] as const)) {
        for (const [count, groups] of slow ? shapes.slice(1, 2) : shapes.filter((_, at) => at % 2 === 1)) {
          const nulls = physical === "f64" ? 0 : 0.2;
          const values = randomValues(physical, count, { different: 4000, edges: 0, nulls });
          using column = held(device, physical, values, nulls > 0);
          await check(
            device,
            names.map((name) => ({ function: name, held: column })),
            count,
            groups,
          );
        }
      }
      const far = Array.from({ length: 999 }, (_, at) => 1e9 + (at % 7));
      using column = held(device, "f64", far);
      await check(device, [{ function: "variance", held: column }], far.length, 2);
      using special = held(device, "f64", [Number.POSITIVE_INFINITY, 1, null, 2]);
      await check(device, [{ function: "sum", held: special }], 4, 1);
    });

    it("counts rows, and takes bools", { timeout: 240_000 }, async () => {
      const device = await open();
      using flags = held(device, "bits", randomValues("bits", 900, { different: 2, nulls: 0.5 }));
      const asked: Asked[] = [
        { function: "countRows" },
        { function: "any", held: flags },
        { function: "all", held: flags },
      ];
      await check(device, asked, 900, 300);
    });

    it("finds quantiles and counts different values", { timeout: 240_000 }, async () => {
      const device = await open();
      for (const physical of slow
        ? (["f64", "i128"] as const)
        : (["f64", "f32", "i8", "u64", "i128"] as const)) {
        for (const [count, groups] of slow ? shapes.slice(1, 2) : shapes) {
          const values = randomValues(physical, count, { different: 50, edges: 0.01, nulls: 0.3 });
          using column = held(device, physical, values, true);
          const asked: Asked[] = [
            { function: "countDistinct", held: column },
            { function: "median", held: column },
            { function: "quantile", held: column, fraction: 0.3 },
          ];
          await check(device, physical.startsWith("f") ? asked.slice(0, 1) : asked, count, groups);
        }
      }
      const numbers = randomValues("f64", 800, { different: 700, edges: 0, nulls: 0.1 });
      using column = held(device, "f64", numbers);
      await check(device, [{ function: "median", held: column }], 800, 30);
    });

    it("takes text", { timeout: 240_000 }, async () => {
      const device = await open();
      const random = seeded(9);
      for (const [count, groups] of slow
        ? [[700, 30] as const]
        : ([
            [700, 30],
            [0, 2],
            [60, undefined],
          ] as const)) {
        const values = Array.from({ length: count }, () => texts[Math.floor(random() * 9)] ?? null);
        using column = held(device, "text", values, true);
        const names = ["min", "max", "first", "last", "count", "countDistinct"] as const;
        await check(
          device,
          names.map((name) => ({ function: name, held: column })),
          count,
          groups,
        );
      }
      expect(unsupportedAggregate(device, "sum", "text")).toContain("text");
    });

    it("says what a device cannot do, and wants a column", async () => {
      const device = await open();
      const reason = unsupportedAggregate(device, "mean", "i32");
      expect(reason === undefined).toBe(adapter.features.has("f64"));
      using column = held(device, "i32", [1]);
      if (reason !== undefined) {
        const work = { count: 1, aggregates: [{ function: "mean", column: column.memory }] as const };
        await expect(aggregateAll(device, work)).rejects.toMatchObject({ code: "UNSUPPORTED" });
      }
      const beyond = [{ function: "quantile", column: column.memory, fraction: 1.5 }] as const;
      if (reason === undefined) {
        const work = aggregateAll(device, { count: 1, aggregates: beyond });
        await expect(work).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      }
      const none = { count: 1, aggregates: [{ function: "max" }] as const };
      await expect(aggregateAll(device, none)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    });
  },
  { computing: true },
);
