import { afterAll, describe, expect, it } from "vitest";
import { count, type DataFrame } from "#src/data/index.js";
import { cpuData } from "../../support/data.ts";
import { failure } from "../../support/errors.ts";

const data = cpuData();
afterAll(() => data[Symbol.asyncDispose]());

type Loose = DataFrame<{ id: "any"; city: "any"; at: "any"; of: "any"; [name: string]: "any" }>;
const frame = (await data.from([{ id: 1, city: "Bern", at: new Date(0), of: [1] }], {
  schema: { id: "int64" },
})) as unknown as Loose;
const other = frame.select("id", "city") as unknown as Loose;

const mistakes: readonly (readonly [string, () => unknown, RegExp])[] = [
  ["an unknown column, with a suggestion", () => frame.select("ciy"), /"ciy".*Did you mean "city"/s],
  [
    "an unknown column of a row",
    () => frame.filter((row) => row["town"]?.equal("x") as never),
    /no column "town"/,
  ],
  ["an unknown column in text", () => frame.filter("town = 'x'"), /no column "town"/],
  ["an unknown column to drop", () => frame.drop("towns"), /no column "towns"/],
  ["an unknown column to rename", () => frame.rename({ towns: "x" }), /no column "towns"/],
  ["an unknown column to order by", () => frame.orderBy("-towns"), /no column "towns"/],
  ["an unknown key", () => frame.groupBy("towns").aggregate({ n: count() }), /no column "towns"/],
  ["text that is no expression", () => frame.filter("city = ="), /city = =/],
  ["a filter that is no test", () => frame.filter("id + 1"), /bool|true or false/],
  ["text plus a number", () => frame.derive({ x: "city + 1" }), /utf8/],
  ["a sum of text", () => frame.aggregate({ x: "sum(city)" }), /sum takes numbers/],
  [
    "a value where a function of many rows is needed",
    () => frame.aggregate({ x: (row) => row.id as never }),
    /many rows/,
  ],
  [
    "a function of many rows where a value is needed",
    () => frame.derive({ x: (row) => row.id.max() as never }),
    /one of many rows/,
  ],
  ["nothing to aggregate", () => frame.aggregate({}), /no column/],
  ["nothing left", () => frame.drop("id", "city", "at", "of"), /no column/],
  ["two columns of a name", () => frame.select("id", { id: "city" }), /two columns the name "id"/],
  ["a name taken by rename", () => frame.rename({ id: "city" }), /two columns the name "city"/],
  ["a name taken in a join", () => frame.derive({ city_right: "1" }).join(other, "id"), /city_right/],
  ["a join of text with a number", () => frame.join(other, { left: "city", right: "id" }), /utf8 with int64/],
  ["a join on nothing", () => frame.join(other, [] as never), /nothing to join on/],
  ["an unknown kind of join", () => frame.join(other, "id", { how: "outer" as never }), /"outer"/],
  ["a join with what is no frame", () => frame.join({} as never, "id" as never), /DataFrame/],
  ["lists as keys", () => frame.groupBy("of").aggregate({ n: count() }), /lists/],
  ["lists to order by", () => frame.orderBy("of"), /list/],
  ["lists to tell apart", () => frame.distinct(), /lists/],
  ["an explosion of no list", () => frame.explode("city"), /utf8/],
  ["a limit below none", () => frame.limit(-1), /-1/],
  ["a part of a row", () => frame.limit(1.5), /1.5/],
  ["a top of what is no number", () => frame.top(Number.NaN, "id"), /NaN/],
  ["no order", () => frame.orderBy(), /nothing to order by/],
  ["a rank without an order", () => frame.window({ columns: { r: { function: "rank" } } }), /needs an order/],
  [
    "an unknown window function",
    () => frame.window({ columns: { r: { function: "first_value" as never, of: "id" } } }),
    /first_value/,
  ],
  [
    "a moving sum without a width",
    () => frame.window({ columns: { r: { function: "movingSum", of: "id" } } }),
    /rows/,
  ],
  ["a lag of nothing", () => frame.window({ columns: { r: { function: "lag" } } }), /operand/],
  ["columns of two types to unpivot", () => frame.unpivot({ columns: ["id", "city"] }), /int64.*utf8/],
  [
    "too many columns of a pivot",
    () =>
      frame.pivot({
        keys: "id",
        names: "city",
        aggregate: count(),
        values: Array.from({ length: 1001 }, (_, at) => `v${at}`),
      }),
    /1000/,
  ],
  ["frames that differ", () => frame.concat(other), /no column "at"/],
  ["types that differ", () => other.concat(other.derive({ city: "1" }) as never), /"city"/],
  ["no frames", () => data.concat([]), /at least one/],
  ["a value for no column", () => other.fillNull(new Date(0)), /no column takes/],
  ["a default for an unknown column", () => frame.fillNull({ towns: 1 }), /no column "towns"/],
];

describe("a mistake is thrown by the verb that made it", () => {
  it.each(mistakes)("%s", async (_, make, message) => {
    const error = await failure(make, "INVALID_ARGUMENT");
    expect(`${error.message} ${error.hint ?? ""}`).toMatch(message);
  });
});

describe("what the data says is thrown by the end", () => {
  it("sums that overflow, casts that fail", async () => {
    const large = await data.from({ n: BigInt64Array.of(2n ** 62n, 2n ** 62n), t: ["1", "x"] });
    await failure(() => large.aggregate({ s: (row) => row.n.sum() }).collect(), "OVERFLOW");
    await failure(() => large.derive({ m: (row) => row.n.multiply(4) }).collect(), "OVERFLOW");
    await failure(() => large.derive({ m: (row) => row.n.cast("int32") }).collect(), "OVERFLOW");
    await failure(() => large.derive({ m: (row) => row.t.cast("int32") }).collect(), "INVALID_VALUE");
    const fits = await large.select({ m: (row) => row.t.tryCast("int32") }).collect();
    expect(fits.toRows()).toEqual([{ m: 1 }, { m: null }]);
  });

  it("values that do not fit, lengths that differ, and what is no table", async () => {
    await failure(() => data.from([{ a: 1 }, { a: "x" }]), "INVALID_ARGUMENT");
    await failure(() => data.from({ a: [1, 2], b: [1] }), "INVALID_ARGUMENT");
    await failure(() => data.from(3 as never), "INVALID_ARGUMENT");
    await failure(() => data.from(null as never), "INVALID_ARGUMENT");
    await failure(() => data.from([{ a: 1 }], { schema: { a: "number" } }), "INVALID_ARGUMENT");
  });

  it("a million different texts are counted exactly", async () => {
    const rows = 1_000_000;
    const many = await data.from({ n: Int32Array.from({ length: rows }, (_, at) => at) });
    const texts = many.select({ t: (row) => row.n.cast("utf8").concat("-é") });
    expect(
      (await texts.groupBy("t").aggregate({ n: count() }).aggregate({ g: count() }).collect()).toRows(),
    ).toEqual([{ g: BigInt(rows) }]);
  });

  it("a runtime that was disposed", async () => {
    const gone = cpuData();
    const left = await gone.from([{ a: 1 }]);
    await gone[Symbol.asyncDispose]();
    await failure(() => left.collect(), "DISPOSED");
    await failure(() => left.batches().next(), "DISPOSED");
    await failure(() => left.writeCsv("never.csv"), "DISPOSED");
  });
});
