import { afterAll, describe, expect, it } from "vitest";
import { planSql } from "#src/data/duckdb/plan-sql.js";
import { count, type DataFrame } from "#src/data/index.js";
import { mapPlan, nodesOf } from "#src/data/plan/inputs.js";
import type { PlanNode } from "#src/data/plan/node.js";
import { optimize } from "#src/data/plan/optimize.js";
import { foldConstants } from "#src/data/plan/rules/fold-constants.js";
import { mergeFilters } from "#src/data/plan/rules/merge-filters.js";
import { mergeProjects } from "#src/data/plan/rules/merge-projects.js";
import { pruneColumns } from "#src/data/plan/rules/prune-columns.js";
import { pushFilter } from "#src/data/plan/rules/push-filter.js";
import { pushLimit } from "#src/data/plan/rules/push-limit.js";
import { nodeText } from "#src/data/plan/text.js";
import { Table } from "#src/data/table.js";
import { openDuckDb } from "#src/runtime/duckdb/index.js";
import { cpuData, multiset } from "../../support/data.ts";

const data = cpuData();
const engine = await openDuckDb();
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await data[Symbol.asyncDispose]();
});

const rows = Array.from({ length: 200 }, (_, at) => ({
  id: at,
  group: at % 7 === 0 ? null : at % 5,
  value: (at * 37) % 101,
  name: `n${at % 11}`,
}));
const t = await data.from(rows, { schema: { id: "int32", group: "int32", value: "int64" } });
const u = t.select("group", { other: (row) => row.value.add(1) }).filter("other < 20");

const frames: Readonly<Record<string, () => unknown>> = {
  "filter above project": () =>
    t
      .derive({ twice: (row) => row.value.multiply(2) })
      .filter("twice > 50")
      .select("id"),
  "filters in a row": () => t.filter("value > 10").filter("group = 3").filter("id < 150"),
  "a filter that may fail": () =>
    t.filter("name like 'n1%'").filter((row) => row.name.substring(2).cast("int32").greater(0)),
  "filter above sort": () => t.orderBy("-value", "id").filter("group = 2"),
  "filter above top": () => t.top(30, "-value", "id").filter("group = 2"),
  "filter above limit": () => t.limit(50).filter("group = 2"),
  "filter above concat": () => t.concat(t).filter("value = 37"),
  "filter above distinct": () => t.select("group", "name").distinct().filter("group = 1"),
  "filter above groups": () =>
    t
      .groupBy("group")
      .aggregate({ n: count(), s: (row) => row.value.sum() })
      .filter("group > 1 and s > 100"),
  "filter above all": () => t.aggregate({ n: count() }).filter("n > 1000"),
  "filter above inner join": () => t.join(u, "group").filter("value > 50 and other < 10 and id <> other"),
  "filter above left join": () => t.join(u, "group", { how: "left" }).filter("value > 50 and other is null"),
  "filter above right join": () =>
    t.filter("id < 9").join(u, "group", { how: "right" }).filter("id is null and other > 5"),
  "filter above full join": () =>
    t.filter("id < 9").join(u, "group", { how: "full" }).filter("id is null or other > 5"),
  "filter above anti join": () => t.join(u, "group", { how: "anti" }).filter("value > 3"),
  "filter above window": () =>
    t
      .window({ partitionBy: "group", orderBy: "id", columns: { n: { function: "rowNumber" } } })
      .filter("n = 2"),
  "limit above project": () => t.derive({ x: "id + 1" }).orderBy("x").limit(5, 3).select("x"),
  "limit above concat": () => t.concat(t).orderBy("id", "name").limit(3),
  "limit of limit": () => t.orderBy("id").limit(100, 20).limit(1000, 70),
  "constant parts": () =>
    t.filter("1 < 2 and (value > 10 or false)").derive({ c: "case when 2 > 1 then id else value end" }),
  never: () => t.filter("1 > 2"),
  "unused columns": () =>
    t
      .derive({ a: "value * 3", b: "name" })
      .groupBy("group")
      .aggregate({ n: count(), m: (row) => row.a.max() })
      .select("m"),
  "unused windows": () =>
    t.window({ columns: { a: { function: "rowNumber" }, b: (row) => row.value.sum() } }).select("id", "b"),
  "unused sides": () => t.join(u, "group").select("name").distinct(),
  unpivoted: () =>
    t
      .select("id", "group", { v: (row) => row.value.cast("int32") })
      .unpivot({ keep: ["id"] })
      .select("value"),
  "nothing needed": () => t.concat(t).aggregate({ n: count() }),
};

