import { contextOf, dense, factorLu, solveLu, take } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { SolveSizes } from "./host/lu.ts";
import { identityLike } from "./identity.ts";
import { singular } from "./linear-errors.ts";
import { firstFinding, squareMatrix, systemOf } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends SolveSizes {
  readonly shape: readonly number[];
}

const solveOperation = linearOperation<Sizes>({
  name: "solve",
  host: "lu",
  task: "solve",
  outputs: (dtype, { shape }) => [{ shape, dtype }],
  flops: ({ size, columns, batch, sharedA }) =>
    (2 / 3) * size ** 3 * (sharedA ? 1 : batch) + 2 * size ** 2 * columns * batch,
  gpu: async ({ device, inputs: [a, b], outputs: [x], parameters, type, allocate, timer }) => {
    if (a === undefined || b === undefined || x === undefined) return;
    const { size, columns, batch, sharedA, sharedB } = parameters;
    const options = { allocate, timer };
    const items = sharedA ? 1 : batch;
    const bytes = type === "f64" ? 8 : 4;
    using factors = allocate(items * size * size * bytes, "factors");
    using pivots = allocate(items * size * 4, "pivots");
    using info = allocate(items * 4, "findings");
    device.write(info, new Uint32Array(items), { timer });
    const square = dense(a.data, size, size);
    await take(contextOf(device, type, items, options), {
      source: square,
      result: dense(factors, size, size),
      rows: size,
      columns: size,
    });
    const right = dense(b.data, size, columns);
    await take(contextOf(device, type, batch, options), {
      source: sharedB ? { ...right, item: 0 } : right,
      result: dense(x.data, size, columns),
      rows: size,
      columns,
    });
    const lu = { type, matrix: factors, pivots, info, rows: size, columns: size, batch: items };
    await factorLu(device, lu, options);
    const system = { type, factors, pivots, b: x.data, size, columns, batch, shared: sharedA };
    await solveLu(device, system, options);
    const { item, value } = firstFinding(await device.read(info, undefined, { timer }), items);
    if (item >= 0) throw singular(value, item, items);
  },
});

/**
 * The solution of `a x = b` by LU with partial pivoting. `a` is [...batch, n, n]; `b` [...batch, n, k], or one vector [n] for
 * which `x` is [n]; a missing batch is repeated. In f32 or f64, by the type of both. NaN gives NaN. Rejects with
 * SINGULAR_MATRIX naming the pivot that is zero and the batch item; a matrix that is nearly singular gives a poor solution,
 * as everywhere: `conditionNumber` tells.
 */
export async function solve<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options?: RunOptions,
): Promise<Matrix<D>> {
  const system = systemOf("solve", squareMatrix("solve", "a", a), b);
  const { columns, batch, sharedA, sharedB, batchShape, isVector } = system;
  const size = system.a.rows;
  const shape = isVector ? [...batchShape, size] : [...batchShape, size, columns];
  const sizes = { size, columns, batch, sharedA, sharedB, shape };
  const [x] = await solveOperation(runtime, [system.a, system.b], sizes, options);
  return x as unknown as Matrix<D>;
}

/** The inverse of each square item of `a`. Rejects as `solve` does; where a product is wanted, `solve` is quicker and closer. */
export async function inverse<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options?: RunOptions,
): Promise<Matrix<D>> {
  const matrix = squareMatrix("inverse", "a", a);
  using identity = identityLike(matrix, matrix.rows);
  return await solve(runtime, matrix, identity, options);
}
