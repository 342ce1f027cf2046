import { decomposeSvd } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { SvdSizes } from "./host/svd.ts";
import { noConvergence, notFinite } from "./linear-errors.ts";
import { batchOf, realMatrix } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends SvdSizes {
  readonly wantsVectors: boolean;
  readonly batchShape: readonly number[];
}

const svdOperation = linearOperation<Sizes>({
  name: "svd",
  host: "svd",
  task: "svd",
  outputs: (dtype, { rows, columns, full, wantsVectors, batchShape }) => {
    const count = Math.min(rows, columns);
    const values = { shape: [...batchShape, count], dtype };
    if (!wantsVectors) return [values];
    const [inU, inVt] = full ? [rows, columns] : [count, count];
    return [
      values,
      { shape: [...batchShape, rows, inU], dtype },
      { shape: [...batchShape, inVt, columns], dtype },
    ];
  },
  flops: ({ rows, columns, wantsVectors, batch }) => {
    const count = Math.min(rows, columns);
    return (wantsVectors ? 20 : 8 / 3) * rows * columns * count * batch;
  },
  gpu: async ({ device, inputs: [a], outputs: [values, u, vt], parameters, type, allocate, timer }) => {
    if (a === undefined || values === undefined) return;
    const { rows, columns, full, batch } = parameters;
    const vectors = u === undefined || vt === undefined ? undefined : { u: u.data, vt: vt.data };
    const work = { type, source: a.data, values: values.data, vectors, full, rows, columns, batch };
    const found = await decomposeSvd(device, work, { allocate, timer });
    if (found.notFinite >= 0) throw notFinite("svd", found.notFinite, batch);
    if (!found.converged) throw noConvergence("svd", batch);
  },
});

export interface SvdOptions extends RunOptions {
  /** Default: true. */
  readonly vectors?: boolean | undefined;
  /** Square `u` and `vt`, completed by vectors that belong to no value. Default: false. */
  readonly full?: boolean | undefined;
}

export interface Svd<D extends Real> {
  /** [...batch, m, min(m, n)], or [...batch, m, m] where full: orthonormal columns. Absent for `vectors: false`. */
  readonly u: Matrix<D> | undefined;
  /** [...batch, min(m, n)], descending, not negative. */
  readonly s: Matrix<D>;
  /** [...batch, min(m, n), n], or [...batch, n, n] where full: orthonormal rows. */
  readonly vt: Matrix<D> | undefined;
}

/**
 * Singular values and vectors of matrices of any shape, [...batch, m, n]: `a = u diag(s) vt`. A vector pair may have either
 * sign. Rejects with INVALID_ARGUMENT for NaN and infinities, naming the batch item, and with NO_CONVERGENCE.
 */
export async function svd<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options: SvdOptions = {},
): Promise<Svd<D>> {
  const matrix = realMatrix("svd", "a", a);
  const { rows, columns } = matrix;
  const { vectors: wantsVectors = true, full = false } = options;
  const sizes = { rows, columns, full, wantsVectors, ...batchOf(matrix) };
  const [s, u, vt] = await svdOperation(runtime, [matrix], sizes, options);
  return { u, s, vt } as unknown as Svd<D>;
}