const rules: Readonly<Record<string, (plan: PlanNode) => PlanNode>> = {
  "fold constants": (plan) => mapPlan(plan, foldConstants),
  "merge filters": (plan) => mapPlan(plan, mergeFilters),
  "merge projects": (plan) => mapPlan(plan, mergeProjects),
  "push filters": (plan) => mapPlan(plan, pushFilter),
  "push limits": (plan) => mapPlan(plan, pushLimit),
  "prune columns": pruneColumns,
  all: optimize,
};

async function rowsOf(plan: PlanNode): Promise<string[]> {
  const scan = [...nodesOf(plan)].find((node) => node.kind === "scan");
  if (scan?.kind !== "scan" || scan.source.kind !== "memory") throw new Error("no scan");
  const { columns } = scan.source;
  const cells = columns.schema.map((_, at) => `c${at}`);
  const { name } = await columns.engineTable((table) => engine.load({ ...table, names: cells }));
  const table = await engine.query(planSql(plan, () => ({ from: name, columns: cells, rowNumber: "rowid" })));
  return multiset(new Table(table).toRows());
}

describe.each(Object.entries(rules))("%s", (_, rule) => {
  it.each(Object.entries(frames))("keeps the rows and columns of: %s", async (_, frame) => {
    const { plan } = frame() as DataFrame;
    const changed = rule(plan);
    expect(changed.schema).toEqual(plan.schema);
    expect(await rowsOf(changed)).toEqual(await rowsOf(plan));
  });
});

const texts = (frame: unknown) => [...nodesOf(optimize((frame as DataFrame).plan))].map(nodeText);
const kinds = (frame: unknown) => [...nodesOf(optimize((frame as DataFrame).plan))].map(({ kind }) => kind);

describe("an optimised plan", () => {
  it("reads only the columns it needs", () => {
    expect(texts(t.filter("value > 3").select("name"))[0]).toBe("scan 200 rows in memory: value, name");
    expect(texts(t.aggregate({ n: count() }))[0]).toBe("scan 200 rows in memory: id");
  });

  it("filters before it sorts, joins and computes", () => {
    expect(kinds(t.orderBy("id").derive({ x: "id + 1" }).filter("value > 3"))).toEqual([
      "scan",
      "filter",
      "sort",
      "project",
    ]);
    expect(kinds(t.join(u, "group").filter("value > 90"))).toEqual([
      "scan",
      "filter",
      "scan",
      "filter",
      "project",
      "join",
      "project",
    ]);
  });

  it("makes a sort with a limit a top-n", () => {
    expect(texts(t.orderBy("-value").limit(3).select("id"))[1]).toBe("top 3 by value descending");
    expect(kinds(t.derive({ x: "id" }).limit(3))).toEqual(["scan", "limit", "project"]);
  });

  it("does not compute a cast for rows that an earlier filter leaves out", () => {
    const frame = t.filter("name = 'n3'").filter((row) => row.name.cast("int32").greater(0));
    expect(kinds(frame).filter((kind) => kind === "filter")).toHaveLength(2);
  });

  it("is made once", () => {
    const { plan } = t.filter("value > 3") as unknown as DataFrame;
    expect(optimize(plan)).toBe(optimize(plan));
  });
});
