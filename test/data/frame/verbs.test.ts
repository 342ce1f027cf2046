import { afterAll, describe, expect, it } from "vitest";
import { count, type DataFrame, when } from "#src/data/index.js";
import { cpuData, multiset, rowText } from "../../support/data.ts";

const data = cpuData();
afterAll(() => data[Symbol.asyncDispose]());

const trips = [
  { id: 1, city: "Bern", km: 3.5, day: new Date("2024-02-29T00:00:00Z"), ok: true },
  { id: 2, city: "Köln", km: -0, day: new Date("2024-03-01T12:30:00Z"), ok: false },
  { id: 3, city: "Bern", km: Number.NaN, day: null, ok: null },
  { id: 4, city: null, km: 0, day: new Date("1969-12-31T23:59:59Z"), ok: true },
  { id: 5, city: "Bern", km: 12, day: new Date("2024-03-01T12:30:00Z"), ok: true },
  { id: 6, city: "日本", km: null, day: new Date("2024-03-02T00:00:00Z"), ok: false },
];
const frame = await data.from(trips, { schema: { id: "int32" } });
const prices = await data.from(
  [
    { city: "Bern", price: 10 },
    { city: "Bern", price: 11 },
    { city: "Köln", price: 12 },
    { city: "Rom", price: 13 },
    { city: null, price: 14 },
  ],
  { schema: { price: "int64" } },
);

async function rowsOf(frame: DataFrame): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await frame.collect()).toRows({ integers: "number" });
}

/** In this order, with these names. */
async function expectRows(frame: unknown, expected: readonly Readonly<Record<string, unknown>>[]) {
  const rows = await rowsOf(frame as DataFrame);
  expect(rows.map(rowText)).toEqual(expected.map(rowText));
}

/** In any order. */
async function expectSet(frame: unknown, expected: readonly Readonly<Record<string, unknown>>[]) {
  expect(multiset(await rowsOf(frame as DataFrame))).toEqual(multiset(expected));
}

const ids = (...list: number[]) => list.map((id) => ({ id }));

describe("columns", () => {
  it("are selected, computed, renamed and dropped", async () => {
    await expectRows(frame.select("km", "id").limit(1), [{ km: 3.5, id: 1 }]);
    await expectRows(frame.select("id", { twice: (row) => row.id.multiply(2) }).limit(2), [
      { id: 1, twice: 2 },
      { id: 2, twice: 4 },
    ]);
    await expectRows(frame.drop("day", "ok", "km").rename({ city: "town" }).limit(1), [
      { id: 1, town: "Bern" },
    ]);
  });

  it("are derived in the place of those of their name", async () => {
    const derived = frame
      .select("id", "city")
      .derive({ id: (row) => row.id.add(10), long: "length(city) > 2", one: 1 });
    expect(derived.columnNames).toEqual(["id", "city", "long", "one"]);
    await expectRows(derived.filter("id > 14"), [
      { id: 15, city: "Bern", long: true, one: 1 },
      { id: 16, city: "日本", long: false, one: 1 },
    ]);
    await expectRows(
      frame
        .withColumns({ far: (row) => when(row.km.greater(5)).then("far").otherwise("near") })
        .select("far"),
      ["near", "near", "far", "near", "far", "near"].map((far) => ({ far })),
    );
  });
});

