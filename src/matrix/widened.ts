import { type DType, dtypes } from "../core/dtype.ts";
import { constant, convert } from "../expression/build.ts";
import type { Expression } from "../expression/expression.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { NestedArray } from "./convert.ts";
import { evaluated } from "./evaluate.ts";
import { elementwiseOf } from "./lazy.ts";
import type { AnyMatrix, Matrix } from "./matrix.ts";

/** What operations along axes take: nested arrays become f32. */
export type Source<D extends DType = DType> = Matrix<D> | NestedArray;

/** The type in which kernels and the CPU compute with an element type. */
export function widenedType(dtype: DType): DType {
  const { kind, bytes } = dtypes[dtype];
  if (bytes >= 4) return dtype;
  if (kind === "float") return "f32";
  return kind === "signed" ? "i32" : "u32";
}

const nothing: Expression = constant(false, "bool");

/** In another element type, lazily. */
export function inType(runtime: Runtime, matrix: AnyMatrix, dtype: DType): AnyMatrix {
  if (matrix.dtype === dtype) return matrix;
  const build = ([x = nothing]: readonly Expression[]) => convert(x, dtype);
  return elementwiseOf(runtime, "cast", [matrix], { build, result: dtype });
}

/** Runs `work` on the matrix in the type that is computed with, and gives its result in `dtype`. */
export async function computedWide(
  runtime: Runtime,
  matrix: AnyMatrix,
  dtype: DType,
  options: RunOptions,
  work: (wide: AnyMatrix) => Promise<AnyMatrix>,
): Promise<AnyMatrix> {
  const wide = inType(runtime, matrix, widenedType(matrix.dtype));
  try {
    const result = await work(wide);
    if (result.dtype === dtype) return result;
    try {
      const narrow = inType(runtime, result, dtype);
      await evaluated(runtime, narrow, options);
      return narrow;
    } finally {
      result.dispose();
    }
  } finally {
    if (wide !== matrix) wide.dispose();
  }
}
