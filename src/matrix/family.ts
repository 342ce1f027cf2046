import type { DType } from "../core/dtype.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type Arithmetic, bindArithmetic } from "./arithmetic.ts";
import { bindConvolutions, type Convolutions } from "./convolution/convolutions.ts";
import { bindCumulative, type Cumulative } from "./cumulative.ts";
import { einsum } from "./einsum/einsum.ts";
import { evaluated } from "./evaluate.ts";
import { type Files, files } from "./files.ts";
import { bindLinearAlgebra, type LinearAlgebra } from "./linear-algebra.ts";
import { bindMakers, type Makers } from "./makers.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { type MultiplyOptions, multiply } from "./multiply.ts";
import { bindNormalization, type Normalization } from "./normalization.ts";
import { bindRandom, type RandomFamily } from "./random/random.ts";
import { bindReductions, type Reductions } from "./reductions.ts";
import { bindSelection, type Selection } from "./selection.ts";
import { bindSorting, type Sorting } from "./sorting.ts";
import { bindViews, type Views } from "./views.ts";

/** The matrix operations of one runtime: what describes gives a lazy matrix at once, what computes a promise. */
export interface MatrixFamily
  extends Arithmetic,
    Views,
    Makers,
    Reductions,
    Cumulative,
    Normalization,
    Sorting,
    Selection,
    LinearAlgebra,
    Convolutions,
    Files {
  /** See `Matrix.from`. */
  readonly from: typeof Matrix.from;
  /** Random numbers, equal on every device. */
  readonly random: RandomFamily;
  /** Computes a lazy matrix now, where `options` say, and resolves with the same matrix. */
  evaluate<D extends DType>(matrix: Matrix<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `multiply`. */
  multiply(a: MatrixInput, b: MatrixInput, options?: MultiplyOptions): Promise<Matrix>;
  /** See `einsum`. */
  einsum(subscripts: string, operands: readonly MatrixInput[], options?: RunOptions): Promise<Matrix>;
}

export function bindMatrix(runtime: Runtime): MatrixFamily {
  return {
    ...bindArithmetic(runtime),
    ...bindViews(runtime),
    ...bindMakers(runtime),
    ...bindReductions(runtime),
    ...bindCumulative(runtime),
    ...bindNormalization(runtime),
    ...bindSorting(runtime),
    ...bindSelection(runtime),
    ...bindLinearAlgebra(runtime),
    ...bindConvolutions(runtime),
    ...files,
    random: bindRandom(runtime),
    from: Matrix.from,
    evaluate: async (matrix, options = {}) => {
      await evaluated(runtime, matrix, options);
      return matrix;
    },
    multiply: (a, b, options) => multiply(runtime, a, b, options),
    einsum: (subscripts, operands, options) => einsum(runtime, subscripts, operands, options),
  };
}
