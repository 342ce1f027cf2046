import type { DType } from "../core/dtype.ts";
import { formatShape, type Shape, sameShape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { concatenateOperation } from "./concatenate-operation.ts";
import { gatherOperation, takeAlongOperation } from "./gather-operation.ts";
import { toMatrix } from "./input.ts";

import { axisIn } from "./lines.ts";
import { type AnyMatrix, Matrix } from "./matrix.ts";
import type { Source } from "./widened.ts";

export interface AxisOptions extends RunOptions {
  /** Default 0. */
  readonly axis?: number | undefined;
}

/** Positions along an axis; negative ones count from its end. */
export type Indices = Matrix<"i32"> | Matrix<"i64"> | readonly number[];

/** Numbers taken from matrices, and matrices put together. */
export interface Selection {
  /**
   * Slices of an axis by their position: the result has the shape of `indices` in place of the axis. Rejects with
   * INVALID_ARGUMENT naming an index that is out of range.
   */
  gather<D extends DType = "f32">(
    matrix: Source<D>,
    indices: Indices,
    options?: AxisOptions,
  ): Promise<Matrix<D>>;
  /** One number for each index, from the line it stands in: `indices` has the matrix's sizes but along the axis. */
  takeAlong<D extends DType = "f32">(
    matrix: Source<D>,
    indices: Indices,
    options?: AxisOptions,
  ): Promise<Matrix<D>>;
  /** Matrices of one type and of equal sizes but along the axis, one after the other. */
  concatenate<D extends DType = "f32">(
    matrices: readonly Source<D>[],
    options?: AxisOptions,
  ): Promise<Matrix<D>>;
  /** Matrices of one type and shape along a new axis. */
  stack<D extends DType = "f32">(matrices: readonly Source<D>[], options?: AxisOptions): Promise<Matrix<D>>;
}

export function bindSelection(runtime: Runtime): Selection {
  return {
    gather: async (source, indices, { axis = 0, ...options } = {}) => {
      const matrix = toMatrix(source, "What gather takes") as AnyMatrix;
      const { shape } = matrix;
      const at = axisIn(shape, axis, "gather");
      const places = indicesOf(indices, "gather");
      const to = [...shape.slice(0, at), ...places.shape, ...shape.slice(at + 1)];
      const parameters = { axis: at, shared: true, shape: to };
      const [result] = await gatherOperation(runtime, [matrix, places], parameters, options);
      return result as never;
    },
    takeAlong: async (source, indices, { axis = 0, ...options } = {}) => {
      const matrix = toMatrix(source, "What takeAlong takes") as AnyMatrix;
      const { shape } = matrix;
      const at = axisIn(shape, axis, "takeAlong");
      const places = indicesOf(indices, "takeAlong");
      if (!sameShape(without(places.shape, at), without(shape, at)) || places.shape.length !== shape.length) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `takeAlong takes numbers of a ${formatShape(shape)} matrix by ${formatShape(places.shape)} indices`,
          hint: `Sizes must be equal but along axis ${at}.`,
        });
      }
      const parameters = { axis: at, shared: false, shape: places.shape };
      const [result] = await takeAlongOperation(runtime, [matrix, places], parameters, options);
      return result as never;
    },
    concatenate: async (sources, { axis = 0, ...options } = {}) => {
      const matrices = sources.map((source) => toMatrix(source, "What concatenate takes") as AnyMatrix);
      const first = firstOf(matrices, "concatenate");
      const at = axisIn(first.shape, axis, "concatenate");
      for (const { shape } of matrices) {
        if (sameShape(without(shape, at), without(first.shape, at))) continue;
        throw new AikoError("INVALID_ARGUMENT", {
          message: `Cannot concatenate ${formatShape(shape)} and ${formatShape(first.shape)} along axis ${at}`,
          hint: "Sizes must be equal but along the axis.",
        });
      }
      const sizes = matrices.map(({ shape }) => shape[at] ?? 0);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const shape = first.shape.map((size, index) => (index === at ? total : size));
      const [result] = await concatenateOperation(runtime, matrices, { axis: at, sizes, shape }, options);
      return result as never;
    },
    stack: async (sources, { axis = 0, ...options } = {}) => {
      const matrices = sources.map((source) => toMatrix(source, "What stack takes") as AnyMatrix);
      const first = firstOf(matrices, "stack");
      const at = axisIn([...first.shape, 1], axis, "stack");
      for (const { shape } of matrices) {
        if (sameShape(shape, first.shape)) continue;
        const message = `Cannot stack ${formatShape(shape)} and ${formatShape(first.shape)}`;
        throw new AikoError("INVALID_ARGUMENT", { message, hint: "Shapes must be equal." });
      }
      const shape = [...first.shape.slice(0, at), matrices.length, ...first.shape.slice(at)];
      const parameters = { axis: at, sizes: matrices.map(() => 1), shape };
      const [result] = await concatenateOperation(runtime, matrices, parameters, options);
      return result as never;
    },
  };
}

function without(shape: Shape, axis: number): Shape {
  return shape.filter((_, at) => at !== axis);
}

function firstOf(matrices: readonly AnyMatrix[], name: string): AnyMatrix {
  const [first] = matrices;
  if (first === undefined)
    throw new AikoError("INVALID_ARGUMENT", { message: `There is nothing to ${name}` });
  for (const { dtype } of matrices) {
    if (dtype === first.dtype) continue;
    const message = `Cannot ${name} matrices of ${first.dtype} and ${dtype}`;
    throw new AikoError("INVALID_ARGUMENT", { message, hint: "Convert them to one type first." });
  }
  return first;
}

function indicesOf(indices: Indices, name: string): AnyMatrix {
  if (!(indices instanceof Matrix)) {
    const given: readonly number[] = indices;
    const wrong = given.findIndex((index) => !Number.isInteger(index) || Math.abs(index) > 2 ** 31 - 1);
    if (wrong >= 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Index ${given[wrong]} at position ${wrong} is not a whole number`,
      });
    }
    return Matrix.from(Int32Array.from(given), [given.length], "i32");
  }
  const { dtype }: AnyMatrix = indices;
  if (dtype === "i32" || dtype === "i64") return indices;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} takes indices of i32 or i64, not ${dtype}`,
    hint: "Convert them first.",
  });
}
