import type { DType } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { Runtime } from "../runtime/index.ts";
import { assertShape, type NestedArray } from "./convert.ts";
import { toMatrix } from "./input.ts";
import { viewOf } from "./lazy.ts";
import type { Matrix } from "./matrix.ts";
import {
  axisOf,
  broadcasted,
  diagonalOf,
  expanded,
  flipped,
  reshaped,
  type SliceRange,
  sliced,
  squeezed,
  transposed,
  type View,
} from "./view.ts";

type Source<D extends DType> = Matrix<D> | NestedArray;

/** Other ways to look at a matrix. None moves a number before it is needed, and most not even then. */
export interface Views {
  /** The same numbers in another shape; one size may be -1, for what is left. */
  reshape<D extends DType>(matrix: Source<D>, shape: Shape): Matrix<D>;
  /** The axes in another order, by default backwards. */
  transpose<D extends DType>(matrix: Source<D>, axes?: readonly number[]): Matrix<D>;
  swapAxes<D extends DType>(matrix: Source<D>, a: number, b: number): Matrix<D>;
  /** With an axis of size 1 at this place of the result. */
  expandDims<D extends DType>(matrix: Source<D>, axis: number): Matrix<D>;
  /** Without its axes of size 1, or without those named. */
  squeeze<D extends DType>(matrix: Source<D>, axes?: number | readonly number[]): Matrix<D>;
  /** With one axis. */
  flatten<D extends DType>(matrix: Source<D>): Matrix<D>;
  /** Repeated along axes that are missing in front or of size 1. */
  broadcastTo<D extends DType>(matrix: Source<D>, shape: Shape): Matrix<D>;
  /** One range an axis: `slice(m, { start: 1, stop: -1 }, 3)` is NumPy's `m[1:-1, 3]`. A number drops its axis. */
  slice<D extends DType>(matrix: Source<D>, ...ranges: readonly SliceRange[]): Matrix<D>;
  /** Backwards along the axes, by default along all. */
  flip<D extends DType>(matrix: Source<D>, axes?: number | readonly number[]): Matrix<D>;
  /** Of the last two axes, the `offset`-th above the main one. */
  diagonal<D extends DType>(matrix: Source<D>, offset?: number): Matrix<D>;
  /** In so many equal parts along an axis, by default the first. */
  split<D extends DType>(matrix: Source<D>, parts: number, axis?: number): readonly Matrix<D>[];
  /** Each element `count` times along an axis. */
  repeat<D extends DType>(matrix: Source<D>, count: number, axis: number): Matrix<D>;
  /** The whole matrix so many times along each axis; `counts` is for the last axes where it is shorter. */
  tile<D extends DType>(matrix: Source<D>, counts: readonly number[]): Matrix<D>;
}

export function bindViews(runtime: Runtime): Views {
  const view = <D extends DType>(
    source: Source<D>,
    name: string,
    make: (shape: Shape) => View,
  ): Matrix<D> => {
    const matrix = toMatrix<D>(source, `What ${name} takes`);
    return viewOf(runtime, matrix, make(matrix.shape));
  };
  const reshape: Views["reshape"] = (matrix, to) => view(matrix, "reshape", (shape) => reshaped(shape, to));
  return {
    reshape,
    transpose: (matrix, axes) => view(matrix, "transpose", (shape) => transposed(shape, axes)),
    swapAxes: (matrix, a, b) =>
      view(matrix, "swapAxes", (shape) => {
        const axes = shape.map((_, axis) => axis);
        const [first, second] = [axisOf(shape, a), axisOf(shape, b)];
        axes[first] = second;
        axes[second] = first;
        return transposed(shape, axes);
      }),
    expandDims: (matrix, axis) => view(matrix, "expandDims", (shape) => expanded(shape, axis)),
    squeeze: (matrix, axes) => view(matrix, "squeeze", (shape) => squeezed(shape, axes)),
    flatten: (matrix) => view(matrix, "flatten", (shape) => reshaped(shape, [elementCount(shape)])),
    broadcastTo: (matrix, to) =>
      view(matrix, "broadcastTo", (shape) => {
        assertShape(to);
        return broadcasted(shape, to);
      }),
    slice: (matrix, ...ranges) => view(matrix, "slice", (shape) => sliced(shape, ranges)),
    flip: (matrix, axes) => view(matrix, "flip", (shape) => flipped(shape, axes)),
    diagonal: (matrix, offset) => view(matrix, "diagonal", (shape) => diagonalOf(shape, offset)),
    split: (source, parts, axis = 0) => {
      const matrix = toMatrix(source, "What split takes");
      const at = axisOf(matrix.shape, axis);
      const size = (matrix.shape[at] ?? 0) / assertCount(parts, "split");
      if (parts === 0 || !Number.isInteger(size)) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `Cannot split axis ${at} of size ${matrix.shape[at]} into ${parts} equal parts`,
        });
      }
      const before = new Array<SliceRange>(at).fill({});
      return Array.from({ length: parts }, (_, part) =>
        view(matrix, "split", (shape) =>
          sliced(shape, [...before, { start: part * size, stop: (part + 1) * size }]),
        ),
      );
    },
    repeat: (source, count, axis) => {
      const matrix = toMatrix(source, "What repeat takes");
      const { shape } = matrix;
      const at = axisOf(shape, axis);
      const [outer, inner] = [shape.slice(0, at + 1), shape.slice(at + 1)];
      const to = [...shape.slice(0, at), (shape[at] ?? 0) * assertCount(count, "repeat"), ...inner];
      using apart = viewOf(runtime, matrix, expanded(shape, at + 1));
      using spread = viewOf(runtime, apart, broadcasted(apart.shape, [...outer, count, ...inner]));
      return reshape(spread, to);
    },
    tile: (source, counts) => {
      const matrix = toMatrix(source, "What tile takes");
      for (const count of counts) assertCount(count, "tile");
      const rank = Math.max(matrix.shape.length, counts.length);
      const pad = (values: readonly number[]) => [
        ...new Array<number>(rank - values.length).fill(1),
        ...values,
      ];
      const [sizes, times] = [pad(matrix.shape), pad(counts)];
      using apart = reshape(
        matrix,
        sizes.flatMap((size) => [1, size]),
      );
      const repeated = sizes.flatMap((size, axis) => [times[axis] ?? 1, size]);
      using spread = viewOf(runtime, apart, broadcasted(apart.shape, repeated));
      return reshape(
        spread,
        sizes.map((size, axis) => size * (times[axis] ?? 1)),
      );
    },
  };
}

function assertCount(count: number, name: string): number {
  if (Number.isInteger(count) && count >= 0) return count;
  throw new AikoError("INVALID_ARGUMENT", { message: `${name} takes a whole number of times, not ${count}` });
}
