import { factorCholesky } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { CholeskySizes } from "./host/cholesky.ts";
import { notPositiveDefinite } from "./linear-errors.ts";
import { batchOf, firstFinding, squareMatrix } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends CholeskySizes {
  readonly shape: readonly number[];
}

const choleskyOperation = linearOperation<Sizes>({
  name: "cholesky",
  host: "cholesky",
  task: "cholesky",
  outputs: (dtype, { shape }) => [{ shape, dtype }],
  flops: ({ size, batch }) => (size ** 3 / 3) * batch,
  gpu: async ({ device, inputs: [a], outputs: [l], parameters: { size, batch }, type, allocate, timer }) => {
    if (a === undefined || l === undefined) return;
    using info = allocate(batch * 4, "findings");
    device.write(info, new Uint32Array(batch), { timer });
    const work = { type, source: a.data, result: l.data, info, size, batch };
    await factorCholesky(device, work, { allocate, timer });
    const { item, value } = firstFinding(await device.read(info, undefined, { timer }), batch);
    if (item >= 0) throw notPositiveDefinite(value, item, batch);
  },
});

/**
 * The lower triangle `l` with a positive diagonal and `a = l l'`, zeros above. Only the lower triangle of `a`,
 * [...batch, n, n], is read. Rejects with NOT_POSITIVE_DEFINITE naming the first leading minor that is not positive; NaN in
 * that triangle is none.
 */
export async function cholesky<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options?: RunOptions,
): Promise<Matrix<D>> {
  const matrix = squareMatrix("cholesky", "a", a);
  const sizes = { size: matrix.rows, batch: batchOf(matrix).batch, shape: matrix.shape };
  const [l] = await choleskyOperation(runtime, [matrix], sizes, options);
  return l as unknown as Matrix<D>;
}
