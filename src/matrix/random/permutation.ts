import { random, sort, sortScratchBytes } from "../../kernels/index.ts";
import type { RandomSource } from "../../kernels/random.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { denseOperation } from "../dense-operation.ts";

export interface PermutationParameters extends RandomSource {
  readonly count: number;
}

const module = new URL("../host/permutation.js", import.meta.url).href;

const keysOf = (count: number) => ({ type: "u64", outer: 1, n: count, inner: 1 }) as const;

/** The positions that sort `count` random keys of 64 bits; of equal keys, which nobody will see, the first comes first. */
export const permutationOperation = denseOperation<PermutationParameters>({
  name: "matrix.permutation",
  engine: "javascript",
  rates: {
    engine: { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 4e6 },
    gpu: { overheadMs: 0.5, flopsPerMs: 1e8, bytesPerMs: 1e8 },
    cpu: { overheadMs: 0.3, flopsPerMs: 3e6, bytesPerMs: 1e7 },
  },
  outputs: (_inputs, { count }) => [{ shape: [count], dtype: "i32" }],
  flops: (_inputs, _outputs, { count }) => 80 * count,
  scratchBytes: (device, _inputs, { count }) => [
    count * 8,
    ...sortScratchBytes(device, { ...keysOf(count), withIndices: true }),
  ],
  gpu: async ({ parameters, outputs: [result], device, timer, allocate }) => {
    if (result === undefined) return;
    const { count, ...source } = parameters;
    using keys = allocate(count * 8, "random keys");
    const work = { ...source, distribution: "bits", result: keys, count: 2 * count } as const;
    await random(device, work, { timer });
    await sort(device, { ...keysOf(count), source: keys, indices: result.data }, { timer, allocate });
  },
  cpu: async ({ parameters, outputs: [result], context: { signal } }) => {
    if (result === undefined) return;
    const { count, ...source } = parameters;
    await javascriptEngine.run({
      module,
      name: "permute",
      arrays: [result.data],
      parameters: source,
      effort: 80 * count,
      signal,
    });
  },
});
