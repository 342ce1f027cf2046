import { isAikoError } from "../errors.ts";
import type { AxisSizes } from "../kernels/index.ts";
import type { CpuContext } from "../runtime/index.ts";
import { type HostTensor, onnxEngine } from "../runtime/onnx/index.ts";

/** Softmax along an axis by ONNX Runtime. Resolves with false where that is not installed. */
export function onnxSoftmax(
  context: CpuContext,
  operator: "Softmax" | "LogSoftmax",
  { outer, n, inner }: AxisSizes,
  [source, result]: readonly [Float32Array, Float32Array],
): Promise<boolean> {
  const shape = [outer, n, inner];
  const node = { operator, inputs: ["x"], outputs: ["y"], attributes: { axis: { int: 1 } } };
  return run(context, operator, node, [{ data: source, shape }], { data: result, shape });
}

/** Layer normalisation of rows by ONNX Runtime. Resolves with false where that is not installed. */
export function onnxLayerNorm(
  context: CpuContext,
  { rows, n, epsilon }: { readonly rows: number; readonly n: number; readonly epsilon: number },
  [source, result, gamma, beta]: readonly [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array | undefined,
  ],
): Promise<boolean> {
  const node = {
    operator: "LayerNormalization",
    inputs: beta === undefined ? ["x", "gamma"] : ["x", "gamma", "beta"],
    outputs: ["y"],
    attributes: { axis: { int: 1 }, epsilon: { float: epsilon } },
  };
  const inputs = [source, gamma, ...(beta === undefined ? [] : [beta])];
  const tensors = inputs.map((data, at) => ({ data, shape: at === 0 ? [rows, n] : [n] }));
  const key = `layer norm ${epsilon} ${beta !== undefined}`;
  return run(context, key, node, tensors, { data: result, shape: [rows, n] });
}

async function run(
  { work, signal, meter }: CpuContext,
  key: string,
  node: { readonly operator: string; readonly inputs: string[]; readonly outputs: string[] },
  inputs: readonly HostTensor[],
  output: HostTensor,
): Promise<boolean> {
  const graph = () => ({ nodes: [node], inputs: node.inputs, outputs: node.outputs });
  const effort = work.flops + 10 * work.bytes;
  try {
    const { queueMs } = await onnxEngine.run({ key, graph, inputs, outputs: [output], effort, signal });
    meter.add("queueMs", queueMs);
    return true;
  } catch (error) {
    if (isAikoError(error, "ENGINE_MISSING")) return false;
    throw error;
  }
}
