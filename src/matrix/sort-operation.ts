import { elementCount } from "../core/shape.ts";
import { sort, sortScratchBytes } from "../kernels/index.ts";
import { type DenseRun, denseOperation, type TensorType } from "./dense-operation.ts";
import { numberType, runLines, sizesAlong } from "./lines.ts";

export interface SortParameters {
  readonly axis: number;
  readonly descending: boolean;
  readonly keep: number;
}

export const sortOperations = {
  sort: sortOperation("sort", true, false),
  argSort: sortOperation("argSort", false, true),
  topK: sortOperation("topK", true, true),
};

const module = new URL("./host/sort.js", import.meta.url).href;

function sortOperation(name: string, withValues: boolean, withIndices: boolean): DenseRun<SortParameters> {
  return denseOperation<SortParameters>({
    name: `matrix.${name}`,
    engine: "javascript",
    rates: {
      engine: { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 4e6 },
      gpu: { overheadMs: 0.5, flopsPerMs: 1e8, bytesPerMs: 1e8 },
      cpu: { overheadMs: 0.3, flopsPerMs: 3e6, bytesPerMs: 1e7 },
    },
    outputs: ([input], { axis, keep }) => {
      const shape = (input?.shape ?? []).map((size, at) => (at === axis ? keep : size));
      const outputs: TensorType[] = [];
      if (withValues) outputs.push({ shape, dtype: input?.dtype ?? "f32" });
      if (withIndices) outputs.push({ shape, dtype: "i32" });
      return outputs;
    },
    flops: ([input]) => 20 * elementCount(input?.shape ?? []),
    scratchBytes: (device, [input], { axis }) => {
      if (input === undefined) return [];
      const sizes = sizesAlong(input.shape, axis, axis + 1);
      return sortScratchBytes(device, { ...sizes, type: numberType(input.dtype), withIndices });
    },
    gpu: async ({ parameters, inputs: [input], outputs, device, timer, allocate }) => {
      if (input === undefined) return;
      const { axis, descending, keep } = parameters;
      const work = {
        ...sizesAlong(input.shape, axis, axis + 1),
        type: numberType(input.dtype),
        source: input.data,
        values: withValues ? outputs[0]?.data : undefined,
        indices: withIndices ? outputs.at(-1)?.data : undefined,
        descending,
        keep,
      };
      await sort(device, work, { timer, allocate });
    },
    cpu: async ({ parameters, inputs: [input], outputs, context: { signal } }) => {
      if (input === undefined) return;
      const { axis, descending, keep } = parameters;
      const { outer, n, inner } = sizesAlong(input.shape, axis, axis + 1);
      const request = {
        module,
        name: "sortLines",
        arrays: [input.data, ...outputs.map(({ data }) => data)],
        parameters: { n, inner, keep, descending, withValues, withIndices },
        effort: 20 * input.data.length,
        signal,
      };
      await runLines(request, outer * inner);
    },
  });
}
