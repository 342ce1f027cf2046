import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Matrix } from "aikoryu/matrix";
import { check, interleaved, randomFloats, timed, warmUp } from "./harness.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 *
 * @typedef {object} LinearPeer
 * @property {string} name
 * @property {string} version
 * @property {boolean} [isYardstick] plain TypeScript, in a row of its own
 * @property {(a: Float32Array, b: Float32Array, size: number) => () => ArrayLike<number>} prepare
 *   Brings the input into the peer's own form, which is not timed. What it gives back makes the solution, or the singular
 *   values.
 *
 * @typedef {object} Contest
 * @property {string} operation
 * @property {number} size
 * @property {number} tolerance relative to the largest expected value
 * @property {readonly LinearPeer[]} peers
 * @property {(gpu: Bench["gpu"], a: Float32Array, b: Float32Array, size: number, options: object) =>
 *   Promise<{ values: ArrayLike<number>, report: import("aikoryu").OperationReport | undefined }>} run
 */

const slowMs = 1_500;

/** @param {Bench} bench @returns {Promise<Row[]>} */
export async function linearRows(bench) {
  const { Matrix: MlMatrix, solve, SingularValueDecomposition } = await import("ml-matrix");
  const { create, lusolveDependencies, matrixDependencies } = await import("mathjs");
  const math = create({ lusolveDependencies, matrixDependencies });
  /** @type {LinearPeer[]} */
  const solvers = [
    {
      name: "ml-matrix",
      version: versionOf("ml-matrix"),
      prepare: (a, b, size) => {
        const [left, right] = [new MlMatrix(nested(a, size)), MlMatrix.columnVector([...b])];
        return () => solve(left, right).getColumn(0);
      },
    },
    {
      name: "mathjs",
      version: versionOf("mathjs"),
      prepare: (a, b, size) => {
        const [left, right] = [nested(a, size), [...b]];
        return () => /** @type {number[][]} */ (math.lusolve(left, right)).flat();
      },
    },
    { name: "elimination", version: process.version, isYardstick: true, prepare: prepareElimination },
  ];
  /** @type {LinearPeer[]} */
  const decomposers = [
    {
      name: "ml-matrix",
      version: versionOf("ml-matrix"),
      prepare: (a, _b, size) => {
        const matrix = new MlMatrix(nested(a, size));
        return () => new SingularValueDecomposition(matrix).diagonal;
      },
    },
    { name: "Jacobi loops", version: process.version, isYardstick: true, prepare: prepareJacobi },
  ];
  const rows = [];
  for (const size of [256, 1024]) {
    rows.push(
      ...(await contestRows(bench, {
        operation: "matrix.solve",
        size,
        tolerance: 1e-2,
        peers: size > 512 ? solvers.filter(({ name }) => name !== "mathjs") : solvers,
        run: async (gpu, a, b, size, options) => {
          const [left, right] = [Matrix.from(a, [size, size]), Matrix.from(b, [size])];
          const x = await gpu.matrix.solve(left, right, options);
          const values = await x.read();
          for (const matrix of [left, right, x]) matrix.dispose();
          return { values, report: x.report };
        },
      })),
    );
  }
  for (const size of [128, 256]) {
    rows.push(
      ...(await contestRows(bench, {
        operation: "matrix.svd",
        size,
        tolerance: 1e-5,
        peers: decomposers,
        run: async (gpu, a, _b, size, options) => {
          const matrix = Matrix.from(a, [size, size]);
          const { u, s, vt } = await gpu.matrix.svd(matrix, options);
          const values = await s.read();
          await Promise.all([u?.read(), vt?.read()]);
          for (const each of [matrix, u, s, vt]) each?.dispose();
          return { values, report: s.report };
        },
      })),
    );
  }
  return rows;
}

