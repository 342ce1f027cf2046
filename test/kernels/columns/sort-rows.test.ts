import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import type { FixedPhysical } from "#src/kernels/columns/column.js";
import { sortRows } from "#src/kernels/index.js";
import { isFake, onEveryDevice } from "../../support/devices.js";
import { texts } from "../../support/edges.js";
import { seeded } from "../../support/random.js";
import { type Held, held, type OracleKey, physicals, randomValues, sortedRows } from "./order-support.js";

type Key = Omit<OracleKey, "values"> & { readonly held: Held };

async function check(
  device: Device,
  keys: readonly Key[],
  count: number,
  what: string,
  limit = count,
): Promise<void> {
  const work = keys.map(({ held: { memory }, descending, nullsFirst }) => ({
    column: memory,
    descending,
    nullsFirst,
  }));
  using rows = await sortRows(device, { keys: work, count, limit });
  const found = new Uint32Array((await device.read(rows)).slice(0, Math.min(limit, count) * 4).buffer);
  const expected = sortedRows(
    keys.map(({ held: { values }, ...order }) => ({ ...order, values })),
    count,
  );
  expect([...found], what).toEqual(expected.slice(0, limit));
}

const lengths = [0, 1, 2, 31, 33, 257, 2049, 5000];
const directions = [false, true].flatMap((descending) =>
  [false, true].map((nullsFirst) => ({ descending, nullsFirst })),
);

onEveryDevice(
  "sortRows",
  (adapter, open) => {
    const slow = adapter.backend === "webgpu" || isFake(adapter);
    const types: readonly FixedPhysical[] = slow ? ["bits", "i16", "f64"] : physicals;

    it("sorts each type, with ties, extremes and nulls", { timeout: 240_000 }, async () => {
      const device = await open();
      for (const physical of types) {
        for (const count of slow ? [0, 33, 2049] : lengths) {
          const order = directions[(count + physical.length) % 4] ?? { descending: false, nullsFirst: false };
          const values = randomValues(physical, count, { different: 300, nulls: 0.1 });
          using column = held(device, physical, values, true);
          await check(device, [{ ...order, held: column }], count, `${count} of ${physical}`);
        }
      }
    });

    it("puts nulls and descending keys where they belong", { timeout: 240_000 }, async () => {
      const device = await open();
      for (const [at, order] of directions.entries()) {
        const physical = (["i64", "u64", "f64", "i128"] as const)[slow ? 3 : at] ?? "i64";
        const values = randomValues(physical, 1031, { different: 9, nulls: 0.2, edges: 0.3 });
        using column = held(device, physical, values);
        await check(device, [{ ...order, held: column }], 1031, `${physical} ${JSON.stringify(order)}`);
      }
    });

    it("sorts by several keys", { timeout: 240_000 }, async () => {
      const device = await open();
      const count = 3001;
      using small = held(device, "u8", randomValues("u8", count, { different: 3, nulls: 0.1, edges: 0 }));
      using wide = held(device, "f64", randomValues("f64", count, { different: 5, nulls: 0.1 }));
      using flags = held(device, "bits", randomValues("bits", count, { different: 2, nulls: 0.3 }));
      using big = held(device, "i128", randomValues("i128", count, { different: 4, edges: 0.3 }));
      const [up, down] = [
        { descending: false, nullsFirst: true },
        { descending: true, nullsFirst: false },
      ];
      await check(
        device,
        [
          { held: small, ...up },
          { held: flags, ...down },
        ],
        count,
        "packed",
      );
      const all = [
        { held: flags, ...up },
        { held: wide, ...down },
        { held: small, ...down },
        { held: big, ...down },
      ];
      await check(device, all, count, "several words");
    });

    it("keeps the order of rows that are equal", { timeout: 240_000 }, async () => {
      const device = await open();
      const count = 2500;
      using same = held(device, "i32", new Array(count).fill(-7));
      using nulls = held(device, "f64", new Array(count).fill(null));
      const order = { descending: true, nullsFirst: true };
      await check(
        device,
        [
          { held: same, ...order },
          { held: nulls, ...order },
        ],
        count,
        "all equal",
      );
      await check(device, [], 100, "no key");
    });

    it("takes the first rows", { timeout: 240_000 }, async () => {
      const device = await open();
      const count = 70_001;
      const cases: readonly (readonly [FixedPhysical, number])[] = slow
        ? [["f64", 1e9]]
        : [
            ["f64", 1e9],
            ["i32", 7],
            ["i128", 1000],
          ];
      using ties = held(device, "u16", randomValues("u16", count, { different: 90, edges: 0 }));
      for (const [physical, different] of cases) {
        using column = held(
          device,
          physical,
          randomValues(physical, count, { different, edges: 0.001, nulls: 0.01 }),
        );
        for (const order of slow ? directions.slice(1, 3) : directions) {
          const keys = [
            { held: column, ...order },
            { held: ties, ...order },
          ];
          for (const limit of [10, 2000]) await check(device, keys, count, `${limit} of ${physical}`, limit);
        }
        await check(device, [{ held: ties, descending: true, nullsFirst: false }], count, "none", 0);
      }
      using few = held(device, "i16", [3, 1, 2]);
      await check(device, [{ held: few, descending: false, nullsFirst: false }], 3, "2 of 3", 2);
    });

    it("sorts text by its bytes", { timeout: 240_000 }, async () => {
      const device = await open();
      const random = seeded(5);
      const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? "";
      const long = "https://example.org/".repeat(30);
      const kinds: Readonly<Record<string, () => string>> = {
        edges: () => pick([...texts, "a\u0000", "a\u0000\u0000", "abcdefg", "abcdefgh", "abcdefg\u0000"]),
        prefixes: () => "ab".repeat(Math.floor(random() * 40)),
        common: () => long + pick(["", "a", "b", "ab"]) + Math.floor(random() * 300),
        words: () => `${Math.floor(random() * 1e6).toString(36)} ${Math.floor(random() * 5)}`,
        same: () => long,
      };
      for (const [kind, make] of Object.entries(kinds)) {
        for (const count of slow ? [700] : [0, 1, 33, 2500]) {
          using column = held(device, "text", Array.from({ length: count }, make));
          await check(device, [{ held: column, descending: false, nullsFirst: false }], count, kind);
        }
      }
    });

    it("sorts text with nulls and other keys", { timeout: 240_000 }, async () => {
      const device = await open();
      const random = seeded(6);
      const count = 900;
      const words = Array.from({ length: count }, () => texts[Math.floor(random() * 9)] ?? null);
      using column = held(device, "text", words);
      using other = held(device, "u8", randomValues("u8", count, { different: 3, edges: 0 }));
      for (const order of slow ? directions.slice(2, 3) : directions) {
        const keys = [
          { held: other, ...order },
          { held: column, ...order },
        ];
        await check(device, keys, count, JSON.stringify(order));
      }
    });

    it("sorts more rows than a pass's chunk", { timeout: 240_000 }, async () => {
      const device = await open();
      const count = slow ? 9001 : 300_001;
      using column = held(device, "i64", randomValues("i64", count, { different: 1e9, edges: 0.01 }));
      await check(device, [{ held: column, descending: false, nullsFirst: false }], count, "many");
    });
  },
  { computing: true },
);
