import { afterAll, describe, expectTypeOf, it } from "vitest";
import { count, type DataFrame, when } from "#src/data/index.js";
import { cpuData } from "../../support/data.ts";

const data = cpuData();
afterAll(() => data[Symbol.asyncDispose]());

const frame = await data.from({
  id: new BigInt64Array(2),
  speed: new Float32Array(2),
  city: ["Bern", "Rom"],
  day: [new Date(0), null],
});

type Kinds<F> = F extends DataFrame<infer C> ? { -readonly [N in keyof C]: C[N] } : never;

describe("TypeScript", () => {
  it("knows columns of typed arrays, of rows and of a schema", async () => {
    expectTypeOf<Kinds<typeof frame>>().toEqualTypeOf<{
      id: "number";
      speed: "number";
      city: "utf8";
      day: "timestamp";
    }>();
    const rows = await data.from([{ a: 1, b: "x" }], { schema: { a: "int32" } });
    expectTypeOf<Kinds<typeof rows>>().toEqualTypeOf<{ a: "number"; b: "utf8" }>();
    const read = async () =>
      data.read("trips.csv", { schema: { id: "int64", at: "timestamp", name: "utf8" } });
    expectTypeOf<Kinds<Awaited<ReturnType<typeof read>>>>().toEqualTypeOf<{
      id: "number";
      at: "timestamp";
      name: "utf8";
    }>();
  });

  it("follows columns through every verb", () => {
    const derived = frame.derive({
      kmh: (row) => row.speed.multiply(1.6),
      far: (row) => row.speed.greater(10),
      band: (row) => when(row.speed.greater(10)).then("fast").otherwise("slow"),
      city: (row) => row.city.length(),
    });
    expectTypeOf<Kinds<typeof derived>>().toEqualTypeOf<{
      id: "number";
      speed: "number";
      day: "timestamp";
      kmh: "number";
      far: "bool";
      band: "utf8";
      city: "number";
    }>();
    const selected = frame.select("city", { days: (row) => row.day.year() });
    expectTypeOf<Kinds<typeof selected>>().toEqualTypeOf<{ city: "utf8"; days: "number" }>();
    const renamed = frame.rename({ city: "town" }).drop("day");
    expectTypeOf<Kinds<typeof renamed>>().toEqualTypeOf<{ id: "number"; speed: "number"; town: "utf8" }>();
    const grouped = frame
      .groupBy("city", { year: (row) => row.day.year() })
      .aggregate({ rows: count(), first: (row) => row.day.min(), mean: (row) => row.speed.mean() });
    expectTypeOf<Kinds<typeof grouped>>().toEqualTypeOf<{
      city: "utf8";
      year: "number";
      rows: "number";
      first: "timestamp";
      mean: "number";
    }>();
    const joined = frame.join(selected, "city", { how: "left" });
    expectTypeOf<Kinds<typeof joined>>().toExtend<{ id: "number"; city: "utf8"; days: "number" }>();
    const twice = frame.select("id", "city").join(frame.select("id"), { left: "id", right: "id" });
    expectTypeOf<Kinds<typeof twice>>().toExtend<{ id: "number"; city: "utf8"; id_right: "number" }>();
    const semi = frame.join(selected, "city", { how: "semi" });
    expectTypeOf<Kinds<typeof semi>>().toExtend<Kinds<typeof frame>>();
    const windowed = frame.select("id").window({ orderBy: "id", columns: { place: { function: "rank" } } });
    expectTypeOf<Kinds<typeof windowed>>().toExtend<{ id: "number"; place: "number" }>();
  });

  it("refuses unknown columns and operands of another kind", () => {
    const refused = () => {
      // @ts-expect-error: there is no such column
      frame.select("town");
      // @ts-expect-error: there is no such column
      frame.filter((row) => row.town.equal("Bern"));
      // @ts-expect-error: text is not compared with a number
      frame.filter((row) => row.city.equal(3));
      // @ts-expect-error: text has no sum
      frame.aggregate({ sum: (row) => row.city.sum() });
      // @ts-expect-error: a number is no predicate
      frame.filter((row) => row.speed.add(1));
      // @ts-expect-error: there is no such column
      frame.orderBy("-town");
      // @ts-expect-error: both need it
      frame.join(frame.select("id"), "city");
      // @ts-expect-error: there is no such column
      frame.groupBy("town");
    };
    expectTypeOf(refused).toBeFunction();
  });

  it("lets everything pass where it knows nothing", () => {
    const untyped = frame as unknown as DataFrame;
    const passes = () => {
      const selected = untyped.select("anything", { more: (row) => row["id"]?.add(1) ?? null });
      expectTypeOf<Kinds<typeof selected>>().toExtend<Readonly<Record<string, "any">>>();
      untyped.derive({ z: "x + 1" }).filter("z > 3").orderBy("-z", "q");
      untyped.join(frame, "id");
    };
    expectTypeOf(passes).toBeFunction();
  });
});
