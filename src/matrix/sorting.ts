import type { DType } from "../core/dtype.ts";
import { formatShape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { toMatrix } from "./input.ts";

import { axisIn } from "./lines.ts";
import type { AnyMatrix, Matrix } from "./matrix.ts";
import { type SortParameters, sortOperations } from "./sort-operation.ts";
import { computedWide, type Source } from "./widened.ts";

export interface SortOptions extends RunOptions {
  /** Default: the last. */
  readonly axis?: number | undefined;
  readonly descending?: boolean | undefined;
}

export interface TopKOptions extends RunOptions {
  /** Default: the last. */
  readonly axis?: number | undefined;
  /** The smallest instead of the largest. */
  readonly smallest?: boolean | undefined;
}

export interface TopK<D extends DType = "f32"> {
  readonly values: Matrix<D>;
  readonly indices: Matrix<"i32">;
}

/** Order along one axis. NaN counts as greater than every number: last, and first when descending. */
export interface Sorting {
  /** -0 comes before +0, and every NaN becomes the same one. */
  sort<D extends DType = "f32">(matrix: Source<D>, options?: SortOptions): Promise<Matrix<D>>;
  /** The positions of the sorted numbers; equals, -0 and +0 among them, stay in order. */
  argSort(matrix: Source, options?: SortOptions): Promise<Matrix<"i32">>;
  /** The `k` largest numbers, largest first, and their positions; of equals the first. */
  topK<D extends DType = "f32">(matrix: Source<D>, k: number, options?: TopKOptions): Promise<TopK<D>>;
}

export function bindSorting(runtime: Runtime): Sorting {
  const run = async (
    name: keyof typeof sortOperations,
    matrix: AnyMatrix,
    parameters: Partial<SortParameters>,
    { axis = -1, ...options }: SortOptions | TopKOptions,
  ): Promise<AnyMatrix[]> => {
    const at = axisIn(matrix.shape, axis, name);
    const full = { axis: at, descending: false, keep: matrix.shape[at] ?? 0, ...parameters };
    const others: AnyMatrix[] = [];
    const first = await computedWide(
      runtime,
      matrix,
      name === "argSort" ? "i32" : matrix.dtype,
      options,
      async (wide) => {
        const [result, ...rest] = await sortOperations[name](runtime, [wide], full, options);
        others.push(...rest);
        return result as AnyMatrix;
      },
    );
    return [first, ...others];
  };
  return {
    sort: async (source, { descending = false, ...options } = {}) => {
      const [values] = await run(
        "sort",
        toMatrix(source, "What sort takes") as AnyMatrix,
        { descending },
        options,
      );
      return values as never;
    },
    argSort: async (source, { descending = false, ...options } = {}) => {
      const [indices] = await run("argSort", toMatrix(source, "What argSort takes"), { descending }, options);
      return indices as never;
    },
    topK: async (source, k, { smallest = false, ...options } = {}) => {
      const matrix = toMatrix(source, "What topK takes") as AnyMatrix;
      const size = matrix.shape[axisIn(matrix.shape, options.axis ?? -1, "topK")] ?? 0;
      if (!Number.isInteger(k) || k < 0 || k > size) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `There are no ${k} largest of ${size} numbers in a ${formatShape(matrix.shape)} matrix`,
          hint: `k is a whole number from 0 to ${size}.`,
        });
      }
      const [values, indices] = await run("topK", matrix, { descending: !smallest, keep: k }, options);
      return { values, indices } as never;
    },
  };
}
