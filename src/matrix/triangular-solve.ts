import { contextOf, dense, solveTriangular, take } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { TriangularSizes } from "./host/triangular.ts";
import { singular } from "./linear-errors.ts";
import { squareMatrix, systemOf } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends TriangularSizes {
  readonly shape: readonly number[];
}

const triangularOperation = linearOperation<Sizes>({
  name: "triangularSolve",
  host: "triangular",
  task: "triangularSolve",
  outputs: (dtype, { shape }) => [{ shape, dtype }],
  flops: ({ size, columns, batch }) => size ** 2 * columns * batch,
  gpu: async ({ device, inputs: [a, b], outputs: [x], parameters, type, allocate, timer }) => {
    if (a === undefined || b === undefined || x === undefined) return;
    const { size, columns, batch, sharedA, sharedB, lower, transposed, unit } = parameters;
    const context = contextOf(device, type, batch, { allocate, timer });
    const items = sharedA ? 1 : batch;
    if (!unit) {
      using diagonal = allocate(items * size * (type === "f64" ? 8 : 4), "diagonal");
      await take(contextOf(device, type, items, { allocate, timer }), {
        source: { memory: a.data, start: 0, row: size + 1, item: size * size },
        result: dense(diagonal, size, 1),
        rows: size,
        columns: 1,
      });
      const values = type === "f64" ? new Float64Array(items * size) : new Float32Array(items * size);
      await device.read(diagonal, values, { timer });
      const zero = values.indexOf(0);
      if (zero >= 0) throw singular((zero % size) + 1, Math.floor(zero / size), items);
    }
    const right = dense(b.data, size, columns);
    const source = sharedB ? { ...right, item: 0 } : right;
    await take(context, { source, result: dense(x.data, size, columns), rows: size, columns });
    await solveTriangular(context, {
      t: sharedA ? { ...dense(a.data, size, size), item: 0 } : dense(a.data, size, size),
      b: dense(x.data, size, columns),
      size,
      columns,
      lower,
      transposed,
      unit,
    });
  },
});

export interface TriangularSolveOptions extends RunOptions {
  /** Which triangle of `a` is read. Default: "lower". */
  readonly triangle?: "lower" | "upper" | undefined;
  /** Solves with the transpose of that triangle. Default: false. */
  readonly transpose?: boolean | undefined;
  /** Takes the diagonal for ones without reading it. Default: false. */
  readonly unitDiagonal?: boolean | undefined;
}

/**
 * The solution of `t x = b` for a triangle of `a`; the other one is not read. Shapes and types are those of `solve`. Rejects
 * with SINGULAR_MATRIX for a zero on the diagonal.
 */
export async function triangularSolve<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: TriangularSolveOptions = {},
): Promise<Matrix<D>> {
  const { triangle = "lower", transpose = false, unitDiagonal = false } = options;
  const system = systemOf("triangularSolve", squareMatrix("triangularSolve", "a", a), b);
  const { columns, batch, sharedA, sharedB, batchShape, isVector } = system;
  const size = system.a.rows;
  const sizes: Sizes = {
    size,
    columns,
    batch,
    sharedA,
    sharedB,
    lower: triangle === "lower",
    transposed: transpose,
    unit: unitDiagonal,
    shape: isVector ? [...batchShape, size] : [...batchShape, size, columns],
  };
  const [x] = await triangularOperation(runtime, [system.a, system.b], sizes, options);
  return x as unknown as Matrix<D>;
}
