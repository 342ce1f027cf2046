import { setTimeout as pause } from "node:timers/promises";
import { Matrix } from "aikoryu/matrix";
import { Batcher } from "aikoryu/runtime";
import { check, interleaved, median, randomFloats, timed, warmUp } from "./harness.mjs";

/** @typedef {import("./index.mjs").Row} Row @typedef {import("./index.mjs").Bench} Bench */
/** @typedef {"auto" | "gpu" | "cpu"} Placement */

const callers = 512;
const sizes = [16, 64];
const loneCalls = 20;
const loneBlocks = 200;
const loadMs = 1_000;
const arrivalsPerMs = 1;

/**
 * What merging concurrent calls brings, and what it costs those that have nothing to merge with.
 * @param {Bench} bench @returns {Promise<Row[]>}
 */
export async function rows(bench) {
  /** @type {Placement[]} */
  const placements = bench.device === undefined ? ["cpu"] : ["gpu", "auto"];
  /** @type {Row[]} */
  const found = [];
  for (const size of sizes) {
    for (const placement of placements) found.push(...(await productRows(bench, size, placement)));
  }
  return [...found, ...(await itemRows(bench))];
}

/** @param {Bench} bench @param {number} size @param {Placement} placement @returns {Promise<Row[]>} */
async function productRows({ gpu, progress }, size, placement) {
  progress(`batcher: ${size}x${size}, placement ${placement}`);
  const operands = Array.from({ length: callers }, (_, at) =>
    [1, 2].map((side) => Matrix.from(randomFloats(size * size, 2 * at + side), [size, size])),
  );
  /** @param {number} at @param {object} options */
  const multiply = async (at, options) => {
    const [a, b] = operands[at % callers];
    const product = await gpu.matrix.multiply(a, b, { placement, strict: placement === "gpu", ...options });
    const values = await product.read();
    product.dispose();
    return { values, report: product.report };
  };
  /** @param {object} options */
  const atOnce = (options) => Promise.all(operands.map((_, at) => multiply(at, options)));
  /** @param {object} options */
  const oneByOne = async (options) => {
    for (let at = 0; at < loneCalls; at++) await multiply(at, options);
  };
  const apart = { batch: false };
  const [merged, single] = [await atOnce({ report: true }), await atOnce(apart)];
  merged.forEach(({ values }, at) => {
    check(`product ${at} of ${callers}`, values, single[at].values, size * 1e-6);
  });
  const report = merged[1].report;

  /** @param {string} title @param {number} ms @param {number} apartMs @returns {Row} */
  const row = (title, ms, apartMs) => ({
    family: "runtime",
    operation: "batcher",
    case: `${title}, ${size}x${size}, placement ${placement}`,
    ours: {
      ms,
      placement: report?.placement ?? "unknown",
      device: report?.device ?? "unknown",
      reason: report?.reason ?? "",
    },
    gpuMs: placement === "gpu" ? ms : null,
    cpuMs: placement === "cpu" ? ms : null,
    peers: [{ name: "unbatched", version: "the same run", ms: apartMs }],
    ratio: apartMs / ms,
    limit: null,
  });
  const contestants = [
    { name: "merged", run: () => atOnce({}) },
    { name: "unbatched", run: () => atOnce(apart) },
  ];
  for (const { run } of contestants) await warmUp(run);
  const ms = await interleaved(contestants, { rounds: 11, budgetMs: 5_000 });
  const [lone, loneApart] = await alternating(
    () => oneByOne({}),
    () => oneByOne(apart),
  );
  const found = [
    row(`${callers} callers`, ms.get("merged") ?? Number.NaN, ms.get("unbatched") ?? Number.NaN),
    row("a lone caller", lone / loneCalls, loneApart / loneCalls),
    row(
      `latency at ${arrivalsPerMs} call/ms`,
      await medianLatency((at) => multiply(at, {})),
      await medianLatency((at) => multiply(at, apart)),
    ),
  ];
  for (const matrix of operands.flat()) matrix.dispose();
  return found;
}

/**
 * The medians of two that differ by less than the machine's moods: short blocks in turns, so that both meet the same ones.
 * @param {() => Promise<unknown>} first @param {() => Promise<unknown>} second
 */
async function alternating(first, second) {
  /** @type {[number[], number[]]} */
  const times = [[], []];
  const runs = [first, second];
  for (const run of runs) await warmUp(run);
  for (let block = 0; block < loneBlocks; block++) {
    for (const at of block % 2 === 0 ? [0, 1] : [1, 0]) times[at].push(await timed(runs[at]));
  }
  return times.map(median);
}

/**
 * The median time from call to result while calls arrive at random (Poisson), whether or not earlier ones are done.
 * @param {(at: number) => Promise<unknown>} call
 */
async function medianLatency(call) {
  const gaps = randomFloats(arrivalsPerMs * loadMs, 99);
  /** @type {number[]} */
  const latencies = [];
  /** @type {Promise<void>[]} */
  const calls = [];
  const begin = performance.now();
  let due = 0;
  for (let at = 0; at < gaps.length; at++) {
    due -= Math.log(1 - (gaps[at] + 1) / 2) / arrivalsPerMs;
    while (performance.now() - begin < due) await pause(1);
    const start = performance.now();
    calls.push(
      call(at).then(() => {
        latencies.push(performance.now() - start);
      }),
    );
  }
  await Promise.all(calls);
  return median(latencies);
}

/** @param {Bench} bench @returns {Promise<Row[]>} */
async function itemRows({ progress }) {
  progress("batcher: items through an empty operation");
  const wave = 10_000;
  const million = 1_000_000;
  /** @type {Batcher<number, number, { numbers: Float32Array }, Float32Array>} */
  const batcher = new Batcher({
    name: "bench.empty",
    execute: (items) => items,
    bulk: { allocate: (count) => new Float32Array(count), execute: () => {} },
  });
  const numbers = new Float32Array(million);
  /** @param {(item: number) => Promise<number>} promise */
  const waves = async (promise) => {
    for (let done = 0; done < million; done += wave) {
      const results = [];
      for (let item = done; item < done + wave; item++) results.push(promise(item));
      const [first] = await Promise.all(results);
      if (first !== done) throw new RangeError(`item ${done} became ${first}`);
    }
  };
  const contestants = [
    { name: "promise", run: () => waves((item) => batcher.run(item)) },
    { name: "bare", run: () => waves((item) => new Promise((resolve) => resolve(item))) },
    {
      name: "bulk",
      run: async () => {
        for (let part = 0; part < 100; part++) await batcher.runBulk({ numbers }, million);
      },
    },
  ];
  for (const { run } of contestants) await warmUp(run);
  const ms = await interleaved(contestants, { rounds: 7 });
  /** @param {string} title @param {string} name @param {Row["peers"]} peers @returns {Row} */
  const row = (title, name, peers) => {
    const ours = ms.get(name) ?? Number.NaN;
    return {
      family: "runtime",
      operation: "batcher",
      case: title,
      ours: { ms: ours, placement: "cpu", device: "javascript", reason: "an empty operation" },
      gpuMs: null,
      cpuMs: ours,
      peers,
      ratio: peers.length === 0 ? null : Math.min(...peers.map((peer) => peer.ms)) / ours,
      limit: null,
    };
  };
  const bare = { name: "bare promises", version: process.version, ms: ms.get("bare") ?? Number.NaN };
  return [row("1 M items, promise form", "promise", [bare]), row("100 M items, bulk form", "bulk", [])];
}
