import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gpu, open } from "#src/index.js";

let gpu: Gpu;

beforeAll(async () => {
  gpu = await open();
});
afterAll(() => gpu.dispose());

const moments = [
  "2024-03-31T00:30:00Z",
  "2024-03-31T01:30:00Z",
  "2024-10-27T01:30:00Z",
  "2024-06-30T23:15:00Z",
];

const parts = {
  hour: "hour(t)",
  day: "day(t)",
  month: "month(t)",
  toDay: "dateTrunc('day', t)",
  toHour: "dateTrunc('hour', t)",
};

async function partsIn(timeZone: string, unit: "ms" | "us") {
  const schema = { t: { kind: "timestamp", unit, timeZone } } as const;
  const frame = await gpu.data.from({ t: moments.map((moment) => new Date(moment)) }, { schema });
  const table = await frame.derive(parts).collect({ placement: "cpu" });
  const zones = table.schema.map(({ type }) => (type.kind === "timestamp" ? type.timeZone : undefined));
  const shown = table.toRows().map((row) => {
    const { hour, day, month, toDay, toHour } = row as Record<string, unknown>;
    const times = [toDay, toHour].map((time) => (time as Date).toISOString().slice(5, 16));
    return [Number(month), Number(day), Number(hour), ...times];
  });
  return { shown, zones };
}

it.each(["ms", "us"] as const)("parts of times in %s are those of the column's zone", async (unit) => {
  const { shown, zones } = await partsIn("Europe/Berlin", unit);
  expect(shown).toEqual([
    [3, 31, 1, "03-30T23:00", "03-31T00:00"],
    [3, 31, 3, "03-30T23:00", "03-31T01:00"],
    [10, 27, 2, "10-26T22:00", "10-27T01:00"],
    [7, 1, 1, "06-30T22:00", "06-30T23:00"],
  ]);
  expect(zones).toEqual(["Europe/Berlin", undefined, undefined, undefined, "Europe/Berlin", "Europe/Berlin"]);
});

it("zones may be offsets", async () => {
  const { shown } = await partsIn("+05:30", "us");
  expect(shown[0]).toEqual([3, 31, 6, "03-30T18:30", "03-31T00:30"]);
  expect(shown[3]).toEqual([7, 1, 4, "06-30T18:30", "06-30T22:30"]);
});

it.each(["s", "ms", "us", "ns"] as const)(
  "times with a zone keep their unit of %s, and compare",
  async (unit) => {
    const type = { kind: "timestamp", unit, timeZone: "Europe/Berlin" } as const;
    const t = [new Date(1e12), new Date(-5e11), new Date(-2e12), null];
    const frame = await gpu.data.from({ t, k: [1, 1, 1, 2] }, { schema: { t: type } });
    const query = frame
      .filter("t > timestamp '1950-01-01 00:00:00'")
      .derive({ later: "t + interval '1 hours'", day: "dateTrunc('day', t)" })
      .groupBy("k")
      .aggregate({ most: "max(t)", later: "min(later)", day: "max(day)" });
    const table = await query.collect({ placement: "cpu" });
    expect(table.schema.slice(1).map((field) => field.type)).toEqual([type, type, type]);
    const later = new Date(-5e11 + 3_600_000);
    expect(table.toRows()).toEqual([
      { k: 1, most: new Date(1e12), later, day: new Date("2001-09-08T22:00:00Z") },
    ]);
  },
);

it("durations stay durations", async () => {
  const frame = await gpu.data.from({ a: [new Date(5)], b: [new Date(2)] });
  const table = await frame.derive({ d: "a - b" }).select("d").collect({ placement: "cpu" });
  expect([table.schema[0]?.type, table.at(0)]).toEqual([{ kind: "duration", unit: "ms" }, { d: 3n }]);
});

it("deviations of what is not finite are NaN", async () => {
  const a = Float64Array.of(Number.NaN, 1, Number.POSITIVE_INFINITY, 5, 1, 3);
  const frame = await gpu.data.from({ k: Int32Array.of(1, 1, 2, 3, 4, 4), a });
  const query = frame.groupBy("k").aggregate({ v: "variance(a)", s: "stddev(a)" }).orderBy("k");
  const table = await query.select("v", "s").collect({ placement: "cpu" });
  expect(table.toRows().map(({ v, s }) => [v, s])).toEqual([
    [Number.NaN, Number.NaN],
    [null, null],
    [null, null],
    [2, Math.SQRT2],
  ]);
});
