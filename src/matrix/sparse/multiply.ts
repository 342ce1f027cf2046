import { formatShape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import { spmm, spmmScratchBytes, spread } from "../../kernels/spmm.ts";
import type { Rates, RunOptions, Runtime } from "../../runtime/index.ts";
import { javascriptEngine, type TaskArray } from "../../runtime/javascript/index.ts";
import { type DenseDefinition, denseOperation } from "../dense-operation.ts";
import { typedInput } from "../input.ts";
import type { Matrix, MatrixInput } from "../matrix.ts";
import type { SparseMatrix, SparseType } from "./sparse-matrix.ts";

interface SparseParameters {
  readonly type: SparseType;
  readonly rows: number;
  readonly nonzeros: number;
  readonly columns: number;
  readonly result: readonly number[];
}

const module = new URL("../host/sparse.js", import.meta.url).href;

const rates: Rates = {
  // 8 ns a nonzero.
  engine: { overheadMs: 0.05, flopsPerMs: 2.5e5, bytesPerMs: 5e6 },
  gpu: { overheadMs: 0.2, flopsPerMs: 2e8, bytesPerMs: 1e8 },
  cpu: { overheadMs: 0.2, flopsPerMs: 2e6, bytesPerMs: 1e7 },
};

const outputs: DenseDefinition<SparseParameters>["outputs"] = (_inputs, { result, type }) => [
  { shape: result, dtype: type },
];

const multiplyOperation = denseOperation<SparseParameters>({
  name: "matrix.sparse.multiply",
  engine: "javascript",
  rates,
  outputs,
  flops: (_inputs, _outputs, { nonzeros, columns }) => 2 * nonzeros * columns,
  scratchBytes: (device, _inputs, parameters) => spmmScratchBytes(device, parameters),
  gpu: async ({ device, inputs, outputs: [result], parameters, timer, allocate }) => {
    const [rowStarts, places, values, dense] = inputs.map(({ data }) => data);
    if (!rowStarts || !places || !values || !dense || result === undefined) return;
    const work = { ...parameters, rowStarts, places, values, dense, result: result.data };
    await spmm(device, work, { timer, allocate });
  },
  cpu: async ({ inputs, outputs: [result], parameters, context: { signal } }) => {
    if (result === undefined || result.data.length === 0) return;
    const { rows, nonzeros, columns } = parameters;
    const arrays = [...inputs.map(({ data }) => data), result.data] as TaskArray[];
    const effort = 2 * nonzeros * columns + rows;
    const parts = effort > 1e5 ? javascriptEngine.parallelism : 1;
    const edges = rowEdges(arrays[0] as Uint32Array, parts);
    const runs = Array.from({ length: parts }, (_, part) => {
      const work = { columns, first: edges[part], end: edges[part + 1] };
      return javascriptEngine.run({ module, name: "multiplyRows", arrays, parameters: work, effort, signal });
    });
    await Promise.allSettled(runs);
    await Promise.all(runs);
  },
});

/** Rows with about as many nonzeros each. */
function rowEdges(starts: Uint32Array, parts: number): number[] {
  const rows = starts.length - 1;
  const nonzeros = starts[rows] ?? 0;
  return Array.from({ length: parts + 1 }, (_, part) => {
    if (part === 0 || part === parts) return part === 0 ? 0 : rows;
    let [low, high] = [0, rows];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((starts[middle] ?? 0) < (nonzeros * part) / parts) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

const spreadOperation = denseOperation<SparseParameters>({
  name: "matrix.sparse.toDense",
  engine: "javascript",
  rates,
  outputs,
  flops: (_inputs, _outputs, { nonzeros }) => nonzeros,
  gpu: async ({ device, inputs, outputs: [result], parameters, timer }) => {
    const [rowStarts, places, values] = inputs.map(({ data }) => data);
    if (!rowStarts || !places || !values || result === undefined) return;
    await spread(device, { ...parameters, rowStarts, places, values, result: result.data }, { timer });
  },
  cpu: async ({ inputs, outputs: [result], parameters, context: { signal } }) => {
    if (result === undefined) return;
    const arrays = [...inputs.map(({ data }) => data), result.data] as TaskArray[];
    const effort = parameters.nonzeros + result.data.length;
    const work = { module, name: "spreadRows", arrays, parameters: parameters.columns, effort, signal };
    await javascriptEngine.run(work);
  },
});

/**
 * The product of a sparse matrix and a dense one [columns, n], or a vector [columns], of the same element type. Rejects with
 * INVALID_ARGUMENT naming both shapes when they do not fit.
 */
export async function multiply<D extends SparseType>(
  runtime: Runtime,
  sparse: SparseMatrix<D>,
  dense: MatrixInput<D>,
  options?: RunOptions,
): Promise<Matrix<D>> {
  const right = typedInput<D>(dense, "dense", [sparse.dtype]);
  const [rows, inner] = sparse.shape;
  const [height, columns = 1] = right.shape;
  if (height !== inner || right.shape.length > 2) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot multiply a sparse ${formatShape(sparse.shape)} by ${formatShape(right.shape)}`,
      hint: `Pass a vector of ${inner} numbers, or ${inner} rows.`,
    });
  }
  const result = [rows, ...right.shape.slice(1)];
  const parameters = { type: sparse.dtype, rows, nonzeros: sparse.nonzeros, columns, result };
  const inputs = [sparse.rowStarts, sparse.columns, sparse.values, right];
  const [product] = await multiplyOperation(runtime, inputs, parameters, options);
  return product as Matrix<D>;
}

/** All entries, zeros where there are none. */
export async function toDense<D extends SparseType>(
  runtime: Runtime,
  sparse: SparseMatrix<D>,
  options?: RunOptions,
): Promise<Matrix<D>> {
  const [rows, columns] = sparse.shape;
  const parameters = { type: sparse.dtype, rows, nonzeros: sparse.nonzeros, columns, result: sparse.shape };
  const inputs = [sparse.rowStarts, sparse.columns, sparse.values];
  const [dense] = await spreadOperation(runtime, inputs, parameters, options);
  return dense as Matrix<D>;
}
