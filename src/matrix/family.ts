import type { DType } from "../core/dtype.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type Arithmetic, bindArithmetic } from "./arithmetic.ts";
import { evaluated } from "./evaluate.ts";
import { bindLinearAlgebra, type LinearAlgebra } from "./linear-algebra.ts";
import { bindMakers, type Makers } from "./makers.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { type MultiplyOptions, multiply } from "./multiply.ts";
import type { ProductDType } from "./multiply-typed.ts";
import { type FileOptions, readNpy, writeNpy } from "./npy.ts";
import { sum } from "./sum.ts";
import { bindViews, type Views } from "./views.ts";

/** The matrix operations of one runtime. */
export interface MatrixFamily extends Arithmetic, Views, Makers, LinearAlgebra {
  /** See `Matrix.from`. */
  readonly from: typeof Matrix.from;
  /** See `multiply`. */
  multiply<D extends ProductDType = "f32">(
    a: MatrixInput<D>,
    b: MatrixInput<D>,
    options?: MultiplyOptions<D>,
  ): Promise<Matrix<D>>;
  /** Computes a lazy matrix now, where `options` say, and resolves with the same matrix. */
  evaluate<D extends DType>(matrix: Matrix<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `sum`. */
  sum(matrix: Matrix, options?: RunOptions): Promise<Matrix>;
  /** See `readNpy`. */
  readNpy(path: string, options?: FileOptions): Promise<Matrix>;
  /** See `writeNpy`. */
  writeNpy(path: string, matrix: Matrix, options?: FileOptions): Promise<void>;
}

export function bindMatrix(runtime: Runtime): MatrixFamily {
  return {
    ...bindArithmetic(runtime),
    ...bindViews(runtime),
    ...bindMakers(runtime),
    ...bindLinearAlgebra(runtime),
    from: Matrix.from,
    evaluate: async (matrix, options = {}) => {
      await evaluated(runtime, matrix, options);
      return matrix;
    },
    multiply: (a, b, options) => multiply(runtime, a, b, options),
    sum: (matrix, options) => sum(runtime, matrix, options),
    readNpy,
    writeNpy,
  };
}
