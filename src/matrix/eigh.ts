import { decomposeEigh } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { EighSizes } from "./host/eigh.ts";
import { noConvergence, notFinite } from "./linear-errors.ts";
import { batchOf, squareMatrix } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends EighSizes {
  readonly wantsVectors: boolean;
  readonly batchShape: readonly number[];
}

const eighOperation = linearOperation<Sizes>({
  name: "eigh",
  host: "eigh",
  task: "eigh",
  outputs: (dtype, { size, wantsVectors, batchShape }) => {
    const values = { shape: [...batchShape, size], dtype };
    return wantsVectors ? [values, { shape: [...batchShape, size, size], dtype }] : [values];
  },
  flops: ({ size, batch, wantsVectors }) => (wantsVectors ? 9 : 4 / 3) * size ** 3 * batch,
  gpu: async ({ device, inputs: [a], outputs: [values, vectors], parameters, type, allocate, timer }) => {
    if (a === undefined || values === undefined) return;
    const { size, batch } = parameters;
    const work = { type, source: a.data, values: values.data, vectors: vectors?.data, size, batch };
    const found = await decomposeEigh(device, work, { allocate, timer });
    if (found.notFinite >= 0) throw notFinite("eigh", found.notFinite, batch);
    if (!found.converged) throw noConvergence("eigh", batch);
  },
});

export interface EighOptions extends RunOptions {
  /** Default: true. */
  readonly vectors?: boolean | undefined;
}

export interface Eigh<D extends Real> {
  /** [...batch, n], ascending. */
  readonly values: Matrix<D>;
  /** [...batch, n, n]: column i belongs to value i. Of either sign. Absent for `vectors: false`. */
  readonly vectors: Matrix<D> | undefined;
}

/**
 * Eigenvalues and orthonormal eigenvectors of symmetric matrices, [...batch, n, n]. Only the lower triangle is read, so that
 * an asymmetric matrix counts as the symmetric one with that triangle. Rejects with INVALID_ARGUMENT where that triangle
 * holds NaN or infinities, naming the batch item, and with NO_CONVERGENCE.
 */
export async function eigh<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options: EighOptions = {},
): Promise<Eigh<D>> {
  const matrix = squareMatrix("eigh", "a", a);
  const sizes = { size: matrix.rows, wantsVectors: options.vectors ?? true, ...batchOf(matrix) };
  const [values, vectors] = await eighOperation(runtime, [matrix], sizes, options);
  return { values, vectors } as unknown as Eigh<D>;
}
