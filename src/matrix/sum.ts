import { elementCount } from "../core/shape.ts";
import { reduce } from "../kernels/reduce.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { javascriptEngine } from "../runtime/javascript/index.ts";
import { denseOperation } from "./dense-operation.ts";
import type { Matrix } from "./matrix.ts";

const module = new URL("./host/sum.js", import.meta.url).href;

const sumOperation = denseOperation<undefined>({
  name: "matrix.sum",
  engine: "javascript",
  rates: {
    engine: { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 4e6 },
    gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
    cpu: { overheadMs: 0.1, flopsPerMs: 1e7, bytesPerMs: 1e7 },
  },
  outputs: () => [{ shape: [], dtype: "f32" }],
  flops: ([input]) => elementCount(input?.shape ?? []),
  gpu: async ({ device, inputs: [input], outputs: [output], timer }) => {
    if (input === undefined || output === undefined) return;
    const count = elementCount(input.shape);
    await reduce(device, "sum", { source: input.data, result: output.data, count }, { timer });
  },
  cpu: async ({ inputs: [input], outputs: [output], context: { signal } }) => {
    if (input === undefined || output === undefined) return;
    const arrays = [input.data, output.data];
    await javascriptEngine.run({ module, name: "sum", arrays, effort: input.data.length, signal });
  },
});

/** The sum of all numbers, in f32. */
export async function sum(runtime: Runtime, matrix: Matrix, options?: RunOptions): Promise<Matrix> {
  const [result] = await sumOperation(runtime, [matrix], undefined, options);
  return result as Matrix;
}
