import { availableParallelism } from "node:os";
import { formatShape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import {
  type ConvolutionShape,
  convolution,
  convolutionScratchBytes,
  convolvedShape,
} from "../../kernels/convolution.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { onnxEngine } from "../../runtime/onnx/index.ts";
import { denseOperation } from "../dense-operation.ts";
import { floatInput } from "../input.ts";
import type { Matrix, MatrixInput } from "../matrix.ts";
import { fourSizes, type WindowOptions, windowsOf } from "./windows.ts";

export interface Conv2dOptions extends RunOptions, WindowOptions {
  /** Input and output channels are split into so many groups that do not see each other. Default 1. */
  readonly groups?: number | undefined;
  /** One number for each output channel. */
  readonly bias?: MatrixInput | undefined;
}

const cores = availableParallelism();

const conv2dOperation = denseOperation<ConvolutionShape>({
  name: "matrix.conv2d",
  engine: "onnxruntime",
  rates: {
    // ONNX Runtime: 45 to 185 GFLOP/s on 2 cores with AVX-512.
    engine: { overheadMs: 0.05, flopsPerMs: 5e7 * cores, bytesPerMs: 1e7 },
    // Not measured: 2 TFLOP/s lies between integrated and discrete GPUs.
    gpu: { overheadMs: 0.2, flopsPerMs: 2e9, bytesPerMs: 1e8 },
    // PoCL: 45 to 130 GFLOP/s on 2 cores.
    cpu: { overheadMs: 0.2, flopsPerMs: 4e7 * cores, bytesPerMs: 1e7 },
  },
  outputs: (_inputs, shape) => [
    { shape: [shape.batch, shape.outputs, ...convolvedShape(shape)], dtype: "f32" },
  ],
  flops: (_inputs, _outputs, shape) => {
    const { batch, groups, inputs, outputs, kernel } = shape;
    const [height, width] = convolvedShape(shape);
    return 2 * batch * outputs * height * width * (inputs / groups) * kernel[0] * kernel[1];
  },
  scratchBytes: (device, _inputs, shape) => convolutionScratchBytes(device, shape),
  gpu: async ({ device, inputs: [x, w, bias], outputs: [result], parameters, timer, allocate }) => {
    if (x === undefined || w === undefined || result === undefined) return;
    const memory = { source: x.data, weights: w.data, bias: bias?.data, result: result.data };
    await convolution(device, { ...parameters, ...memory }, { timer, allocate });
  },
  cpu: async ({ inputs, outputs, parameters, context: { work, signal } }) => {
    if (parameters.batch === 0) return;
    const { groups, kernel, stride, dilation, padding } = parameters;
    const names = ["x", "w", "b"].slice(0, inputs.length);
    const attributes = {
      group: { int: groups },
      kernel_shape: { ints: kernel },
      strides: { ints: stride },
      dilations: { ints: dilation },
      pads: { ints: padding },
    };
    const node = { operator: "Conv", inputs: names, outputs: ["out"], attributes };
    const tensor = ({ data, shape }: (typeof inputs)[number]) => ({ data: data as Float32Array, shape });
    await onnxEngine.run({
      key: `conv ${JSON.stringify(attributes)} ${inputs.length}`,
      graph: () => ({ nodes: [node], inputs: names, outputs: ["out"] }),
      inputs: inputs.map(tensor),
      outputs: outputs.map(tensor),
      effort: work.flops + 10 * work.bytes,
      signal,
    });
  },
});

/**
 * The 2-D convolution of neural networks (cross-correlation) in f32: `x` is [batch, channels, height, width], `w` [outputs,
 * channels / groups, kernel height, kernel width], the result [batch, outputs, out height, out width] with
 * `out = floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1`. Rejects with INVALID_ARGUMENT naming both
 * shapes where channels do not meet, and for a kernel larger than the padded image.
 */
export async function conv2d(
  runtime: Runtime,
  x: MatrixInput,
  w: MatrixInput,
  options: Conv2dOptions = {},
): Promise<Matrix> {
  const image = floatInput(x, "x");
  const weights = floatInput(w, "w");
  const shape = convolutionShape(image, weights, options);
  const { outputs } = shape;
  const bias = options.bias === undefined ? undefined : floatInput(options.bias, "bias");
  if (bias !== undefined && (bias.shape.length !== 1 || bias.size !== outputs)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `bias is ${formatShape(bias.shape)} but there are ${outputs} output channels`,
    });
  }
  const inputs = bias === undefined ? [image, weights] : [image, weights, bias];
  const [result] = await conv2dOperation(runtime, inputs, shape, options);
  return result as Matrix;
}

function convolutionShape(x: Matrix, w: Matrix, options: Conv2dOptions): ConvolutionShape {
  const [batch, inputs, height, width] = fourSizes(x.shape, "x", "[batch, channels, height, width]");
  const [outputs, perGroup, ...kernel] = fourSizes(w.shape, "w", "[outputs, channels, height, width]");
  const { groups = 1 } = options;
  if (!Number.isSafeInteger(groups) || groups < 1 || outputs < 1 || outputs % groups !== 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${outputs} output channels cannot be split into ${groups} groups`,
    });
  }
  if (inputs !== perGroup * groups) {
    const several = groups === 1 ? "" : ` times ${groups} groups`;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `x (${formatShape(x.shape)}) has ${inputs} channels but w (${formatShape(w.shape)}) takes ${perGroup}${several}`,
      hint: inputs % perGroup === 0 ? `It would fit with groups: ${inputs / perGroup}.` : undefined,
    });
  }
  return { batch, groups, inputs, outputs, ...windowsOf([height, width], kernel, options) };
}
