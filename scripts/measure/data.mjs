import { bindData } from "../../dist/data/family.js";
import { count } from "../../dist/data/index.js";
import { Runtime } from "../../dist/runtime/index.js";
import { medianMs } from "./clock.mjs";

const on = { placement: "gpu", strict: true };

/** Whole numbers from 0 to below `most`, the same each time. */
function integers(length, seed, most) {
  let state = seed;
  return Int32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 0) / 2 ** 32) * most;
  });
}

function facts(rows) {
  return {
    ten: integers(rows, 1, 10),
    thousand: integers(rows, 2, 1000),
    many: integers(rows, 3, rows / 16),
    x: integers(rows, 4, 1_000_000),
    y: integers(rows, 5, 1_000_000),
  };
}

function sumWhere(values, holds) {
  let sum = 0;
  for (let at = 0; at < values.length; at++) if (holds(at)) sum += values[at];
  return sum;
}

/** Queries by name: the columns they read, and the sum of what they give, computed in plain JavaScript. */
const queries = {
  "filter and sum": {
    columns: ["x", "y"],
    frame: ({ facts }) =>
      facts.filter((row) => row.y.less(300_000)).aggregate({ result: (row) => row.x.sum() }),
    expected: ({ x, y }) => sumWhere(x, (at) => y[at] < 300_000),
  },
  "filter, two columns kept": {
    columns: ["x", "y"],
    frame: ({ facts }) => facts.filter((row) => row.y.less(500_000)).select({ result: (row) => row.x }),
    expected: ({ x, y }) => sumWhere(x, (at) => y[at] < 500_000),
  },
  "derived column": {
    columns: ["x", "y"],
    frame: ({ facts }) => facts.select({ result: (row) => row.x.add(row.y) }),
    expected: ({ x, y }) => sumWhere(x, () => true) + sumWhere(y, () => true),
  },
  "group-by, 10 groups": {
    columns: ["ten", "x"],
    frame: ({ facts }) => facts.groupBy("ten").aggregate({ result: (row) => row.x.sum(), rows: count() }),
    expected: ({ x }) => sumWhere(x, () => true),
  },
  "group-by, 1,000 groups": {
    columns: ["thousand", "x"],
    frame: ({ facts }) =>
      facts.groupBy("thousand").aggregate({ result: (row) => row.x.sum(), rows: count() }),
    expected: ({ x }) => sumWhere(x, () => true),
  },
  "group-by, a group for 16 rows": {
    columns: ["many", "x"],
    frame: ({ facts }) => facts.groupBy("many").aggregate({ result: (row) => row.x.sum(), rows: count() }),
    expected: ({ x }) => sumWhere(x, () => true),
  },
  sort: {
    columns: ["x"],
    frame: ({ facts }) => facts.select({ result: (row) => row.x }).orderBy("result"),
    expected: ({ x }) => sumWhere(x, () => true),
  },
  "join, a row for 16": {
    columns: ["many", "x"],
    frame: ({ facts, items }) =>
      facts.join(items, { left: "many", right: "key" }).aggregate({ result: (row) => row.weight.sum() }),
    expected: ({ many }, { weight }) => many.reduce((sum, key) => sum + weight[key], 0),
  },
  distinct: {
    columns: ["many"],
    frame: ({ facts }) => facts.select({ result: (row) => row.many }).distinct(),
    expected: ({ many }) => [...new Set(many)].reduce((sum, key) => sum + key, 0),
  },
  "top 100": {
    columns: ["x"],
    frame: ({ facts }) => facts.select({ result: (row) => row.x }).top(100, "-result"),
    expected: ({ x }) =>
      x
        .slice()
        .sort()
        .slice(-100)
        .reduce((sum, value) => sum + value, 0),
  },
};

async function total(table) {
  let sum = 0;
  for (const value of table.column("result").toArray()) sum += Number(value);
  return sum;
}

/** Queries of gpu.data on resident columns and from the host's memory, checked against plain JavaScript. */
export async function data(adapter, clock) {
  const runtime = new Runtime({ adapters: async () => [adapter] });
  const family = bindData(runtime);
  const length = adapter.kind === "gpu" ? 2 ** 24 : 2 ** 18;
  const columns = { facts: facts(length), items: items(length / 16) };
  const rows = [];
  try {
    const resident = await framesOf(family, columns);
    for (const [query, { columns: names, frame, expected }] of Object.entries(queries)) {
      if (clock.leftMs() < 15_000) break;
      const wanted = expected(columns.facts, columns.items);
      const found = await total(await frame(resident).collect(on));
      const ms = await medianMs(() =>
        frame(resident)
          .cache(on)
          .then((made) => made.dispose()),
      );
      const hostMs = await medianMs(async () => {
        const fresh = await framesOf(family, columns);
        (await frame(fresh).cache(on)).dispose();
        for (const each of Object.values(fresh)) each.dispose();
      }, 3);
      rows.push({
        query,
        rows: length,
        bytes: names.length * 4 * length,
        ms,
        hostMs,
        wrong: found !== wanted,
      });
    }
    return { rows };
  } finally {
    await family.dispose();
    await runtime.dispose();
  }
}

function items(length) {
  return { key: Int32Array.from({ length }, (_, at) => at), weight: integers(length, 6, 1000) };
}

async function framesOf(family, { facts, items }) {
  return { facts: await family.from(facts), items: await family.from(items) };
}
