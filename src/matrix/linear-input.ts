import { elementCount, formatShape, type Shape, sameShape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { toMatrix } from "./input.ts";
import type { Real } from "./linear-operation.ts";
import type { AnyMatrix, Matrix, MatrixInput } from "./matrix.ts";

/** f32 or f64 numbers of at least two dimensions. Throws INVALID_ARGUMENT. */
export function realMatrix<D extends Real>(
  operation: string,
  name: string,
  input: MatrixInput<D>,
): Matrix<D> {
  const matrix = realNumbers(operation, name, input);
  if (matrix.shape.length >= 2) return matrix;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${operation}: ${name} has the shape [${matrix.shape.join(", ")}], which has no rows and columns`,
    hint: "Make it one row, [1, columns], or one column, [rows, 1].",
  });
}

/** f32 or f64 numbers of any shape. Throws INVALID_ARGUMENT. */
export function realNumbers<D extends Real>(
  operation: string,
  name: string,
  input: MatrixInput<D>,
): Matrix<D> {
  const matrix = toMatrix(input, `${operation}: ${name}`);
  if (matrix.dtype === "f32" || matrix.dtype === "f64") return matrix;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${operation}: ${name} holds ${matrix.dtype}; linear algebra is computed in f32 or f64`,
    hint: "Convert it first.",
  });
}

/** A matrix with as many rows as columns. Throws INVALID_ARGUMENT. */
export function squareMatrix<D extends Real>(
  operation: string,
  name: string,
  input: MatrixInput<D>,
): Matrix<D> {
  const matrix = realMatrix(operation, name, input);
  if (matrix.rows === matrix.columns) return matrix;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${operation}: ${name} is ${formatShape(matrix.shape)}, not square`,
    hint: operation === "solve" ? "leastSquares and qr take matrices of any shape." : undefined,
  });
}

export interface Batched {
  readonly batchShape: Shape;
  readonly batch: number;
}

export function batchOf({ shape }: AnyMatrix): Batched {
  const batchShape = shape.slice(0, -2);
  return { batchShape, batch: elementCount(batchShape) };
}

/** A matrix and a right-hand side that belong together. */
export interface System<D extends Real> extends Batched {
  readonly a: Matrix<D>;
  readonly b: Matrix<D>;
  /** Columns of `b`; a vector is one. */
  readonly columns: number;
  readonly isVector: boolean;
  /** One item for all of the other's. */
  readonly sharedA: boolean;
  readonly sharedB: boolean;
}

/** Checks that `b`, [...batch, rows, columns] or a vector of `rows`, goes with `a`. Throws INVALID_ARGUMENT naming both shapes. */
export function systemOf<D extends Real>(operation: string, a: Matrix<D>, right: MatrixInput<D>): System<D> {
  const b = realNumbers(operation, "b", right);
  if (a.dtype !== b.dtype) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${operation}: a holds ${a.dtype} and b ${b.dtype}`,
      hint: "Convert one of them: both must be of one type.",
    });
  }
  const isVector = b.shape.length === 1;
  const [rows = 0, columns = 1] = isVector ? b.shape : b.shape.slice(-2);
  const both = `a is ${formatShape(a.shape)} and b ${formatShape(b.shape)}`;
  if (b.shape.length === 0 || rows !== a.rows) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${operation}: ${both}: they need the same number of rows`,
    });
  }
  const [ofA, ofB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [countA, countB] = [elementCount(ofA), elementCount(ofB)];
  const isShared = (count: number, shape: Shape, other: Shape) => count === 1 && shape.length <= other.length;
  const batchShape = isShared(countB, ofB, ofA) ? ofA : ofB;
  if (!sameShape(ofA, ofB) && !isShared(countA, ofA, ofB) && !isShared(countB, ofB, ofA)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${operation}: ${both}: their batches differ`,
      hint: "Batches must be equal, or missing on one side.",
    });
  }
  const batch = elementCount(batchShape);
  const sharedA = batch !== 1 && countA === 1;
  const sharedB = batch !== 1 && countB === 1;
  return { a, b, columns, isVector, batchShape, batch, sharedA, sharedB };
}

/** The findings of a device, one u32 an item: where it is not 0 first, or -1. */
export function firstFinding(bytes: Uint8Array, batch: number): { item: number; value: number } {
  const found = new Uint32Array(bytes.buffer, bytes.byteOffset, batch);
  const item = found.findIndex((value) => value !== 0);
  return { item, value: found[item] ?? 0 };
}
