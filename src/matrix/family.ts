import type { Runtime } from "../runtime/index.ts";
import { bindCumulative, type Cumulative } from "./cumulative.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { type MultiplyOptions, multiply } from "./multiply.ts";
import { bindNormalization, type Normalization } from "./normalization.ts";
import { type FileOptions, readNpy, writeNpy } from "./npy.ts";
import { bindReductions, type Reductions } from "./reductions.ts";
import { bindSelection, type Selection } from "./selection.ts";
import { bindSorting, type Sorting } from "./sorting.ts";

/** The matrix operations of one runtime. */
export interface MatrixFamily extends Reductions, Cumulative, Normalization, Sorting, Selection {
  /** See `Matrix.from`. */
  readonly from: typeof Matrix.from;
  /** See `multiply`. */
  multiply(a: MatrixInput, b: MatrixInput, options?: MultiplyOptions): Promise<Matrix>;
  /** See `readNpy`. */
  readNpy(path: string, options?: FileOptions): Promise<Matrix>;
  /** See `writeNpy`. */
  writeNpy(path: string, matrix: Matrix, options?: FileOptions): Promise<void>;
}

export function bindMatrix(runtime: Runtime): MatrixFamily {
  return {
    ...bindReductions(runtime),
    ...bindCumulative(runtime),
    ...bindNormalization(runtime),
    ...bindSorting(runtime),
    ...bindSelection(runtime),
    from: Matrix.from,
    multiply: (a, b, options) => multiply(runtime, a, b, options),
    readNpy,
    writeNpy,
  };
}
