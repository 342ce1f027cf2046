import type { RunOptions, Runtime } from "../runtime/index.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { type MultiplyOptions, multiply } from "./multiply.ts";
import { type FileOptions, readNpy, writeNpy } from "./npy.ts";
import { sum } from "./sum.ts";

/** The matrix operations of one runtime. */
export interface MatrixFamily {
  /** See `Matrix.from`. */
  readonly from: typeof Matrix.from;
  /** See `multiply`. */
  multiply(a: MatrixInput, b: MatrixInput, options?: MultiplyOptions): Promise<Matrix>;
  /** See `sum`. */
  sum(matrix: Matrix, options?: RunOptions): Promise<Matrix>;
  /** See `readNpy`. */
  readNpy(path: string, options?: FileOptions): Promise<Matrix>;
  /** See `writeNpy`. */
  writeNpy(path: string, matrix: Matrix, options?: FileOptions): Promise<void>;
}

export function bindMatrix(runtime: Runtime): MatrixFamily {
  return {
    from: Matrix.from,
    multiply: (a, b, options) => multiply(runtime, a, b, options),
    sum: (matrix, options) => sum(runtime, matrix, options),
    readNpy,
    writeNpy,
  };
}
