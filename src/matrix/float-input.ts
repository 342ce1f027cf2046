import type { DType } from "../core/dtype.ts";
import { AikoError } from "../errors.ts";
import { type AnyMatrix, Matrix, type MatrixInput } from "./matrix.ts";

/** A matrix of one of `allowed` element types, from what a caller passed. Nested arrays become f32. */
export function typedInput<D extends DType>(
  input: MatrixInput<D>,
  name: string,
  allowed: readonly D[],
): Matrix<D> {
  const matrix: AnyMatrix | undefined =
    input instanceof Matrix ? input : Array.isArray(input) ? Matrix.from(input) : undefined;
  if (matrix === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} is ${input === null ? "null" : typeof input}, not a matrix`,
      hint: "Pass a Matrix or nested arrays. Matrix.from(data, shape) makes one from a typed array.",
    });
  }
  if ((allowed as readonly DType[]).includes(matrix.dtype)) return matrix as Matrix<D>;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} holds ${matrix.dtype}; this is computed in ${allowed.join(" or ")}`,
    hint: `Convert it to ${allowed[0]} first.`,
  });
}

/** The same for f32, which most operations compute in. */
export function floatInput(input: MatrixInput, name: string): Matrix {
  return typedInput(input, name, ["f32"]);
}
