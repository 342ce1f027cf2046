import { factRows } from "./dataset.mjs";

/**
 * @typedef {object} Query
 * @property {string} title
 * @property {readonly string[]} columns of `facts` that it needs
 * @property {(frames: { facts: any, items: any }) => any} ours
 * @property {string} sql
 * @property {boolean} [isLarge] gives many rows, which stay in each library's own memory
 * @property {(peers: any) => any} polars
 * @property {(aq: any, tables: { facts: any, items: any }) => any} arquero
 * @property {(table: any) => Promise<number[]>} summary numbers of our result
 * @property {string} expected SQL that gives the same numbers
 */

const step = Math.max(1, Math.floor(factRows / 1000));

/** The values at every `step`th row. @param {string} name */
function sampled(name) {
  return async (/** @type {any} */ table) => {
    const values = await table.column(name).toArray();
    return Array.from({ length: Math.ceil(values.length / step) }, (_, at) => Number(values[at * step]));
  };
}

/** @param {string} name @param {string} order */
function sampledSql(name, order) {
  return `SELECT ${name}::DOUBLE FROM (SELECT *, row_number() OVER (ORDER BY ${order}) - 1 AS place FROM facts)
    WHERE place % ${step} = 0 ORDER BY place`;
}

const onlyNumber = async (/** @type {any} */ table) => [Number((await table.column("result").toArray())[0])];

/** @param {string} name */
function totals(name) {
  return async (/** @type {any} */ table) => {
    const values = Array.from(await table.column(name).toArray(), Number);
    return [values.length, values.reduce((sum, value) => sum + value, 0), Math.max(...values.slice(0, 1e5))];
  };
}

/** @param {string} key @param {string} title @returns {Query} */
function grouped(key, title) {
  return {
    title,
    columns: [key, "x", "n"],
    isLarge: true,
    ours: ({ facts }) =>
      facts.groupBy(key).aggregate({
        total: (/** @type {any} */ row) => row.x.sum(),
        rows: (/** @type {any} */ row) => row.x.count(),
        most: (/** @type {any} */ row) => row.n.max(),
      }),
    sql: `SELECT ${key}, sum(x) AS total, count(x) AS rows, max(n) AS most FROM facts GROUP BY ${key}`,
    polars: ({ pl, polars }) =>
      polars.facts
        .lazy()
        .groupBy(key)
        .agg(
          pl.col("x").sum().alias("total"),
          pl.col("x").count().alias("rows"),
          pl.col("n").max().alias("most"),
        )
        .collectSync(),
    arquero: (aq, { facts }) =>
      facts.groupby(key).rollup({ total: aq.op.sum("x"), rows: aq.op.count(), most: aq.op.max("n") }),
    summary: async (table) => [
      ...(await totals("total")(table)).slice(0, 2),
      (await totals("rows")(table))[1] ?? 0,
      (await totals("most")(table))[1] ?? 0,
    ],
    expected: `SELECT count(*)::DOUBLE, sum(total), sum(rows)::DOUBLE, sum(most)::DOUBLE
      FROM (SELECT sum(x) AS total, count(x) AS rows, max(n) AS most FROM facts GROUP BY ${key})`,
  };
}

/** @param {string} column @param {string} title @returns {Query} */
function sorted(column, title) {
  return {
    title,
    columns: [column, "id"],
    isLarge: true,
    ours: ({ facts }) => facts.select(column, "id").orderBy(column),
    sql: `SELECT ${column}, id FROM facts ORDER BY ${column}`,
    polars: ({ polars }) => polars.facts.select(column, "id").sort(column),
    arquero: (_, { facts }) => facts.select(column, "id").orderby(column).reify(),
    summary: sampled("id"),
    expected: sampledSql("id", `${column}, id`),
  };
}

/** @param {string} key @param {string} title @returns {Query} */
function joined(key, title) {
  return {
    title,
    columns: [key, "y"],
    ours: ({ facts, items }) =>
      facts.join(items, key).aggregate({
        result: (/** @type {any} */ row) => row.y.multiply(row.weight).sum(),
      }),
    sql: `SELECT sum(y * weight) FROM facts JOIN items USING (${key})`,
    polars: ({ pl, polars }) =>
      polars.facts
        .lazy()
        .join(polars.items.lazy(), { on: key })
        .select(pl.col("y").mul(pl.col("weight")).sum())
        .collectSync(),
    arquero: (aq, { facts, items }) =>
      facts.join(items, key).rollup({ result: (/** @type {any} */ d) => aq.op.sum(d.y * d.weight) }),
    summary: onlyNumber,
    expected: `SELECT sum(y * weight) FROM facts JOIN items USING (${key})`,
  };
}

