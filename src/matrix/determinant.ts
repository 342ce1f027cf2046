import { contextOf, dense, factorLu, take } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type DeterminantSizes, determinantOf } from "./host/lu.ts";
import { batchOf, squareMatrix } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends DeterminantSizes {
  readonly batchShape: readonly number[];
}

const determinantOperation = linearOperation<Sizes>({
  name: "determinant",
  host: "lu",
  task: "determinant",
  outputs: (dtype, { batchShape }) => [0, 1, 2].map(() => ({ shape: batchShape, dtype })),
  flops: ({ size, batch }) => (2 / 3) * size ** 3 * batch,
  gpu: async ({ device, inputs: [a], outputs, parameters: { size, batch }, type, allocate, timer }) => {
    if (a === undefined) return;
    const bytes = type === "f64" ? 8 : 4;
    const Numbers = type === "f64" ? Float64Array : Float32Array;
    const context = contextOf(device, type, batch, { allocate, timer });
    using factors = allocate(batch * size * size * bytes, "factors");
    using pivots = allocate(batch * size * 4, "pivots");
    using info = allocate(batch * 4, "findings");
    using diagonal = allocate(batch * size * bytes, "diagonal");
    device.write(info, new Uint32Array(batch), { timer });
    const square = { rows: size, columns: size };
    const copy = dense(factors, size, size);
    await take(context, { source: dense(a.data, size, size), result: copy, ...square });
    const work = { type, matrix: factors, pivots, info, ...square, batch };
    await factorLu(device, work, { allocate, timer });
    await take(context, {
      source: { ...copy, row: size + 1 },
      result: dense(diagonal, size, 1),
      rows: size,
      columns: 1,
    });
    const values = new Numbers(batch * size);
    const exchanged = new Uint32Array(batch * size);
    await Promise.all([device.read(diagonal, values, { timer }), device.read(pivots, exchanged, { timer })]);
    const found = [new Numbers(batch), new Numbers(batch), new Numbers(batch)] as const;
    for (let item = 0; item < batch; item++) {
      const [start, end] = [item * size, (item + 1) * size];
      const { sign, logarithm, value } = determinantOf(
        values.subarray(start, end),
        exchanged.subarray(start, end),
      );
      found[0][item] = sign;
      found[1][item] = logarithm;
      found[2][item] = value;
    }
    found.forEach((numbers, at) => {
      const output = outputs[at];
      if (output !== undefined) device.write(output.data, numbers, { timer });
    });
  },
});

export interface SignAndLogarithm<D extends Real> {
  /** [...batch]: 1, -1, or 0 for a singular matrix. */
  readonly sign: Matrix<D>;
  /** [...batch]: the natural logarithm of the size, -Infinity for a singular matrix. */
  readonly logarithm: Matrix<D>;
}

async function determinants<D extends Real>(
  runtime: Runtime,
  operation: string,
  a: MatrixInput<D>,
  options: RunOptions | undefined,
): Promise<readonly Matrix<D>[]> {
  const matrix = squareMatrix(operation, "a", a);
  const sizes = { size: matrix.rows, ...batchOf(matrix) };
  return (await determinantOperation(runtime, [matrix], sizes, options)) as unknown as readonly Matrix<D>[];
}

/** The determinant of each item of `a`, [...batch, n, n], as [...batch]; 0 for a singular matrix, 1 for one of no rows. */
export async function determinant<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options?: RunOptions,
): Promise<Matrix<D>> {
  const [sign, logarithm, value] = await determinants(runtime, "determinant", a, options);
  sign?.dispose();
  logarithm?.dispose();
  return value as Matrix<D>;
}

/** The same as a sign and a logarithm, for determinants beyond the largest number. NumPy's `slogdet`. */
export async function slogdet<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options?: RunOptions,
): Promise<SignAndLogarithm<D>> {
  const [sign, logarithm, value] = await determinants(runtime, "slogdet", a, options);
  value?.dispose();
  return { sign, logarithm } as SignAndLogarithm<D>;
}
