import type { DType } from "../core/dtype.ts";
import { AikoError } from "../errors.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { evaluated } from "./evaluate.ts";
import { allocateHost, zerosOnHost } from "./host-memory.ts";
import { toMatrix } from "./input.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { multiplyOperation, type Product } from "./multiply-operation.ts";
import { isProductDType, multiplyTyped, type ProductDType } from "./multiply-typed.ts";
import { type ProductShape, productShape } from "./product-shape.ts";
import { scaleInto } from "./scale.ts";
import { Storage } from "./storage.ts";

export interface MultiplyOptions<D extends DType = "f32"> extends RunOptions {
  /** Uses the transpose of each item of `a`. */
  readonly transposeA?: boolean | undefined;
  readonly transposeB?: boolean | undefined;
  /** Scales the product. Default 1. 0 leaves the product out, as in BLAS: its NaN and Inf do not reach the result. */
  readonly alpha?: number | undefined;
  /** Scales `c`. Default 1 with `c`, else 0. 0 leaves `c` out. */
  readonly beta?: number | undefined;
  /** Added to the product; of its shape, or one matrix for every batch item. */
  readonly c?: MatrixInput<D> | undefined;
}

/**
 * `alpha * op(a) * op(b) + beta * c`, where `op` transposes on request, in f32, f64, f16 or bf16: the operands have one
 * type, nested arrays are f32, and sums of 16-bit types are f32. `a` is [...batch, m, k], `b`
 * [...batch, k, n], the result [...batch, m, n]; a missing batch is repeated. NaN and Inf propagate as IEEE 754 says.
 * Rejects with INVALID_ARGUMENT naming both shapes when they do not fit, and with whatever `runtime.run` rejects with.
 */
export async function multiply<D extends ProductDType = "f32">(
  runtime: Runtime,
  a: MatrixInput<D>,
  b: MatrixInput<D>,
  options: MultiplyOptions<D> = {},
): Promise<Matrix<D>> {
  const left = factor(a, "a");
  const right = factor(b, "b", left.dtype);
  const added = options.c === undefined ? undefined : factor(options.c, "c", left.dtype);
  const alpha = scalar(options.alpha ?? 1, "alpha");
  const beta = scalar(options.beta ?? (added === undefined ? 0 : 1), "beta");
  if (added === undefined && beta !== 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `beta is ${beta} but there is no c`,
      hint: "Pass c as well.",
    });
  }
  const shape = productShape(left.shape, right.shape, added?.shape, {
    transposeA: options.transposeA ?? false,
    transposeB: options.transposeB ?? false,
  });
  const type: ProductDType = left.dtype;
  const addend = beta === 0 ? undefined : added;
  if (type !== "f32") {
    const inputs = addend === undefined ? [left, right] : [left, right, addend];
    const placed = isTrivial(shape, alpha) ? ({ ...options, placement: "cpu" } as const) : options;
    const [result] = await multiplyTyped[type](runtime, inputs, { shape, alpha, beta }, placed);
    return result as Matrix<D>;
  }
  const multiplied = await multiplySingle(runtime, shape, [left, right, addend] as SingleOperands, {
    ...options,
    c: undefined,
    alpha,
    beta,
  });
  return multiplied as Matrix<DType> as Matrix<D>;
}

type SingleOperands = readonly [Matrix, Matrix, Matrix | undefined];

async function multiplySingle(
  runtime: Runtime,
  shape: ProductShape,
  [left, right, added]: SingleOperands,
  options: MultiplyOptions & { readonly alpha: number; readonly beta: number },
): Promise<Matrix> {
  const { alpha, beta } = options;
  const product = {
    shape,
    a: await evaluated(runtime, left, options),
    b: await evaluated(runtime, right, options),
    c: added === undefined ? undefined : await evaluated(runtime, added, options),
    alpha,
    beta,
  };
  if (isTrivial(shape, alpha)) {
    const { value, report } = await runtime.run(trivialOperation, product, { ...options, placement: "cpu" });
    return new Matrix(value, shape.result, report);
  }
  const { value, report } = await runtime.run(multiplyOperation, product, options);
  return new Matrix(value, shape.result, report);
}

/** Nothing to multiply: the result is `beta * c`, zeros, or empty. */
function isTrivial({ m, n, k, batch }: ProductShape, alpha: number): boolean {
  return alpha === 0 || m === 0 || n === 0 || k === 0 || batch === 0;
}

const trivialOperation: typeof multiplyOperation = {
  ...multiplyOperation,
  engine: "javascript",
  batch: undefined,
  work: (product) => ({ ...multiplyOperation.work(product), flops: 0 }),
  cpu: async ({ shape, c, beta }: Product): Promise<Storage> => {
    const length = shape.batch * shape.m * shape.n;
    if (c === undefined) return Storage.onHost(zerosOnHost(length));
    const out = allocateHost(length);
    if (length > 0) await scaleInto(out, await c.host(), beta);
    return Storage.onHost(out);
  },
};

function factor<D extends ProductDType>(input: MatrixInput<D>, name: string, type?: D): Matrix<D> {
  const matrix = toMatrix(input, name);
  if (isProductDType(matrix.dtype) && (type === undefined || type === matrix.dtype)) return matrix;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} holds ${matrix.dtype}${type === undefined ? "" : ` and a ${type}`}; products are computed in one of f32, f64, f16 and bf16`,
    hint: `Cast it first: gpu.matrix.cast(${name}, "${type ?? "f32"}").`,
  });
}

function scalar(value: number, name: string): number {
  if (typeof value === "number") return value;
  throw new AikoError("INVALID_ARGUMENT", { message: `${name} is a ${typeof value}, not a number` });
}
