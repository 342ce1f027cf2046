import type { Runtime } from "../../runtime/index.ts";
import type { Matrix, MatrixInput } from "../matrix.ts";
import { type Conv1dOptions, conv1d } from "./conv1d.ts";
import { type Conv2dOptions, conv2d } from "./conv2d.ts";
import { type AveragePool2dOptions, averagePool2d, maxPool2d, type Pool2dOptions } from "./pool2d.ts";

/** Convolution and pooling of signals and images. */
export interface Convolutions {
  /** See `conv1d`. */
  conv1d(x: MatrixInput, w: MatrixInput, options?: Conv1dOptions): Promise<Matrix>;
  /** See `conv2d`. */
  conv2d(x: MatrixInput, w: MatrixInput, options?: Conv2dOptions): Promise<Matrix>;
  /** See `maxPool2d`. */
  maxPool2d(x: MatrixInput, options: Pool2dOptions): Promise<Matrix>;
  /** See `averagePool2d`. */
  averagePool2d(x: MatrixInput, options: AveragePool2dOptions): Promise<Matrix>;
}

export function bindConvolutions(runtime: Runtime): Convolutions {
  return {
    conv1d: (x, w, options) => conv1d(runtime, x, w, options),
    conv2d: (x, w, options) => conv2d(runtime, x, w, options),
    maxPool2d: (x, options) => maxPool2d(runtime, x, options),
    averagePool2d: (x, options) => averagePool2d(runtime, x, options),
  };
}
