import { randomFloats } from "../harness.mjs";
import { versionOf } from "../peers/version.mjs";

const rows = 200_000;
const perRow = 16;

/** A sparse matrix times a vector, kept between calls. @param {import("../index.mjs").Bench} bench
 * @returns {Promise<import("../contest.mjs").Contest>} */
export async function spmv({ gpu }) {
  const values = randomFloats(rows * perRow, 12);
  const spread = randomFloats(rows * perRow, 13);
  const columns = Int32Array.from(spread, (value) =>
    Math.min(rows - 1, Math.floor(((value + 1) / 2) * rows)),
  );
  for (let row = 0; row < rows; row++) columns.subarray(row * perRow, (row + 1) * perRow).sort();
  const pointers = Int32Array.from({ length: rows + 1 }, (_, at) => at * perRow);
  const x = randomFloats(rows, 14);
  const sparse = await gpu.matrix.sparse.fromCsr(pointers, columns, values, [rows, rows]);
  const { create, multiplyDependencies, SparseMatrixDependencies, DenseMatrixDependencies } = await import(
    "mathjs"
  );
  const math = create({ multiplyDependencies, SparseMatrixDependencies, DenseMatrixDependencies });
  const lists = { values: Array.from(values), columns: Array.from(columns), pointers: Array.from(pointers) };
  const vector = Array.from(x);
  return {
    family: "matrix",
    operation: "matrix.sparse.multiply",
    title: `${rows / 1000}k rows of ${perRow} by a vector`,
    ours: async (placement, report) => {
      const input = gpu.matrix.from(x, [rows, 1]);
      const options = { placement, strict: placement === "gpu", report };
      const result = await gpu.matrix.sparse.multiply(sparse, input, options);
      const found = await result.read();
      for (const each of [result, input]) each.dispose();
      return { values: found, report: result.report };
    },
    rivals: [mathjs(math, lists, vector)],
    plain: [
      {
        name: "plain TypeScript",
        version: process.version,
        run: () => multiply(lists, vector),
      },
    ],
    expected: multiply(lists, vector),
    tolerance: 1e-4,
  };
}

/**
 * @param {any} math @param {{ values: number[], columns: number[], pointers: number[] }} csr @param {number[]} vector
 * @returns {import("../contest.mjs").Rival}
 */
function mathjs(math, csr, vector) {
  const { index, ptr, values } = byColumns(csr);
  const matrix = new math.SparseMatrix({ values, index, ptr, size: [rows, rows], datatype: "number" });
  const right = math.matrix ? math.matrix(vector) : new math.DenseMatrix(vector);
  return {
    name: "mathjs",
    version: versionOf("mathjs"),
    run: () => math.multiply(matrix, right),
    values: (result) => result.toArray(),
  };
}

/** mathjs keeps columns. @param {{ values: number[], columns: number[], pointers: number[] }} csr */
function byColumns({ values, columns, pointers }) {
  const ptr = new Array(rows + 1).fill(0);
  for (const column of columns) ptr[column + 1]++;
  for (let at = 0; at < rows; at++) ptr[at + 1] += ptr[at];
  const next = ptr.slice();
  const index = new Array(values.length);
  const sorted = new Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let at = pointers[row]; at < pointers[row + 1]; at++) {
      const place = next[columns[at]]++;
      index[place] = row;
      sorted[place] = values[at];
    }
  }
  return { index, ptr, values: sorted };
}

/** @param {{ values: number[], columns: number[], pointers: number[] }} csr @param {number[]} x */
function multiply({ values, columns, pointers }, x) {
  const result = [];
  for (let row = 0; row + 1 < pointers.length; row++) {
    let sum = 0;
    for (let at = pointers[row]; at < pointers[row + 1]; at++) sum += values[at] * x[columns[at]];
    result.push(sum);
  }
  return result;
}
