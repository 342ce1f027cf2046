import { OnnxBuilder } from "aikoryu/nn";
import { contestRows } from "../contest.mjs";
import { randomFloats } from "../harness.mjs";
import { onnxRival } from "../peers/onnx-session.mjs";
import { versionOf } from "../peers/version.mjs";

const entries = 20_000;
const dimensions = 256;
const count = 1_000;
const k = 10;
const title = `the ${k} nearest of ${entries / 1000}k x ${dimensions}, ${count} queries`;
const leastRecall = 0.9;
const topics = 1_000;
const spread = 0.7;

/** @param {import("../index.mjs").Bench} bench @returns {Promise<import("../index.mjs").Row[]>} */
export async function rows(bench) {
  const vectors = gathered(entries, 31);
  const queries = gathered(count, 32);
  const exact = await onnx(vectors, queries);
  const expected = Float32Array.from(/** @type {ArrayLike<number>} */ (await exact.run()));
  const router = bench.gpu.agents.router({ dimensions, metric: "dot", capacity: entries });
  for (let at = 0; at < entries; at++) {
    router.add(`agent ${at}`, vectors.subarray(at * dimensions, (at + 1) * dimensions));
  }
  try {
    return await contestRows(bench, {
      family: "agents",
      operation: "agents.route",
      title,
      ours: async (placement, report) => {
        const options = { k, placement, strict: placement === "gpu", report };
        const { matches, report: found } = await router.routeAll(queries, options);
        return {
          values: async () => matches.flatMap((each) => each.map(({ score }) => score)),
          report: found,
        };
      },
      rivals: [exact, await usearchExact(vectors, queries)],
      plain: [
        {
          name: "plain TypeScript",
          version: process.version,
          run: () => byScore(vectors, queries),
        },
        ...(await approximate(bench, vectors, queries, expected)),
      ],
      expected,
      tolerance: 1e-5,
    });
  } finally {
    router.dispose();
  }
}

/** Vectors of length one around topics, as embeddings of texts are. @param {number} length @param {number} seed */
function gathered(length, seed) {
  const centers = randomFloats(topics * dimensions, 30);
  const numbers = randomFloats(length * dimensions, seed);
  for (let at = 0; at < length; at++) {
    const vector = numbers.subarray(at * dimensions, (at + 1) * dimensions);
    const center = ((at * 7919) % topics) * dimensions;
    for (let i = 0; i < dimensions; i++) vector[i] = centers[center + i] + spread * vector[i];
    const size = Math.hypot(...vector);
    for (let i = 0; i < dimensions; i++) vector[i] /= size;
  }
  return numbers;
}

/** ONNX Runtime's Gemm and TopK. @param {Float32Array} vectors @param {Float32Array} queries */
async function onnx(vectors, queries) {
  const graph = new OnnxBuilder();
  const asked = graph.input("queries", "f32", ["count", dimensions]);
  const all = graph.constant("vectors", "f32", [entries, dimensions], vectors);
  const products = graph.add("Gemm", [asked, all], { transB: { int: 1 } });
  const most = graph.constant("k", "i64", [1], BigInt64Array.of(BigInt(k)));
  const [scores, places] = graph.addAll("TopK", [products, most], { axis: { int: 1 } }, 2);
  if (scores === undefined || places === undefined) throw new RangeError("TopK gave nothing");
  graph.output("scores", scores, "f32", ["count", k]);
  graph.output("places", places, "i64", ["count", k]);
  return onnxRival(graph.encode(), { queries: { data: queries, shape: [count, dimensions] } });
}

/** @param {Float32Array} vectors @param {Float32Array} queries @returns {Promise<import("../contest.mjs").Rival>} */
async function usearchExact(vectors, queries) {
  const { default: usearch } = await import("usearch");
  const { exactSearch, MetricKind } = usearch;
  return {
    name: "usearch exact",
    version: versionOf("usearch"),
    run: () => exactSearch(vectors, queries, dimensions, k, MetricKind.IP),
    values: ({ distances }) => Float32Array.from(distances, (/** @type {number} */ value) => 1 - value),
  };
}

