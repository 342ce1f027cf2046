import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, describe, expect, it } from "vitest";
import { count, type DataFrame } from "#src/data/index.js";
import { cpuData, multiset, rowText } from "../../support/data.ts";
import { seeded } from "../../support/random.ts";

const data = cpuData();
const peer = await (await DuckDBInstance.create(":memory:")).connect();
afterAll(async () => {
  peer.closeSync();
  await data[Symbol.asyncDispose]();
});

const random = seeded(20_261_122);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
const words = ["", "a", "ab", "Zürich", "日本", "🦜", "it's", "%_", null];
const floats = [
  0,
  -0,
  1.5,
  -2.25,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e-300,
  null,
];
const rows = Array.from({ length: 3_001 }, (_, id) => ({
  id,
  small: pick([...Array.from({ length: 12 }, (_, at) => at - 5), null]),
  wide: pick([2n ** 62n, -(2n ** 63n), 0n, 7n, -1n, BigInt(Math.floor(random() * 1e6)), null]),
  real: random() < 0.5 ? pick(floats) : Math.round(random() * 1e6) / 64,
  word: pick(words),
  flag: pick([true, false, null]),
}));
const others = Array.from({ length: 257 }, (_, at) => ({
  small: pick([at % 9, null]),
  word: pick(words),
  value: Math.floor(random() * 100),
}));

const sqlText = (value: unknown): string => {
  if (value === null) return "NULL";
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return `'${Object.is(value, -0) ? "-0" : value}'::DOUBLE`;
  return String(value);
};

async function create(name: string, columns: string, of: readonly object[]): Promise<void> {
  await peer.run(`CREATE TABLE ${name} (${columns})`);
  const values = of.map((row) => `(${Object.values(row).map(sqlText).join(", ")})`);
  await peer.run(`INSERT INTO ${name} VALUES ${values.join(", ")}`);
}

await create("t", "id INTEGER, small TINYINT, wide BIGINT, real DOUBLE, word VARCHAR, flag BOOLEAN", rows);
await create("o", "small TINYINT, word VARCHAR, value INTEGER", others);
const t = await data.from(rows, { schema: { id: "int32", small: "int8", wide: "int64", real: "float64" } });
const o = await data.from(others, { schema: { small: "int8", value: "int32" } });