describe("rows", () => {
  it("are filtered by functions and by text; null keeps none", async () => {
    await expectRows(frame.filter((row) => row.ok).select("id"), ids(1, 4, 5));
    await expectRows(frame.filter("km > 3").select("id"), ids(1, 3, 5));
    await expectRows(
      frame.filter((row) => row.city.equal("Bern").and(row.km.less(100))).select("id"),
      ids(1, 5),
    );
    await expectRows(frame.filter((row) => row.city.isNull()).select("id"), ids(4));
    await expectRows(frame.filter("false").select("id"), []);
  });

  it("are ordered: NaN above numbers, 0 and -0 equal, nulls last, ties as they came", async () => {
    await expectRows(frame.orderBy("km").select("id"), ids(2, 4, 1, 5, 3, 6));
    await expectRows(frame.orderBy("-km").select("id"), ids(3, 5, 1, 2, 4, 6));
    await expectRows(
      frame.orderBy((row) => row.km.desc({ nulls: "first" })).select("id"),
      ids(6, 3, 5, 1, 2, 4),
    );
    await expectRows(frame.orderBy("city", "-id").select("id"), ids(5, 3, 1, 2, 6, 4));
    await expectRows(frame.orderBy("ok").orderBy("city").select("id"), ids(1, 5, 3, 2, 6, 4));
    await expectRows(frame.top(2, "-km").select("id"), ids(3, 5));
    await expectRows(frame.top(0, "km").select("id"), []);
  });

  it("are limited, also twice and after an order", async () => {
    await expectRows(frame.select("id").limit(2, 1), ids(2, 3));
    await expectRows(frame.select("id").limit(4, 1).limit(9, 2), ids(4, 5));
    await expectRows(frame.orderBy("-id").limit(2, 1).select("id"), ids(5, 4));
    await expectRows(frame.select("id").limit(5, 100), []);
  });

  it("are distinct, in all columns or in some: the first of each", async () => {
    await expectSet(frame.select("city").distinct(), [
      { city: "Bern" },
      { city: "Köln" },
      { city: null },
      { city: "日本" },
    ]);
    await expectSet(frame.distinct("city").select("id"), ids(1, 2, 4, 6));
    await expectSet(frame.orderBy("-id").distinct("city").select("id"), ids(5, 2, 4, 6));
    await expectSet(frame.distinct("km").select("id"), ids(1, 2, 3, 5, 6));
  });

  it("are put after one another, columns matched by name and widened", async () => {
    const more = await data.from({ id: new Float64Array([7.5]), city: ["Rom"] });
    const all = frame.select("city", "id").concat(more.select("id", "city") as never);
    expect(all.schema[1]?.type.kind).toBe("float64");
    await expectRows(all.limit(2, 5), [
      { city: "日本", id: 6 },
      { city: "Rom", id: 7.5 },
    ]);
    await expectRows(data.concat([more, more]).select("id"), [{ id: 7.5 }, { id: 7.5 }]);
  });

  it("lose nulls or have them filled", async () => {
    await expectRows(frame.dropNull("city", "km").select("id"), ids(1, 2, 3, 5));
    await expectRows(frame.dropNull().select("id"), ids(1, 2, 5));
    await expectRows(frame.fillNull({ km: 1, city: "?" }).filter("id = 4 or id = 6").select("city", "km"), [
      { city: "?", km: 0 },
      { city: "日本", km: 1 },
    ]);
    await expectRows(frame.select("id", "city").fillNull("none").filter("id = 4"), [{ id: 4, city: "none" }]);
  });
});

describe("groups", () => {
  it("are aggregated; nulls are a group, NaNs one, 0 and -0 one", async () => {
    await expectSet(
      frame
        .groupBy("city")
        .aggregate({ rows: count(), km: (row) => row.km.count(), max: (row) => row.km.max() }),
      [
        { city: "Bern", rows: 3, km: 3, max: Number.NaN },
        { city: "Köln", rows: 1, km: 1, max: 0 },
        { city: null, rows: 1, km: 1, max: 0 },
        { city: "日本", rows: 1, km: 0, max: null },
      ],
    );
    const groups = await rowsOf(frame.concat(frame).groupBy("km").aggregate({ n: count() }) as never);
    expect(groups.map(({ n }) => n).sort()).toEqual([2, 2, 2, 2, 4]);
  });

  it("have computed keys and texts as aggregates", async () => {
    await expectSet(
      frame.groupBy({ even: (row) => row.id.modulo(2).equal(0) }).aggregate({ total: "sum(id)" }),
      [
        { even: true, total: 12 },
        { even: false, total: 9 },
      ],
    );
    await expectSet(frame.groupBy("ok").aggregate({}), [{ ok: true }, { ok: false }, { ok: null }]);
  });

  it("know the first and the last in the order of rows", async () => {
    await expectSet(
      frame
        .orderBy("-id")
        .groupBy("city")
        .aggregate({ first: (row) => row.id.first(), last: (row) => row.id.last() }),
      [
        { city: "Bern", first: 5, last: 1 },
        { city: "Köln", first: 2, last: 2 },
        { city: null, first: 4, last: 4 },
        { city: "日本", first: 6, last: 6 },
      ],
    );
    await expectRows(frame.aggregate({ a: (row) => row.city.first(), z: (row) => row.km.last() }), [
      { a: "Bern", z: 12 },
    ]);
  });

  it("give one row of everything, also of no rows", async () => {
    await expectRows(
      frame
        .filter("id > 100")
        .aggregate({ n: count(), sum: (row) => row.id.sum(), any: (row) => row.ok.any() }),
      [{ n: 0, sum: null, any: null }],
    );
    expect(await frame.count()).toBe(6);
    expect(await frame.filter("id > 100").count()).toBe(0);
  });

  it("are pivoted, with values given or found", async () => {
    const given = frame.pivot({
      keys: "ok",
      names: "city",
      values: ["Bern", "Rom"],
      aggregate: (row) => row.id.sum(),
    });
    await expectSet(given, [
      { ok: true, Bern: 6, Rom: null },
      { ok: false, Bern: null, Rom: null },
      { ok: null, Bern: 3, Rom: null },
    ]);
    const found = await frame.pivot({ keys: "ok", names: "city", aggregate: "sum(id)" });
    expect(found.columnNames).toEqual(["ok", "Bern", "Köln", "日本"]);
    const counted = frame.pivot({ keys: [], names: "city", values: ["Bern"], aggregate: count() });
    await expectRows(counted, [{ Bern: 3 }]);
  });

  it("are unpivoted", async () => {
    const wide = frame.select("id", { a: (row) => row.id.add(1), b: (row) => row.id.multiply(0) }).limit(2);
    await expectRows(wide.unpivot({ keep: ["id"] }), [
      { id: 1, name: "a", value: 2 },
      { id: 1, name: "b", value: 0 },
      { id: 2, name: "a", value: 3 },
      { id: 2, name: "b", value: 0 },
    ]);
  });
});