/** @param {Float32Array} vectors @param {Float32Array} queries */
function byScore(vectors, queries) {
  const found = new Float64Array(count * k);
  for (let query = 0; query < count; query++) {
    const best = found.subarray(query * k, (query + 1) * k).fill(-Infinity);
    for (let row = 0; row < entries; row++) {
      let sum = 0;
      for (let i = 0; i < dimensions; i++) {
        sum += queries[query * dimensions + i] * vectors[row * dimensions + i];
      }
      if (sum <= best[k - 1]) continue;
      let at = k - 1;
      for (; at > 0 && best[at - 1] < sum; at--) best[at] = best[at - 1];
      best[at] = sum;
    }
  }
  return found;
}

/** @typedef {{ name: string, run: () => any, scoresOf: (found: any) => ArrayLike<number> }} Approximate */

/**
 * Indices that may miss neighbours; how many they found is part of their names.
 * @param {import("../index.mjs").Bench} bench @param {Float32Array} vectors @param {Float32Array} queries
 * @param {Float32Array} expected @returns {Promise<import("../contest.mjs").Rival[]>}
 */
async function approximate({ progress }, vectors, queries, expected) {
  const rivals = [];
  /** @type {((vectors: Float32Array, queries: Float32Array) => Promise<Approximate>)[]} */
  const makers = [usearchHnsw, hnswlib];
  for (const make of makers) {
    try {
      const { name, run, scoresOf } = await make(vectors, queries);
      const recall = recallOf(scoresOf(run()), expected);
      rivals.push({
        name: `${name}, recall ${recall.toFixed(3)}`,
        version: versionOf(name.split(" ")[0] ?? name),
        run,
        values: (/** @type {any} */ found) => {
          const scores = scoresOf(found);
          return recallOf(scores, expected) >= leastRecall ? expected : scores;
        },
      });
    } catch (error) {
      progress(`no row for ${make.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return rivals;
}

/** @param {ArrayLike<number>} scores @param {Float32Array} expected */
function recallOf(scores, expected) {
  let found = 0;
  for (let query = 0; query < count; query++) {
    const last = expected[query * k + k - 1] - 1e-6;
    for (let at = 0; at < k; at++) if (scores[query * k + at] >= last) found++;
  }
  return found / (count * k);
}

/** @param {Float32Array} vectors @param {Float32Array} queries @returns {Promise<Approximate>} */
async function usearchHnsw(vectors, queries) {
  const { default: usearch } = await import("usearch");
  const { Index, MetricKind, ScalarKind } = usearch;
  const index = new Index({
    dimensions,
    metric: MetricKind.IP,
    quantization: ScalarKind.F32,
    connectivity: 16,
    expansion_add: 128,
    expansion_search: 64,
    multi: false,
  });
  const keys = BigUint64Array.from({ length: entries }, (_, at) => BigInt(at));
  index.add(keys, vectors, 0);
  return {
    name: "usearch HNSW",
    run: () => index.search(queries, k, 0),
    scoresOf: (/** @type {any} */ { distances }) =>
      Float32Array.from(distances, (/** @type {number} */ value) => 1 - value),
  };
}

/** @param {Float32Array} vectors @param {Float32Array} queries @returns {Promise<Approximate>} */
async function hnswlib(vectors, queries) {
  const { default: library } = await import("hnswlib-node");
  const index = new library.HierarchicalNSW("ip", dimensions);
  index.initIndex(entries);
  const lists = (/** @type {Float32Array} */ numbers, /** @type {number} */ length) =>
    Array.from({ length }, (_, at) => Array.from(numbers.subarray(at * dimensions, (at + 1) * dimensions)));
  for (const [at, vector] of lists(vectors, entries).entries()) index.addPoint(vector, at);
  const asked = lists(queries, count);
  return {
    name: "hnswlib-node",
    run: () => asked.map((query) => index.searchKnn(query, k).distances),
    scoresOf: (/** @type {number[][]} */ found) => found.flat().map((value) => 1 - value),
  };
}
