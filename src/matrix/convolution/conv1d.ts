import { formatShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { evaluated } from "../evaluate.ts";
import { floatInput } from "../input.ts";
import { Matrix, type MatrixInput } from "../matrix.ts";
import { conv2d } from "./conv2d.ts";

export interface Conv1dOptions extends RunOptions {
  readonly stride?: number | undefined;
  readonly dilation?: number | undefined;
  /** On both ends, [before, after], or "same" as in `conv2d`. Default 0. */
  readonly padding?: number | readonly [before: number, after: number] | "same" | undefined;
  readonly groups?: number | undefined;
  readonly bias?: MatrixInput | undefined;
}

/** `conv2d` along one axis: `x` is [batch, channels, length], `w` [outputs, channels / groups, kernel length]. */
export async function conv1d(
  runtime: Runtime,
  x: MatrixInput,
  w: MatrixInput,
  options: Conv1dOptions = {},
): Promise<Matrix> {
  const { stride = 1, dilation = 1, padding = 0, ...rest } = options;
  const [before, after] = typeof padding === "object" ? padding : [padding, padding];
  const flatten = async (input: MatrixInput, name: string, meaning: string) => {
    const matrix = floatInput(input, name);
    const shape = imageShape(matrix.shape, name, meaning);
    return new Matrix(await evaluated(runtime, matrix, options), shape);
  };
  const image = await flatten(x, "x", "[batch, channels, length]");
  const weights = await flatten(w, "w", "[outputs, channels, length]");
  const sides = before === "same" || after === "same" ? "same" : ([0, before, 0, after] as const);
  const more = { stride: [1, stride], dilation: [1, dilation], padding: sides } as const;
  const result = await conv2d(runtime, image, weights, { ...rest, ...more });
  const [batch = 0, outputs = 0, , length = 0] = result.shape;
  return new Matrix(result.storage, [batch, outputs, length], result.report);
}

/** Of the same numbers as images of height 1. */
function imageShape(shape: Shape, name: string, meaning: string): Shape {
  const [batch = 0, channels = 0, length = 0] = shape;
  if (shape.length === 3) return [batch, channels, 1, length];
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} is ${formatShape(shape)}, not ${meaning}`,
  });
}
