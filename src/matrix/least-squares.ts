import { AikoError } from "../errors.ts";
import { contextOf, decomposeSvd, dense, multiply, scaleRows, take } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { invertValues, type LeastSquaresSizes } from "./host/least-squares.ts";
import { identityLike } from "./identity.ts";
import { noConvergence, notFinite } from "./linear-errors.ts";
import { realMatrix, systemOf } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends LeastSquaresSizes {
  readonly batchShape: readonly number[];
  readonly shape: readonly number[];
}

const leastSquaresOperation = linearOperation<Sizes>({
  name: "leastSquares",
  host: "least-squares",
  task: "leastSquares",
  outputs: (dtype, { rows, columns, shape, batchShape }) => [
    { shape, dtype },
    { shape: [...batchShape, Math.min(rows, columns)], dtype },
    { shape: batchShape, dtype: "u32" },
  ],
  flops: ({ rows, columns, count, batch }) =>
    batch * Math.min(rows, columns) * (20 * rows * columns + 2 * (rows + columns) * count),
  gpu: async ({ device, inputs: [a, b], outputs: [x, s, ranks], parameters, type, allocate, timer }) => {
    if (a === undefined || b === undefined || x === undefined || s === undefined || ranks === undefined)
      return;
    const { rows, columns, count, batch, sharedB, tolerance } = parameters;
    const short = Math.min(rows, columns);
    const options = { allocate, timer };
    const context = contextOf(device, type, batch, options);
    const floats = (elements: number, label: string) => allocate(elements * (type === "f64" ? 8 : 4), label);
    using u = floats(batch * rows * short, "left vectors");
    using vt = floats(batch * short * columns, "right vectors");
    const sizes = { type, rows, columns, batch, full: false };
    const work = { ...sizes, source: a.data, values: s.data, vectors: { u, vt } };
    const found = await decomposeSvd(device, work, options);
    if (found.notFinite >= 0) throw notFinite("leastSquares", found.notFinite, batch);
    if (!found.converged) throw noConvergence("leastSquares", batch);
    const values = type === "f64" ? new Float64Array(batch * short) : new Float32Array(batch * short);
    await device.read(s.data, values, { timer });
    const inverse = values.slice();
    const counted = Uint32Array.from({ length: batch }, (_, item) => {
      const [start, end] = [item * short, (item + 1) * short];
      return invertValues(values.subarray(start, end), tolerance, inverse.subarray(start, end));
    });
    device.write(ranks.data, counted, { timer });
    using factors = floats(batch * short, "reciprocal values");
    device.write(factors, inverse, { timer });
    using right = floats(batch * rows * count, "right-hand sides");
    const given = dense(b.data, rows, count);
    const source = sharedB ? { ...given, item: 0 } : given;
    await take(context, { source, result: dense(right, rows, count), rows, columns: count });
    using parts = floats(batch * short * count, "parts");
    await multiply(context, { a: u, b: right, out: parts, m: short, n: count, k: rows, transposeA: true });
    await scaleRows(context, parts, factors, short, count);
    const last = { m: columns, n: count, k: short, transposeA: true };
    await multiply(context, { a: vt, b: parts, out: x.data, ...last });
  },
});

export interface LeastSquaresOptions extends RunOptions {
  /** Singular values up to this share of the largest count as zero. Default: rounding of the type times the longer side. */
  readonly tolerance?: number | undefined;
}

export interface LeastSquares<D extends Real> {
  /** [...batch, n, k], or [...batch, n] for a vector. */
  readonly x: Matrix<D>;
  /** Singular values of `a`: [...batch, min(m, n)], descending. */
  readonly s: Matrix<D>;
  /** How many of them count: [...batch]. */
  readonly rank: Matrix<"u32">;
}

const roundings: Readonly<Record<Real, number>> = { f32: 2 ** -23, f64: 2 ** -52 };

/** What counts as zero in singular values by default, relative to the largest: NumPy's and MATLAB's rule. */
export function defaultTolerance(dtype: Real, rows: number, columns: number): number {
  return roundings[dtype] * Math.max(rows, columns, 1);
}

/**
 * The `x` that makes `a x` come closest to `b`, and of these the shortest, by singular values: `a` may have any shape
 * [...batch, m, n] and any rank. `b` is [...batch, m, k], or one vector [m], its batch that of `a` or missing. Rejects with
 * INVALID_ARGUMENT for NaN and infinities in `a`; those in `b` reach `x`.
 */
export async function leastSquares<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: LeastSquaresOptions = {},
): Promise<LeastSquares<D>> {
  const system = systemOf("leastSquares", realMatrix("leastSquares", "a", a), b);
  if (system.sharedA) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `leastSquares: b has a batch of ${system.batch} and a has none`,
      hint: "Put the right-hand sides side by side, as columns of one b.",
    });
  }
  const { rows, columns } = system.a;
  const { batch, batchShape, sharedB, isVector } = system;
  const tolerance = toleranceOf(options.tolerance, system.a);
  const shape = isVector ? [...batchShape, columns] : [...batchShape, columns, system.columns];
  const sizes = { rows, columns, count: system.columns, batch, batchShape, sharedB, tolerance, shape };
  const [x, s, rank] = await leastSquaresOperation(runtime, [system.a, system.b], sizes, options);
  return { x, s, rank } as unknown as LeastSquares<D>;
}

export function toleranceOf(given: number | undefined, { dtype, rows, columns }: Matrix<Real>): number {
  if (given === undefined) return defaultTolerance(dtype, rows, columns);
  if (typeof given === "number" && given >= 0) return given;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `tolerance is ${String(given)}, not a number from 0 on`,
  });
}

/** The Moore-Penrose inverse, [...batch, n, m], of matrices of any shape and rank, [...batch, m, n]. Rejects as `leastSquares`. */
export async function pseudoInverse<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options: LeastSquaresOptions = {},
): Promise<Matrix<D>> {
  const matrix = realMatrix("pseudoInverse", "a", a);
  using identity = identityLike(matrix, matrix.rows);
  const { x, s, rank } = await leastSquares(runtime, matrix, identity, options);
  s.dispose();
  rank.dispose();
  return x;
}
