import type { RunOptions, Runtime } from "../runtime/index.ts";
import { fromArrow, readArrow, toArrow, writeArrow } from "./arrow.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";
import { type MultiplyOptions, multiply } from "./multiply.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { readNpz, writeNpz } from "./npz.ts";
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
  readonly readNpy: typeof readNpy;
  /** See `writeNpy`. */
  readonly writeNpy: typeof writeNpy;
  /** See `readNpz`. */
  readonly readNpz: typeof readNpz;
  /** See `writeNpz`. */
  readonly writeNpz: typeof writeNpz;
  /** See `fromArrow`. */
  readonly fromArrow: typeof fromArrow;
  /** See `toArrow`. */
  readonly toArrow: typeof toArrow;
  /** See `readArrow`. */
  readonly readArrow: typeof readArrow;
  /** See `writeArrow`. */
  readonly writeArrow: typeof writeArrow;
}

export function bindMatrix(runtime: Runtime): MatrixFamily {
  return {
    from: Matrix.from,
    multiply: (a, b, options) => multiply(runtime, a, b, options),
    sum: (matrix, options) => sum(runtime, matrix, options),
    readNpy,
    writeNpy,
    readNpz,
    writeNpz,
    fromArrow,
    toArrow,
    readArrow,
    writeArrow,
  };
}
