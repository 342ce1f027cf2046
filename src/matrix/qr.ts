import { AikoError } from "../errors.ts";
import { contextOf, dense, factorQr, take } from "../kernels/linalg/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { QrSizes } from "./host/qr.ts";
import { batchOf, realMatrix } from "./linear-input.ts";
import { linearOperation, type Real } from "./linear-operation.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";

interface Sizes extends QrSizes {
  readonly wantsQ: boolean;
  readonly batchShape: readonly number[];
}

const qrOperation = linearOperation<Sizes>({
  name: "qr",
  host: "qr",
  task: "qr",
  outputs: (dtype, { rows, columns, width, wantsQ, batchShape }) => {
    const r = { shape: [...batchShape, width, columns], dtype };
    return wantsQ ? [r, { shape: [...batchShape, rows, width], dtype }] : [r];
  },
  flops: ({ rows, columns, width, wantsQ, batch }) => {
    const count = Math.min(rows, columns);
    const triangle = 2 * rows * columns * count;
    return batch * (wantsQ ? triangle + 2 * rows * width * count : triangle);
  },
  gpu: async ({ device, inputs: [a], outputs: [r, q], parameters, type, allocate, timer }) => {
    if (a === undefined || r === undefined) return;
    const { rows, columns, width, batch } = parameters;
    const context = contextOf(device, type, batch, { allocate, timer });
    using matrix = allocate(batch * rows * columns * (type === "f64" ? 8 : 4), "triangle");
    const copy = dense(matrix, rows, columns);
    await take(context, { source: dense(a.data, rows, columns), result: copy, rows, columns });
    const work = { type, matrix, q: q?.data, rows, columns, width, batch };
    await factorQr(device, work, { allocate, timer });
    await take(context, { source: copy, result: dense(r.data, width, columns), rows: width, columns });
  },
});

export interface QrOptions extends RunOptions {
  /** "reduced": `q` is [...batch, m, min(m, n)]. "complete": `q` is [...batch, m, m]. "r": without `q`. Default: "reduced". */
  readonly mode?: "reduced" | "complete" | "r" | undefined;
}

export interface Qr<D extends Real> {
  /** Orthonormal columns; absent for `mode: "r"`. */
  readonly q: Matrix<D> | undefined;
  /** Upper triangle. Its diagonal may be negative, as LAPACK's and NumPy's may. */
  readonly r: Matrix<D>;
}

/** `a = q r` by Householder reflections, for `a` of any shape [...batch, m, n]. NaN gives NaN. */
export async function qr<D extends Real = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  options: QrOptions = {},
): Promise<Qr<D>> {
  const { mode = "reduced" } = options;
  if (!["reduced", "complete", "r"].includes(mode)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `qr: there is no mode "${String(mode)}"`,
      hint: 'Use "reduced", "complete" or "r".',
    });
  }
  const matrix = realMatrix("qr", "a", a);
  const { rows, columns } = matrix;
  const width = mode === "complete" ? rows : Math.min(rows, columns);
  const sizes = { rows, columns, width, wantsQ: mode !== "r", ...batchOf(matrix) };
  const [r, q] = await qrOperation(runtime, [matrix], sizes, options);
  return { q, r } as unknown as Qr<D>;
}
