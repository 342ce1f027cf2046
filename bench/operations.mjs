import { contestRows } from "./contest.mjs";
import { convolution } from "./operations/convolution.mjs";
import { chain } from "./operations/elementwise.mjs";
import { fft } from "./operations/fft.mjs";
import { solve, svd } from "./operations/linear.mjs";
import { softmax } from "./operations/softmax.mjs";
import { sort } from "./operations/sort.mjs";
import { spmv } from "./operations/sparse.mjs";

const contests = [chain, softmax, sort, solve, svd, fft, spmv, convolution];

/** @param {import("./index.mjs").Bench} bench @returns {Promise<import("./index.mjs").Row[]>} */
export async function operationRows(bench) {
  const rows = [];
  for (const contest of contests) rows.push(...(await contestRows(bench, await contest(bench))));
  return rows;
}
