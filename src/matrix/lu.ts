import { contextOf, dense, factorLu, take } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type LuSizes, orderOf } from "./host/lu.ts";
import { batchOf, realMatrix } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends LuSizes {
  readonly batchShape: readonly number[];
}

const luOperation = linearOperation<Sizes>({
  name: "lu",
  host: "lu",
  task: "lu",
  outputs: (dtype, { rows, columns, batchShape }) => {
    const count = Math.min(rows, columns);
    return [
      { shape: [...batchShape, rows, count], dtype },
      { shape: [...batchShape, count, columns], dtype },
      { shape: [...batchShape, rows], dtype: "u32" },
    ];
  },
  flops: ({ rows, columns, batch }) => {
    const count = Math.min(rows, columns);
    return batch * count ** 2 * (rows + columns - (4 / 3) * count);
  },
  gpu: async ({ device, inputs: [a], outputs: [l, u, p], parameters, type, allocate, timer }) => {
    if (a === undefined || l === undefined || u === undefined || p === undefined) return;
    const { rows, columns, batch } = parameters;
    const count = Math.min(rows, columns);
    const context = contextOf(device, type, batch, { allocate, timer });
    using factors = allocate(batch * rows * columns * (type === "f64" ? 8 : 4), "factors");
    using pivots = allocate(batch * count * 4, "pivots");
    using info = allocate(batch * 4, "findings");
    device.write(info, new Uint32Array(batch), { timer });
    const both = dense(factors, rows, columns);
    await take(context, { source: dense(a.data, rows, columns), result: both, rows, columns });
    const work = { type, matrix: factors, pivots, info, rows, columns, batch };
    await factorLu(device, work, { allocate, timer });
    const lower = { rows, columns: count, part: "unitLower" } as const;
    await take(context, { source: both, result: dense(l.data, rows, count), ...lower });
    const upper = { rows: count, columns, part: "upper" } as const;
    await take(context, { source: both, result: dense(u.data, count, columns), ...upper });
    const { buffer, byteOffset } = await device.read(pivots, undefined, { timer });
    const exchanged = new Uint32Array(buffer, byteOffset, batch * count);
    const order = new Uint32Array(batch * rows);
    for (let item = 0; item < batch; item++)
      orderOf(
        exchanged.subarray(item * count, (item + 1) * count),
        order.subarray(item * rows, (item + 1) * rows),
      );
    device.write(p.data, order, { timer });
  },
});

export interface Lu<D extends Real> {
  /** [...batch, m, min(m, n)], ones on the diagonal and nothing larger below. */
  readonly l: Matrix<D>;
  /** [...batch, min(m, n), n] */
  readonly u: Matrix<D>;
  /** [...batch, m]: row i of `l u` is row `p[i]` of `a`. SciPy's `lu(a, p_indices=True)` gives the inverse of it. */
  readonly p: Matrix<"u32">;
}

/** LU factors with partial pivoting of `a`, [...batch, m, n]. Singular matrices have them too; NaN gives NaN. */
export async function lu<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options?: RunOptions,
): Promise<Lu<D>> {
  const matrix = realMatrix("lu", "a", a);
  const sizes = { rows: matrix.rows, columns: matrix.columns, ...batchOf(matrix) };
  const [l, u, p] = await luOperation(runtime, [matrix], sizes, options);
  return { l, u, p } as unknown as Lu<D>;
}