/** @param {Bench} bench @param {Contest} contest @returns {Promise<Row[]>} */
async function contestRows({ gpu, device, progress }, { operation, size, tolerance, peers, run }) {
  progress(`${operation} ${size}`);
  const a = randomFloats(size * size, 1);
  // A dominant diagonal keeps the solution from amplifying what f32 rounds.
  for (let at = 0; at < a.length; at += size + 1) a[at] += Math.sqrt(size);
  const b = randomFloats(size, 2);
  const yardstick = peers.find(({ isYardstick }) => isYardstick);
  const expected = yardstick?.prepare(a, b, size)() ?? [];
  const allowed = tolerance * Math.max(...Array.from(expected, Math.abs));
  /** @type {("auto" | "cpu" | "gpu")[]} */
  const placements = device === undefined ? ["auto", "cpu"] : ["auto", "cpu", "gpu"];
  const contestants = [];
  for (const placement of placements) {
    const call = () => run(gpu, a, b, size, { placement, strict: placement === "gpu" });
    check(`${operation} ${size} ${placement}`, (await call()).values, expected, allowed);
    await warmUp(call);
    contestants.push({ name: placement, run: call });
  }
  for (const { name, prepare } of peers) {
    const work = prepare(a, b, size);
    check(`${name} ${size}`, work(), expected, allowed);
    const first = await timed(work);
    if (first <= slowMs) await warmUp(work);
    contestants.push({ name, run: work, ...(first > slowMs ? { known: first } : {}) });
  }
  progress(`${operation} ${size}: taking turns`);
  const ms = await interleaved(contestants, { rounds: 9, budgetMs: 2_500 });
  const { report } = await run(gpu, a, b, size, { report: true });
  const ours = {
    ms: ms.get("auto") ?? Number.NaN,
    placement: report?.placement ?? "unknown",
    device: report?.device ?? "unknown",
    reason: report?.reason ?? "",
  };
  /** @param {readonly LinearPeer[]} against @param {string} title @returns {Row} */
  const row = (against, title) => {
    const timedPeers = against.map(({ name, version }) => ({
      name,
      version,
      ms: ms.get(name) ?? Number.NaN,
    }));
    return {
      family: "matrix",
      operation,
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
  return [
    row(
      peers.filter((peer) => peer !== yardstick),
      title,
    ),
    ...(yardstick === undefined ? [] : [row([yardstick], `${title}, ${yardstick.name}`)]),
  ];
}

/** @param {Float32Array} a @param {number} size */
function nested(a, size) {
  return Array.from({ length: size }, (_, i) => [...a.subarray(i * size, (i + 1) * size)]);
}

/** The textbook's elimination with partial pivoting over nested arrays. @type {LinearPeer["prepare"]} */
function prepareElimination(a, b, size) {
  const [matrix, right] = [nested(a, size), [...b]];
  return () => {
    const m = matrix.map((row, i) => [...row, right[i]]);
    for (let k = 0; k < size; k++) {
      let pivot = k;
      for (let i = k + 1; i < size; i++) if (Math.abs(m[i][k]) > Math.abs(m[pivot][k])) pivot = i;
      [m[k], m[pivot]] = [m[pivot], m[k]];
      for (let i = k + 1; i < size; i++) {
        const [row, top] = [m[i], m[k]];
        const ratio = row[k] / top[k];
        for (let j = k; j <= size; j++) row[j] -= ratio * top[j];
      }
    }
    const x = new Array(size).fill(0);
    for (let i = size - 1; i >= 0; i--) {
      let sum = m[i][size];
      for (let j = i + 1; j < size; j++) sum -= m[i][j] * x[j];
      x[i] = sum / m[i][i];
    }
    return x;
  };
}

/** Hestenes' one-sided Jacobi over nested arrays, with both bases, as textbooks have it. @type {LinearPeer["prepare"]} */
function prepareJacobi(a, _b, size) {
  const matrix = nested(a, size);
  return () => {
    const rows = matrix[0].map((_, j) => matrix.map((row) => row[j]));
    const v = rows.map((_, i) => rows.map((_, j) => Number(i === j)));
    for (let rotated = true; rotated; ) {
      rotated = false;
      for (let p = 0; p < size - 1; p++) {
        for (let q = p + 1; q < size; q++) {
          const [one, two] = [rows[p], rows[q]];
          let x = 0;
          let y = 0;
          let g = 0;
          for (let i = 0; i < size; i++) {
            x += one[i] * one[i];
            y += two[i] * two[i];
            g += one[i] * two[i];
          }
          if (Math.abs(g) <= 1e-9 * Math.sqrt(x * y)) continue;
          rotated = true;
          const zeta = (y - x) / (2 * g);
          const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
          const c = 1 / Math.sqrt(1 + t * t);
          for (const basis of [rows, v]) {
            const [first, second] = [basis[p], basis[q]];
            for (let i = 0; i < size; i++) {
              const left = first[i];
              const right = second[i];
              first[i] = c * left - c * t * right;
              second[i] = c * t * left + c * right;
            }
          }
        }
      }
    }
    return rows.map((row) => Math.hypot(...row)).sort((x, y) => y - x);
  };
}

/** @param {string} name */
function versionOf(name) {
  const entry = createRequire(import.meta.url).resolve(name);
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      if (found.name === name) return String(found.version);
    } catch {}
    if (folder === dirname(folder)) return "unknown";
  }
}
