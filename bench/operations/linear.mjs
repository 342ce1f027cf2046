import { randomFloats } from "../harness.mjs";
import { versionOf } from "../peers/version.mjs";

/** @typedef {import("../contest.mjs").Contest} Contest */

const solveSize = 512;
const svdSize = 128;

/** One right-hand side. @param {import("../index.mjs").Bench} bench @returns {Promise<Contest>} */
export async function solve({ gpu }) {
  const size = solveSize;
  const a = randomFloats(size * size, 8);
  for (let at = 0; at < size; at++) a[at * size + at] += size / 8;
  const solution = randomFloats(size, 9);
  const b = new Float32Array(size);
  const rows = nested(a, size);
  for (let row = 0; row < size; row++) b[row] = rows[row].reduce((sum, v, at) => sum + v * solution[at], 0);
  const { Matrix, solve: mlSolve } = await import("ml-matrix");
  const { create, lusolveDependencies } = await import("mathjs");
  const math = create({ lusolveDependencies });
  const [left, right] = [new Matrix(rows), Matrix.columnVector(b)];
  const column = Array.from(b, (value) => [value]);
  return {
    family: "matrix",
    operation: "matrix.solve",
    title: `${size}x${size}, f32`,
    ours: async (placement, report) => {
      const [m, y] = [gpu.matrix.from(a, [size, size]), gpu.matrix.from(b, [size, 1])];
      const result = await gpu.matrix.solve(m, y, { placement, strict: placement === "gpu", report });
      const values = await result.read();
      for (const each of [result, m, y]) each.dispose();
      return { values, report: result.report };
    },
    rivals: [
      {
        name: "ml-matrix",
        version: versionOf("ml-matrix"),
        run: () => mlSolve(left, right),
        values: (result) => result.to1DArray(),
      },
      {
        name: "mathjs",
        version: versionOf("mathjs"),
        run: () => math.lusolve(rows, column),
        values: (result) => result.map((/** @type {number[]} */ [value]) => value),
      },
    ],
    plain: [{ name: "plain TypeScript", version: process.version, run: () => eliminate(rows, b) }],
    expected: solution,
    tolerance: 1e-3,
  };
}

/** All singular values and vectors. @param {import("../index.mjs").Bench} bench @returns {Promise<Contest>} */
export async function svd({ gpu }) {
  const size = svdSize;
  const a = randomFloats(size * size, 10);
  const rows = nested(a, size);
  const { Matrix, SVD } = await import("ml-matrix");
  const input = new Matrix(rows);
  return {
    family: "matrix",
    operation: "matrix.svd",
    title: `${size}x${size}, f32, with vectors`,
    ours: async (placement, report) => {
      const m = gpu.matrix.from(a, [size, size]);
      const { u, s, vt } = await gpu.matrix.svd(m, { placement, strict: placement === "gpu", report });
      const [values] = await Promise.all([s.read(), u?.read(), vt?.read()]);
      for (const each of [u, s, vt, m]) each?.dispose();
      return { values, report: s.report };
    },
    rivals: [
      {
        name: "ml-matrix",
        version: versionOf("ml-matrix"),
        run: () => new SVD(input, { autoTranspose: true }),
        values: (result) => result.diagonal,
      },
    ],
    plain: [{ name: "plain TypeScript", version: process.version, run: () => jacobi(rows) }],
    expected: jacobi(rows),
    tolerance: 1e-3,
  };
}

/** Gaussian elimination with partial pivoting, as textbooks have it. @param {number[][]} a @param {Float32Array} b */
function eliminate(a, b) {
  const rows = a.map((row, at) => [...row, b[at]]);
  const size = rows.length;
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    for (let i = k + 1; i < size; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j <= size; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  const x = new Array(size).fill(0);
  for (let k = size - 1; k >= 0; k--) {
    let sum = rows[k][size];
    for (let j = k + 1; j < size; j++) sum -= rows[k][j] * x[j];
    x[k] = sum / rows[k][k];
  }
  return x;
}

/** Singular values, descending, by one-sided Jacobi rotations with their vectors. @param {number[][]} a */
function jacobi(a) {
  const size = a.length;
  const u = Array.from({ length: size }, (_, column) => a.map((row) => row[column]));
  const v = u.map((_, at) => u.map((__, other) => (at === other ? 1 : 0)));
  for (let turned = true, sweep = 0; turned && sweep < 60; sweep++) {
    turned = false;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        let [alpha, beta, gamma] = [0, 0, 0];
        for (let k = 0; k < size; k++) {
          alpha += u[p][k] ** 2;
          beta += u[q][k] ** 2;
          gamma += u[p][k] * u[q][k];
        }
        if (Math.abs(gamma) <= 1e-12 * Math.sqrt(alpha * beta)) continue;
        turned = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = c * t;
        for (const vectors of [u, v]) {
          for (let k = 0; k < size; k++) {
            const first = vectors[p][k];
            vectors[p][k] = c * first - s * vectors[q][k];
            vectors[q][k] = s * first + c * vectors[q][k];
          }
        }
      }
    }
  }
  return u.map((column) => Math.sqrt(column.reduce((sum, x) => sum + x * x, 0))).sort((x, y) => y - x);
}

/** @param {Float32Array} data @param {number} size */
function nested(data, size) {
  return Array.from({ length: size }, (_, row) => Array.from(data.subarray(row * size, (row + 1) * size)));
}
