import { dtypes } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { concat, type ElementBytes } from "../kernels/index.ts";
import { denseOperation } from "./dense-operation.ts";
import { runLines, sizesAlong } from "./lines.ts";

export interface ConcatenateParameters {
  readonly axis: number;
  /** Sizes along the axis. */
  readonly sizes: readonly number[];
  readonly shape: Shape;
}

const module = new URL("./host/concatenate.js", import.meta.url).href;

export const concatenateOperation = denseOperation<ConcatenateParameters>({
  name: "matrix.concatenate",
  engine: "javascript",
  rates: {
    engine: { overheadMs: 0.05, flopsPerMs: 1e9, bytesPerMs: 4e6 },
    gpu: { overheadMs: 0.2, flopsPerMs: 1e12, bytesPerMs: 1e8 },
    cpu: { overheadMs: 0.1, flopsPerMs: 1e9, bytesPerMs: 1e7 },
  },
  outputs: ([input], { shape }) => [{ shape, dtype: input?.dtype ?? "f32" }],
  flops: () => 0,
  gpu: async ({ parameters: { axis, sizes }, inputs, outputs: [output], device, timer, allocate }) => {
    if (output === undefined) return;
    const { outer, inner } = sizesAlong(output.shape, axis, axis + 1);
    const parts = inputs.map(({ data }, at) => ({ source: data, n: sizes[at] ?? 0 }));
    const bytes = dtypes[output.dtype].bytes as ElementBytes;
    const work = { inputs: parts, bytes, result: output.data, outer, inner };
    await concat(device, work, { timer, allocate });
  },
  cpu: async ({ parameters: { axis, sizes }, inputs, outputs: [output], context: { signal } }) => {
    if (output === undefined) return;
    const { outer, inner } = sizesAlong(output.shape, axis, axis + 1);
    const request = {
      module,
      name: "concatenateBlocks",
      arrays: [...inputs.map(({ data }) => data), output.data],
      parameters: { lengths: sizes.map((size) => size * inner) },
      effort: elementCount(output.shape) / 4,
      signal,
    };
    await runLines(request, outer);
  },
});