describe("joins", () => {
  const left = frame.select("id", "city");

  it("pair rows with equal keys; null matches none", async () => {
    await expectSet(left.join(prices, "city"), [
      { id: 1, city: "Bern", price: 10 },
      { id: 1, city: "Bern", price: 11 },
      { id: 3, city: "Bern", price: 10 },
      { id: 3, city: "Bern", price: 11 },
      { id: 5, city: "Bern", price: 10 },
      { id: 5, city: "Bern", price: 11 },
      { id: 2, city: "Köln", price: 12 },
    ]);
    await expectSet(
      left.join(prices, "city", { nullsEqual: true }).filter((row) => row.city.isNull()),
      [{ id: 4, city: null, price: 14 }],
    );
  });

  it("keep what has no match: left, right and full", async () => {
    const few = prices.filter("price > 11");
    await expectSet(left.join(few, "city", { how: "left" }), [
      { id: 1, city: "Bern", price: null },
      { id: 2, city: "Köln", price: 12 },
      { id: 3, city: "Bern", price: null },
      { id: 4, city: null, price: null },
      { id: 5, city: "Bern", price: null },
      { id: 6, city: "日本", price: null },
    ]);
    await expectSet(left.join(few, "city", { how: "right" }), [
      { id: 2, city: "Köln", price: 12 },
      { id: null, city: "Rom", price: 13 },
      { id: null, city: null, price: 14 },
    ]);
    await expectSet(left.filter("id = 2 or id = 4").join(few, "city", { how: "full" }), [
      { id: 2, city: "Köln", price: 12 },
      { id: 4, city: null, price: null },
      { id: null, city: "Rom", price: 13 },
      { id: null, city: null, price: 14 },
    ]);
  });

  it("only look: semi and anti; or pair all: cross", async () => {
    await expectSet(left.join(prices, "city", { how: "semi" }).select("id"), ids(1, 2, 3, 5));
    await expectSet(left.join(prices, "city", { how: "anti" }).select("id"), ids(4, 6));
    expect(await left.join(prices, undefined, { how: "cross" }).count()).toBe(30);
  });

  it("compare several keys, of different types and computed", async () => {
    const other = await data.from({ a: new Float64Array([1, 2]), b: ["Bern", "Rom"] });
    await expectSet(left.join(other, { left: ["id", "city"], right: ["a", "b"] }), [
      { id: 1, city: "Bern", a: 1, b: "Bern" },
    ]);
    await expectSet(left.join(other, { left: (row) => row.id.multiply(2), right: "a" }).select("id", "a"), [
      { id: 1, a: 2 },
    ]);
  });

  it("join a frame with itself, and give names that both have a suffix", async () => {
    const pairs = left.join(left, { left: "id", right: "id" }, { suffix: "_2" });
    expect(pairs.columnNames).toEqual(["id", "city", "id_2", "city_2"]);
    expect(await pairs.count()).toBe(6);
  });

  it("match NaN with NaN and 0 with -0", async () => {
    const numbers = await data.from({ km: new Float64Array([Number.NaN, 0]) });
    await expectSet(frame.join(numbers, "km").select("id"), ids(2, 3, 4));
  });
});

