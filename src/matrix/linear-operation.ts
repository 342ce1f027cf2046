import { byteLengthOf } from "../core/dtype.ts";
import { elementCount } from "../core/shape.ts";
import type { Real } from "../kernels/linalg/index.ts";
import type { Rates } from "../runtime/index.ts";
import { javascriptEngine } from "../runtime/javascript/index.ts";
import { type DenseRun, type DeviceCall, denseOperation, type TensorType } from "./dense-operation.ts";

export type { Real } from "../kernels/linalg/index.ts";

export interface LinearDefinition<P> {
  readonly name: string;
  /** The CPU path: a task of that name in a module of `host/`. Its arrays are the inputs, then the outputs. */
  readonly host: string;
  readonly task: string;
  /** `type` is that of the first input. */
  outputs(type: Real, sizes: P): readonly TensorType[];
  flops(sizes: P): number;
  gpu(call: DeviceCall<P> & { readonly type: Real }): Promise<void>;
}

const rates: Rates = {
  engine: { overheadMs: 0.05, flopsPerMs: 1.5e6, bytesPerMs: 4e6 },
  // Not measured: hundreds of dependent dispatches, each too small for a large GPU.
  gpu: { overheadMs: 2, flopsPerMs: 2e8, bytesPerMs: 1e8 },
  // PoCL on 2 cores: 15 to 25 GFLOP/s for LU of 1,024 and SVD of 512 alike.
  cpu: { overheadMs: 1, flopsPerMs: 1.5e7, bytesPerMs: 1e7 },
};

/** Factors, the block under work, and what its product packs, about as large as the matrix each. */
const scratchCopies = 4;

/** An operation of linear algebra on f32 or f64, whose parameters are the sizes that its kernels and its CPU task take. */
export function linearOperation<P>(definition: LinearDefinition<P>): DenseRun<P> {
  const { name, host, task, outputs, flops, gpu } = definition;
  const module = new URL(`./host/${host}.js`, import.meta.url).href;
  const typeOf = (inputs: readonly TensorType[]): Real => (inputs[0]?.dtype === "f64" ? "f64" : "f32");
  return denseOperation<P>({
    name: `matrix.${name}`,
    engine: "javascript",
    rates,
    outputs: (inputs, sizes) => outputs(typeOf(inputs), sizes),
    flops: (_inputs, _outputs, sizes) => flops(sizes),
    scratchBytes: (_device, inputs, sizes) => {
      const type = typeOf(inputs);
      const bytes = [...inputs, ...outputs(type, sizes)].map(({ dtype, shape }) =>
        byteLengthOf(dtype, elementCount(shape)),
      );
      return new Array<number>(scratchCopies).fill(Math.max(...bytes));
    },
    gpu: (call) => gpu({ ...call, type: typeOf(call.inputs) }),
    cpu: async (call) => {
      await javascriptEngine.run({
        module,
        name: task,
        arrays: [...call.inputs, ...call.outputs].map(({ data }) => data),
        parameters: call.parameters,
        effort: call.context.work.flops,
        signal: call.context.signal,
      });
    },
  });
}
