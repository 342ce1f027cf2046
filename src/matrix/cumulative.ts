import type { DType } from "../core/dtype.ts";
import { elementCount } from "../core/shape.ts";
import { scanAxis } from "../kernels/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type DenseRun, denseOperation } from "./dense-operation.ts";
import { toMatrix } from "./input.ts";

import { axisIn, numberType, runLines, sizesAlong } from "./lines.ts";
import type { AnyMatrix, Matrix } from "./matrix.ts";
import { reducedType } from "./reduce-operation.ts";
import type { SumType } from "./reductions.ts";
import { computedWide, type Source } from "./widened.ts";

export interface CumulativeOptions extends RunOptions {
  /** Default 0. */
  readonly axis?: number | undefined;
  /** Leaves each number out of its own result: the first is 0, 1 for products, NaN or the type's end for extremes. */
  readonly exclusive?: boolean | undefined;
  /** From the end to the start. */
  readonly reverse?: boolean | undefined;
}

/** What the numbers up to each come to, along one axis. */
export interface Cumulative {
  /** Integers add up in 64 bits and wrap there. */
  cumulativeSum<D extends DType = "f32">(
    matrix: Source<D>,
    options?: CumulativeOptions,
  ): Promise<Matrix<SumType<D>>>;
  cumulativeProduct<D extends DType = "f32">(
    matrix: Source<D>,
    options?: CumulativeOptions,
  ): Promise<Matrix<SumType<D>>>;
  /** NaN from a NaN on. */
  cumulativeMin<D extends DType = "f32">(matrix: Source<D>, options?: CumulativeOptions): Promise<Matrix<D>>;
  cumulativeMax<D extends DType = "f32">(matrix: Source<D>, options?: CumulativeOptions): Promise<Matrix<D>>;
}

type Operator = "sum" | "product" | "min" | "max";

interface ScanParameters {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

const operations: Readonly<Record<Operator, DenseRun<ScanParameters>>> = {
  sum: makeOperation("sum", "matrix.cumulativeSum"),
  product: makeOperation("product", "matrix.cumulativeProduct"),
  min: makeOperation("min", "matrix.cumulativeMin"),
  max: makeOperation("max", "matrix.cumulativeMax"),
};

export function bindCumulative(runtime: Runtime): Cumulative {
  const bound =
    (operator: Operator) =>
    async (
      source: Source,
      { axis = 0, exclusive = false, reverse = false, ...options }: CumulativeOptions = {},
    ) => {
      const matrix = toMatrix<DType>(source, `What a cumulative ${operator} takes`);
      const parameters = {
        axis: axisIn(matrix.shape, axis, `What a cumulative ${operator} takes`),
        exclusive,
        reverse,
      };
      const dtype = reducedType(operator, matrix.dtype);
      return (await computedWide(runtime, matrix, dtype, options, async (wide) => {
        const [result] = await operations[operator](runtime, [wide], parameters, options);
        return result as AnyMatrix;
      })) as never;
    };
  return {
    cumulativeSum: bound("sum"),
    cumulativeProduct: bound("product"),
    cumulativeMin: bound("min"),
    cumulativeMax: bound("max"),
  };
}

function makeOperation(operator: Operator, name: string): DenseRun<ScanParameters> {
  return denseOperation<ScanParameters>({
    name,
    engine: "javascript",
    rates: {
      engine: { overheadMs: 0.05, flopsPerMs: 5e5, bytesPerMs: 4e6 },
      gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 5e7 },
      cpu: { overheadMs: 0.1, flopsPerMs: 1e6, bytesPerMs: 1e7 },
    },
    outputs: ([input]) => [
      { shape: input?.shape ?? [], dtype: reducedType(operator, input?.dtype ?? "f32") },
    ],
    flops: ([input]) => elementCount(input?.shape ?? []),
    gpu: async ({ parameters, inputs: [input], outputs: [output], device, timer, allocate }) => {
      if (input === undefined || output === undefined) return;
      const { axis, exclusive, reverse } = parameters;
      const types = { type: numberType(input.dtype), resultType: numberType(output.dtype) };
      const sizes = sizesAlong(input.shape, axis, axis + 1);
      const work = {
        ...sizes,
        ...types,
        operator,
        source: input.data,
        result: output.data,
        exclusive,
        reverse,
      };
      await scanAxis(device, work, { timer, allocate });
    },
    cpu: async ({ parameters, inputs: [input], outputs: [output], context: { signal } }) => {
      if (input === undefined || output === undefined) return;
      const { axis, exclusive, reverse } = parameters;
      const { outer, n, inner } = sizesAlong(input.shape, axis, axis + 1);
      const request = {
        module,
        name: "scanLines",
        arrays: [input.data, output.data],
        parameters: { operator, n, inner, exclusive, reverse },
        effort: 2 * input.data.length,
        signal,
      };
      await runLines(request, outer * inner);
    },
  });
}

const module = new URL("./host/scan.js", import.meta.url).href;