describe("windows and lists", () => {
  it("rank, look around, sum and keep the order of rows", async () => {
    const windowed = frame.select("id", "city").window({
      partitionBy: "city",
      orderBy: "-id",
      columns: {
        number: { function: "rowNumber" },
        before: { function: "lag", of: "id" },
        after: { function: "lead", of: "id", rows: 2 },
        running: { function: "cumulativeSum", of: "id" },
        moving: { function: "movingMean", of: "id", rows: 2 },
        newest: { function: "firstValue", of: "id" },
        oldest: { function: "lastValue", of: "id" },
        total: (row) => row.id.sum(),
        rows: count(),
      },
    });
    const rest = { number: 1, before: null, after: null };
    const lone = (id: number, city: string | null) => ({
      id,
      city,
      ...rest,
      running: id,
      moving: id,
      newest: id,
      oldest: id,
      total: id,
      rows: 1,
    });
    const bern = { city: "Bern", newest: 5, oldest: 1, total: 9, rows: 3 };
    await expectSet(windowed, [
      { id: 1, city: "Bern", number: 3, before: 3, after: null, running: 9, moving: 2, ...omitCity(bern) },
      lone(2, "Köln"),
      { id: 3, city: "Bern", number: 2, before: 5, after: null, running: 8, moving: 4, ...omitCity(bern) },
      lone(4, null),
      { id: 5, city: "Bern", number: 1, before: null, after: 1, running: 5, moving: 5, ...omitCity(bern) },
      lone(6, "日本"),
    ]);
    await expectRows(windowed.select("id"), ids(1, 2, 3, 4, 5, 6));
  });

  it("rank ties alike", async () => {
    const ranked = frame.window({
      orderBy: "city",
      columns: { rank: { function: "rank" }, dense: { function: "denseRank" } },
    });
    await expectRows(ranked.select("rank", "dense"), [
      { rank: 1, dense: 1 },
      { rank: 4, dense: 2 },
      { rank: 1, dense: 1 },
      { rank: 6, dense: 4 },
      { rank: 1, dense: 1 },
      { rank: 5, dense: 3 },
    ]);
  });

  it("explode lists; null and empty ones give no row", async () => {
    const lists = await data.from([
      { id: 1, of: [1, 2] },
      { id: 2, of: [] },
      { id: 3, of: null },
      { id: 4, of: [3, null] },
    ]);
    await expectRows(lists.explode("of"), [
      { id: 1, of: 1 },
      { id: 1, of: 2 },
      { id: 4, of: 3 },
      { id: 4, of: null },
    ]);
  });
});

describe("ends", () => {
  it("describe every column", async () => {
    const rows = await rowsOf(await frame.describe());
    expect(rows.map(({ column }) => column)).toEqual(["id", "city", "km", "day", "ok"]);
    expect(rows[0]).toMatchObject({
      count: 6,
      nulls: 0,
      distinct: 6,
      mean: 3.5,
      min: "1",
      median: 3.5,
      max: "6",
    });
    expect(rows[2]).toMatchObject({ count: 5, nulls: 1, mean: 3.875, max: "NaN" });
  });

  it("cache rows, which later frames read", async () => {
    const cached = await frame.filter("id > 3").cache();
    await expectRows(cached.select("id"), ids(4, 5, 6));
    await expectRows(cached.filter("id > 5").select("id"), ids(6));
    cached.dispose();
    await expect(cached.collect()).rejects.toMatchObject({ code: "BUFFER_DISPOSED" });
  });

  it("give batches in order", async () => {
    const many = await data.from({ n: Int32Array.from({ length: 10_000 }, (_, at) => at) });
    let next = 0;
    for await (const batch of many.batches({ rows: 999 })) {
      expect(batch.rows).toBeLessThanOrEqual(999);
      for (const { n } of batch.toRows()) expect(n).toBe(next++);
    }
    expect(next).toBe(10_000);
    for await (const batch of many) {
      expect(batch.rows).toBe(10_000);
    }
  });
});

function omitCity({ city: _, ...rest }: Readonly<Record<string, unknown>>) {
  return rest;
}