/** @type {readonly Query[]} */
export const queries = [
  {
    title: "filter and sum",
    columns: ["x", "y", "k1000"],
    ours: ({ facts }) =>
      facts.filter("y > 100 and k1000 < 500").aggregate({ result: (/** @type {any} */ row) => row.x.sum() }),
    sql: "SELECT sum(x) FROM facts WHERE y > 100 AND k1000 < 500",
    polars: ({ pl, polars }) =>
      polars.facts
        .lazy()
        .filter(pl.col("y").gt(100).and(pl.col("k1000").lt(500)))
        .select(pl.col("x").sum())
        .collectSync(),
    arquero: (aq, { facts }) =>
      facts.filter((/** @type {any} */ d) => d.y > 100 && d.k1000 < 500).rollup({ result: aq.op.sum("x") }),
    summary: onlyNumber,
    expected: "SELECT sum(x) FROM facts WHERE y > 100 AND k1000 < 500",
  },
  {
    title: "derived column",
    columns: ["x", "y"],
    isLarge: true,
    ours: ({ facts }) => facts.select({ z: (/** @type {any} */ row) => row.x.multiply(row.y).add(1) }),
    sql: "SELECT x * y + 1 AS z FROM facts",
    polars: ({ pl, polars }) => polars.facts.select(pl.col("x").mul(pl.col("y")).add(1).alias("z")),
    arquero: (_, { facts }) => facts.derive({ z: (/** @type {any} */ d) => d.x * d.y + 1 }),
    summary: sampled("z"),
    expected: `SELECT x * y + 1 FROM facts WHERE id % ${step} = 0 ORDER BY id`,
  },
  grouped("k10", "group-by, 10 groups"),
  grouped("k1000", "group-by, 1,000 groups"),
  grouped("code", "group-by, a tenth as many groups"),
  sorted("n", "sort by int32"),
  sorted("x", "sort by float64"),
  { ...sorted("name", "sort by text"), columns: ["name", "id"] },
  joined("item", "join, dense keys"),
  joined("code", "join, sparse keys"),
  {
    title: "distinct",
    columns: ["code"],
    isLarge: true,
    ours: ({ facts }) => facts.select("code").distinct(),
    sql: "SELECT DISTINCT code FROM facts",
    polars: ({ polars }) => polars.facts.select("code").unique(),
    arquero: (_, { facts }) => facts.select("code").dedupe(),
    summary: totals("code"),
    expected: "SELECT count(*)::DOUBLE, sum(code)::DOUBLE FROM (SELECT DISTINCT code FROM facts)",
  },
  {
    title: "top 100",
    columns: ["x", "id"],
    isLarge: true,
    ours: ({ facts }) =>
      facts
        .select("x", "id")
        .orderBy((/** @type {any} */ row) => row.x.desc())
        .limit(100),
    sql: "SELECT x, id FROM facts ORDER BY x DESC LIMIT 100",
    polars: ({ polars }) => polars.facts.lazy().select("x", "id").sort("x", true).limit(100).collectSync(),
    arquero: (aq, { facts }) => facts.select("x", "id").orderby(aq.desc("x")).slice(0, 100).reify(),
    summary: async (table) => Array.from(await table.column("x").toArray(), Number),
    expected: "SELECT x FROM facts ORDER BY x DESC LIMIT 100",
  },
  {
    title: "text contains",
    columns: ["name"],
    ours: ({ facts }) =>
      facts.filter("contains(name, '77 of shelf 1')").aggregate({
        result: (/** @type {any} */ row) => row.name.count(),
      }),
    sql: "SELECT count(*) FROM facts WHERE contains(name, '77 of shelf 1')",
    polars: ({ pl, polars }) =>
      polars.facts
        .lazy()
        .filter(pl.col("name").str.contains("77 of shelf 1"))
        .select(pl.col("name").count())
        .collectSync(),
    arquero: (aq, { facts }) =>
      facts
        .filter((/** @type {any} */ d) => aq.op.indexof(d.name, "77 of shelf 1") >= 0)
        .rollup({ result: aq.op.count() }),
    summary: onlyNumber,
    expected: "SELECT count(*)::DOUBLE FROM facts WHERE contains(name, '77 of shelf 1')",
  },
];
