import { Matrix } from "aikoryu/matrix";
import { check, interleaved, randomFloats, timed, warmUp } from "./harness.mjs";
import { linearRows } from "./linear.mjs";
import { matrixPeers } from "./peers/index.mjs";
import { startRows } from "./start.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 * @typedef {import("./peers/index.mjs").Peer} Peer
 */

const sizes = [256, 512, 1024, 2048];
const longestPeerMs = 12_000;
/** Above this the warm-up run counts: nothing has to warm up for that long. */
const slowMs = 1_500;
const yardstick = "triple loop";

/** @param {Bench} bench @returns {Promise<Row[]>} */
export async function rows(bench) {
  const peers = await matrixPeers();
  /** @type {Row[]} */
  const products = [];
  /** @type {Map<string, number>} */
  const smaller = new Map();
  for (const size of sizes) products.push(...(await multiplyRows(bench, peers, size, smaller)));
  return [...products, ...(await linearRows(bench)), ...(await startRows(bench))];
}

/**
 * @param {Bench} bench
 * @param {readonly Peer[]} peers
 * @param {number} size
 * @param {Map<string, number>} smaller each peer's time at half the size; cubic growth says who would take too long
 * @returns {Promise<Row[]>}
 */
async function multiplyRows({ gpu, device, progress }, peers, size, smaller) {
  progress(`matrix.multiply ${size}`);
  const a = randomFloats(size * size, 1);
  const b = randomFloats(size * size, 2);
  const expected = firstRow(a, b, size);
  const tolerance = size * 1e-6;

  /** @param {"auto" | "gpu" | "cpu"} placement */
  const multiply = async (placement, report = false) => {
    const left = Matrix.from(a, [size, size]);
    const right = Matrix.from(b, [size, size]);
    const product = await gpu.matrix.multiply(left, right, {
      placement,
      strict: placement === "gpu",
      report,
    });
    const values = await product.read();
    for (const matrix of [left, right, product]) matrix.dispose();
    return { values, report: product.report };
  };

  /** @type {("auto" | "cpu" | "gpu")[]} */
  const placements = device === undefined ? ["auto", "cpu"] : ["auto", "cpu", "gpu"];
  const contestants = [];
  for (const placement of placements) {
    check(`matrix.multiply ${size} ${placement}`, (await multiply(placement)).values, expected, tolerance);
    await warmUp(() => multiply(placement));
    contestants.push({ name: placement, run: () => multiply(placement) });
  }
  const contests = [];
  for (const peer of peers) {
    if ((smaller.get(peer.name) ?? 0) * 8 > longestPeerMs) continue;
    const contest = await peer.prepare(a, b, size);
    contests.push(contest);
    let untested = true;
    const run = async () => {
      const result = await contest.run();
      if (untested) check(`${peer.name} ${size}`, contest.values(result), expected, tolerance);
      untested = false;
    };
    const first = await timed(run);
    if (first <= slowMs) await warmUp(run);
    contestants.push({ name: peer.name, run, ...(first > slowMs ? { known: first } : {}) });
  }
  progress(`matrix.multiply ${size}: taking turns`);
  const ms = await interleaved(contestants, { rounds: 15, budgetMs: 3_000 });
  for (const contest of contests) contest.dispose?.();
  for (const { name } of peers) smaller.set(name, ms.get(name) ?? Number.POSITIVE_INFINITY);

  const { report } = await multiply("auto", true);
  const ours = {
    ms: ms.get("auto") ?? Number.NaN,
    placement: report?.placement ?? "unknown",
    device: report?.device ?? "unknown",
    reason: report?.reason ?? "",
  };
  /** @param {readonly Peer[]} against @param {string} title @returns {Row} */
  const row = (against, title) => {
    const timedPeers = against
      .filter(({ name }) => ms.has(name))
      .map(({ name, version }) => ({ name, version, ms: ms.get(name) ?? Number.NaN }));
    return {
      family: "matrix",
      operation: "matrix.multiply",
      case: title,
      ours,
      gpuMs: ms.get("gpu") ?? null,
      cpuMs: ms.get("cpu") ?? null,
      peers: timedPeers,
      ratio: Math.min(...timedPeers.map((peer) => peer.ms)) / ours.ms,
      limit: null,
    };
  };
  const title = `${size}x${size}, f32`;
  const libraries = peers.filter(({ name }) => name !== yardstick);
  const loop = peers.filter(({ name }) => name === yardstick && size === 1024);
  return [row(libraries, title), ...(loop.length > 0 ? [row(loop, `${title}, ${yardstick}`)] : [])];
}

/** In double precision. @param {Float32Array} a @param {Float32Array} b @param {number} size */
function firstRow(a, b, size) {
  const row = new Float64Array(size);
  for (let k = 0; k < size; k++) for (let j = 0; j < size; j++) row[j] += a[k] * b[k * size + j];
  return row;
}
