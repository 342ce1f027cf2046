import { elementCount, formatShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { floatInput } from "../input.ts";
import type { Matrix, MatrixInput } from "../matrix.ts";
import { rollOperation, type TransformParameters, transformOperation } from "./operations.ts";

/** Where the factor 1 / n goes, as in NumPy: on the way back, its root on both ways, or on the way forth. */
export type FftNorm = "backward" | "ortho" | "forward";

export interface FftOptions extends RunOptions {
  /** Which axis, not counting the pairs of complex numbers; negative ones count from the end. Default -1. */
  readonly axis?: number | undefined;
  /** Default "backward". */
  readonly norm?: FftNorm | undefined;
}

export interface IrfftOptions extends FftOptions {
  /** How many real numbers come out; `2 * (m - 1)` of m by default, or one more where that was odd. */
  readonly length?: number | undefined;
}

export type Fft2Options = Omit<FftOptions, "axis">;

/**
 * The discrete Fourier transform of complex numbers, a trailing dimension of 2 (real, imaginary): [..., n, 2]. Any n from 1;
 * fastest without prime factors past 5. Rejects with INVALID_ARGUMENT where there is no such dimension or axis.
 */
export function fft(runtime: Runtime, x: MatrixInput, options: FftOptions = {}): Promise<Matrix> {
  return transform(runtime, x, options, false);
}

/** The inverse of `fft`. */
export function ifft(runtime: Runtime, x: MatrixInput, options: FftOptions = {}): Promise<Matrix> {
  return transform(runtime, x, options, true);
}

/** `fft` along the last two axes: [..., height, width, 2]. */
export function fft2(runtime: Runtime, x: MatrixInput, options: Fft2Options = {}): Promise<Matrix> {
  return transform2(runtime, x, options, false);
}

/** The inverse of `fft2`. */
export function ifft2(runtime: Runtime, x: MatrixInput, options: Fft2Options = {}): Promise<Matrix> {
  return transform2(runtime, x, options, true);
}

/** The transform of real numbers [..., n]: the first floor(n / 2) + 1 complex ones, which determine the others. */
export async function rfft(runtime: Runtime, x: MatrixInput, options: FftOptions = {}): Promise<Matrix> {
  const matrix = floatInput(x, "x");
  const { axis, outer, length, inner } = lineOf(matrix.shape, options.axis, matrix.shape);
  const result = [...matrix.shape.with(axis, Math.floor(length / 2) + 1), 2];
  const scale = scaleOf(options.norm, length, false);
  return run(runtime, matrix, { kind: "real", outer, length, inner, inverse: false, scale, result }, options);
}

/** The inverse of `rfft`: real numbers [..., length]. Imaginary parts that real numbers would not have do not count. */
export async function irfft(runtime: Runtime, x: MatrixInput, options: IrfftOptions = {}): Promise<Matrix> {
  const matrix = floatInput(x, "x");
  const shape = complexShape(matrix.shape);
  const { axis, outer, length: given, inner } = lineOf(shape, options.axis, matrix.shape);
  const { length = Math.max(1, 2 * (given - 1)) } = options;
  if (!Number.isSafeInteger(length) || length < 1 || Math.floor(length / 2) + 1 !== given) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${length} real numbers do not have a spectrum of ${given} complex numbers`,
      hint: `Pass length: ${2 * (given - 1)} or ${2 * given - 1}.`,
    });
  }
  const result = shape.with(axis, length);
  const scale = scaleOf(options.norm, length, true);
  const parameters = { kind: "inverseReal", outer, length, inner, inverse: true, scale, result } as const;
  return run(runtime, matrix, parameters, options);
}

export interface FftShiftOptions extends RunOptions {
  /** Which axes to shift. Default: all. */
  readonly axes?: readonly number[] | undefined;
  /** Whether a trailing dimension of 2 holds complex numbers and is no axis. Default yes. */
  readonly complex?: boolean | undefined;
}

/** Moves frequency 0 from the start of each axis to its middle. */
export function fftShift(runtime: Runtime, x: MatrixInput, options: FftShiftOptions = {}): Promise<Matrix> {
  return shift(runtime, x, options, (length) => Math.ceil(length / 2));
}

/** Undoes `fftShift`. */
export function ifftShift(runtime: Runtime, x: MatrixInput, options: FftShiftOptions = {}): Promise<Matrix> {
  return shift(runtime, x, options, (length) => Math.floor(length / 2));
}

async function transform(
  runtime: Runtime,
  x: MatrixInput,
  options: FftOptions,
  inverse: boolean,
): Promise<Matrix> {
  const matrix = floatInput(x, "x");
  const { outer, length, inner } = lineOf(complexShape(matrix.shape), options.axis, matrix.shape);
  const scale = scaleOf(options.norm, length, inverse);
  const sizes = { kind: "complex", outer, length, inner, inverse } as const;
  return run(runtime, matrix, { ...sizes, scale, result: matrix.shape }, options);
}

async function transform2(
  runtime: Runtime,
  x: MatrixInput,
  options: Fft2Options,
  inverse: boolean,
): Promise<Matrix> {
  const rows = await transform(runtime, x, { ...options, axis: -1 }, inverse);
  try {
    return await transform(runtime, rows, { ...options, axis: -2 }, inverse);
  } finally {
    rows.dispose();
  }
}

async function run(
  runtime: Runtime,
  matrix: Matrix,
  parameters: TransformParameters,
  options: RunOptions,
): Promise<Matrix> {
  const [result] = await transformOperation(runtime, [matrix], parameters, options);
  return result as Matrix;
}

async function shift(
  runtime: Runtime,
  x: MatrixInput,
  { axes, complex = true, ...options }: FftShiftOptions,
  startOf: (length: number) => number,
): Promise<Matrix> {
  let matrix = floatInput(x, "x");
  const { shape } = matrix;
  const signal = complex ? complexShape(shape) : shape;
  const lines = (axes ?? signal.map((_, axis) => axis)).map((axis) => lineOf(signal, axis, shape));
  for (const [at, { outer, length, inner }] of lines.entries()) {
    const sizes = { outer, length, inner: inner * (complex ? 2 : 1), start: startOf(length) % length };
    const [rolled] = await rollOperation(runtime, [matrix], sizes, options);
    if (at > 0) matrix.dispose();
    matrix = rolled as Matrix;
  }
  return matrix;
}

function complexShape(shape: Shape): Shape {
  if (shape.length >= 2 && shape.at(-1) === 2) return shape.slice(0, -1);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `x is ${formatShape(shape)}, which does not end in a dimension of 2 for complex numbers`,
    hint: "Pass [..., n, 2] with the real and the imaginary part of each number, or use rfft for real numbers.",
  });
}

interface Line {
  readonly axis: number;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function lineOf(shape: Shape, given: number | undefined, whole: Shape): Line {
  const asked = given ?? -1;
  const axis = asked < 0 ? asked + shape.length : asked;
  const length = shape[axis];
  if (!Number.isInteger(asked) || length === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `x (${formatShape(whole)}) has no axis ${asked}`,
      hint: `It has ${shape.length}, counted from 0 or, from the end, from -1.`,
    });
  }
  if (length === 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `x (${formatShape(whole)}) has nothing along axis ${asked} to transform`,
    });
  }
  return {
    axis,
    length,
    outer: elementCount(shape.slice(0, axis)),
    inner: elementCount(shape.slice(axis + 1)),
  };
}

function scaleOf(norm: FftNorm | undefined, length: number, inverse: boolean): number {
  switch (norm ?? "backward") {
    case "backward":
      return inverse ? 1 / length : 1;
    case "forward":
      return inverse ? 1 : 1 / length;
    case "ortho":
      return 1 / Math.sqrt(length);
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `There is no norm "${String(norm)}"`,
    hint: 'Use "backward", "ortho" or "forward".',
  });
}