const cases: readonly (readonly [string, () => unknown, string])[] = [
  [
    "filter",
    () => t.filter("small > 2 and real < 100 or word = 'ab'"),
    "SELECT * FROM t WHERE small > 2 AND real < 100 OR word = 'ab'",
  ],
  ["compare NaN", () => t.filter((row) => row.real.greater(1e300)), "SELECT * FROM t WHERE real > 1e300"],
  ["not", () => t.filter((row) => row.flag.not()), "SELECT * FROM t WHERE NOT flag"],
  [
    "in",
    () => t.filter((row) => row.word.isIn(["a", "日本", null])),
    "SELECT * FROM t WHERE word IN ('a', '日本', NULL)",
  ],
  [
    "like",
    () => t.filter((row) => row.word.like("%\\%_")),
    "SELECT * FROM t WHERE word LIKE '%\\%_' ESCAPE '\\'",
  ],
  [
    "derive",
    () =>
      t.select("id", {
        a: (row) => row.small.add(row.id),
        b: (row) => row.real.divide(2),
        c: (row) => row.word.length(),
      }),
    "SELECT id, small + id AS a, real / 2 AS b, length(word) AS c FROM t",
  ],
  [
    "group by one",
    () =>
      t.groupBy("small").aggregate({
        n: count(),
        s: (row) => row.id.sum(),
        m: (row) => row.real.min(),
        x: (row) => row.word.max(),
      }),
    "SELECT small, count(*) AS n, sum(id) AS s, min(real) AS m, max(word) AS x FROM t GROUP BY small",
  ],
  [
    "group by three",
    () =>
      t.groupBy("word", "flag", { sign: (row) => row.small.less(0) }).aggregate({
        n: (row) => row.real.count(),
        d: (row) => row.small.countDistinct(),
        q: (row) => row.id.quantile(0.3),
      }),
    "SELECT word, flag, small < 0 AS sign, count(real) AS n, count(DISTINCT small) AS d, quantile_cont(id::DOUBLE, 0.3) AS q FROM t GROUP BY ALL",
  ],
  [
    "group by floats",
    () =>
      t
        .groupBy("real")
        .aggregate({ n: count() })
        .aggregate({ groups: count(), rows: (row) => row.n.sum() }),
    "SELECT count(*) AS groups, sum(n) AS rows FROM (SELECT count(*) AS n FROM t GROUP BY real)",
  ],
  [
    "statistics",
    () =>
      t.aggregate({
        v: (row) => row.id.variance(),
        d: (row) => row.small.stddev(),
        m: (row) => row.id.median(),
        a: (row) => row.id.mean(),
        any: (row) => row.flag.any(),
        all: (row) => row.flag.all(),
      }),
    "SELECT var_samp(id) AS v, stddev_samp(small) AS d, median(id) AS m, avg(id) AS a, bool_or(flag) AS any, bool_and(flag) AS all FROM t",
  ],
  [
    "having",
    () => t.groupBy("word").aggregate({ n: count() }).filter("n > 330"),
    "SELECT word, count(*) AS n FROM t GROUP BY word HAVING count(*) > 330",
  ],
  ["distinct", () => t.select("word", "flag").distinct(), "SELECT DISTINCT word, flag FROM t"],
  [
    "inner join",
    () => t.select("id", "small").join(o.select("small", "value"), "small"),
    "SELECT id, small, value FROM t JOIN o USING (small)",
  ],
  [
    "join on two",
    () => t.select("id", "small", "word").join(o, ["small", "word"]),
    "SELECT id, small, word, value FROM t JOIN o USING (small, word)",
  ],
  [
    "null-safe left join",
    () => t.select("id", "word").join(o.filter("value > 50"), "word", { how: "left", nullsEqual: true }),
    "SELECT id, t.word, o.small, value FROM t LEFT JOIN (SELECT * FROM o WHERE value > 50) o ON t.word IS NOT DISTINCT FROM o.word",
  ],
  [
    "right join",
    () => t.filter("id < 40").select("id", "small").join(o, "small", { how: "right" }),
    "SELECT id, small, o.word, value FROM (SELECT * FROM t WHERE id < 40) t RIGHT JOIN o USING (small)",
  ],
  [
    "full join",
    () => t.filter("id < 40").select("id", "word").join(o, "word", { how: "full" }),
    "SELECT id, word, o.small, value FROM (SELECT * FROM t WHERE id < 40) t FULL JOIN o USING (word)",
  ],
  [
    "semi join",
    () => t.join(o.filter("value > 90"), "word", { how: "semi" }),
    "SELECT * FROM t SEMI JOIN (SELECT * FROM o WHERE value > 90) o USING (word)",
  ],
  [
    "anti join",
    () => t.join(o.filter("value > 90"), "word", { how: "anti" }),
    "SELECT * FROM t ANTI JOIN (SELECT * FROM o WHERE value > 90) o USING (word)",
  ],
  [
    "filter above a left join",
    () => t.join(o.select("word", "value"), "word", { how: "left" }).filter("value is null and id < 500"),
    "SELECT id, t.small, wide, real, word, flag, value FROM t LEFT JOIN o USING (word) WHERE value IS NULL AND id < 500",
  ],
  [
    "concat",
    () => t.select("id", "word").concat(t.filter("flag").select("id", "word")),
    "SELECT id, word FROM t UNION ALL SELECT id, word FROM t WHERE flag",
  ],
  [
    "pivot",
    () =>
      t.pivot({
        keys: "small",
        names: "flag",
        values: [true, false],
        aggregate: (row) => row.id.sum(),
      }),
    "SELECT small, sum(id) FILTER (flag) AS true, sum(id) FILTER (NOT flag) AS false FROM t GROUP BY small",
  ],
  [
    "window",
    () =>
      t
        .window({
          partitionBy: "word",
          orderBy: ["-small", "id"],
          columns: {
            r: { function: "denseRank" },
            p: { function: "lag", of: "id", rows: 3 },
            s: { function: "movingSum", of: "id", rows: 4 },
            m: (row) => row.real.max(),
          },
        })
        .select("id", "r", "p", "s", "m"),
    "SELECT id, dense_rank() OVER w AS r, lag(id, 3) OVER w AS p, sum(id) OVER (w ROWS 3 PRECEDING) AS s, max(real) OVER (PARTITION BY word) AS m FROM t WINDOW w AS (PARTITION BY word ORDER BY small DESC NULLS LAST, id)",
  ],
];

async function expected(sql: string) {
  const reader = await peer.runAndReadAll(sql);
  return reader.getRowObjectsJS() as Record<string, unknown>[];
}

async function actual(frame: unknown) {
  return (await (frame as DataFrame).collect()).toRows();
}

describe("the same rows as DuckDB gives", () => {
  it.each(cases)("%s", async (_, frame, sql) => {
    const rows = await expected(sql);
    expect(rows.length).toBeGreaterThan(0);
    expect(multiset(await actual(frame()))).toEqual(multiset(rows));
  });

  const orders: readonly (readonly [string, () => unknown, string])[] = [
    [
      "two keys",
      () => t.orderBy("small", "-real"),
      "SELECT * FROM t ORDER BY small NULLS LAST, real DESC NULLS LAST, id",
    ],
    [
      "text",
      () => t.orderBy((row) => row.word.desc({ nulls: "first" })),
      "SELECT * FROM t ORDER BY word DESC NULLS FIRST, id",
    ],
    [
      "top",
      () => t.top(17, "wide", "-small"),
      "SELECT * FROM t ORDER BY wide NULLS LAST, small DESC NULLS LAST, id LIMIT 17",
    ],
    [
      "limit",
      () => t.filter("flag").limit(20, 100),
      "SELECT * FROM t WHERE flag ORDER BY id LIMIT 20 OFFSET 100",
    ],
    [
      "sort of groups",
      () =>
        t
          .groupBy("small")
          .aggregate({ s: (row) => row.id.sum() })
          .orderBy("-s"),
      "SELECT small, sum(id) AS s FROM t GROUP BY small ORDER BY s DESC NULLS LAST",
    ],
  ];
  it.each(orders)("in the same order: %s", async (_, frame, sql) => {
    expect((await actual(frame())).map(rowText)).toEqual((await expected(sql)).map(rowText));
  });
});
