import type { DType } from "../core/dtype.ts";
import { AikoError } from "../errors.ts";
import { Matrix, type MatrixInput } from "./matrix.ts";

const fromArray = "Pass a Matrix or an array of rows. Matrix.from(data, shape) makes one from a typed array.";

/** What a caller passed for a matrix: nested arrays become f32. Throws INVALID_ARGUMENT for anything else. */
export function toMatrix<D extends DType>(input: MatrixInput<D>, name: string, hint = fromArray): Matrix<D> {
  if (input instanceof Matrix) return input;
  if (Array.isArray(input)) return Matrix.from(input) as Matrix<DType> as Matrix<D>;
  const given = input === null ? "null" : typeof input;
  throw new AikoError("INVALID_ARGUMENT", { message: `${name} is ${given}, not a matrix`, hint });
}

/** The same for a matrix of one of `allowed` element types. */
export function typedInput<D extends DType>(
  input: MatrixInput<D>,
  name: string,
  allowed: readonly D[],
): Matrix<D> {
  const matrix = toMatrix<DType>(input as MatrixInput<DType>, name);
  if ((allowed as readonly DType[]).includes(matrix.dtype)) return matrix as Matrix<D>;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} holds ${matrix.dtype}; this is computed in ${allowed.join(" or ")}`,
    hint: `Cast it first: gpu.matrix.cast(matrix, "${allowed[0]}").`,
  });
}

/** The same for f32, which most operations compute in. */
export function floatInput(input: MatrixInput, name: string): Matrix {
  return typedInput(input, name, ["f32"]);
}
