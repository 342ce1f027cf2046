import { AikoError } from "../../errors.ts";
import { type Pooling, type PoolingShape, pooledShape, pooling } from "../../kernels/pooling.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { denseOperation } from "../dense-operation.ts";
import type { HostPooling } from "../host/pooling.ts";
import { floatInput } from "../input.ts";
import type { Matrix, MatrixInput } from "../matrix.ts";
import { fourSizes, type PerAxis, type WindowOptions, windowsOf } from "./windows.ts";

export interface Pool2dOptions extends RunOptions, WindowOptions {
  /** Size of the window, or "global" for all of the image. */
  readonly kernel: PerAxis | "global";
  /** Default: the kernel's size, so that windows do not overlap. */
  readonly stride?: PerAxis | undefined;
  /** Less than the window's reach. */
  readonly padding?: WindowOptions["padding"];
  /** Rounds the result's size up; no window starts past the image and its leading padding. */
  readonly ceilMode?: boolean | undefined;
}

export interface AveragePool2dOptions extends Pool2dOptions {
  /** Whether padding counts as zeros; else averages are over the image only. Default no. */
  readonly countIncludePad?: boolean | undefined;
}

interface PoolParameters {
  readonly shape: PoolingShape;
  readonly result: readonly number[];
  readonly countIncludePad: boolean;
}

const module = new URL("../host/pooling.js", import.meta.url).href;

/** ONNX Runtime's maximum loses NaN, so that both poolings are typed-array TypeScript on the CPU. */
function poolingOperation(kind: Pooling) {
  const tapsOf = ({ shape: { kernel } }: PoolParameters) => kernel[0] * kernel[1];
  const countOf = ({ result }: PoolParameters) => result.reduce((product, size) => product * size, 1);
  return denseOperation<PoolParameters>({
    name: `matrix.${kind}Pool2d`,
    engine: "javascript",
    rates: {
      // 5 to 6 ns a tap.
      engine: { overheadMs: 0.05, flopsPerMs: 1.8e5, bytesPerMs: 4e6 },
      gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
      cpu: { overheadMs: 0.1, flopsPerMs: 5e6, bytesPerMs: 1e7 },
    },
    outputs: (_inputs, { result }) => [{ shape: result, dtype: "f32" }],
    flops: (_inputs, _outputs, parameters) => countOf(parameters) * tapsOf(parameters),
    gpu: async ({ device, inputs: [x], outputs: [result], parameters, timer }) => {
      if (x === undefined || result === undefined) return;
      const { shape, countIncludePad } = parameters;
      const work = { ...shape, source: x.data, result: result.data, countIncludePad };
      await pooling(device, kind, work, { timer });
    },
    cpu: async ({ inputs: [x], outputs: [result], parameters, context: { signal } }) => {
      if (x === undefined || result === undefined) return;
      const { shape, countIncludePad } = parameters;
      const [outHeight, outWidth] = pooledShape(shape);
      const work: HostPooling = { ...shape, kind, outHeight, outWidth, countIncludePad };
      await javascriptEngine.run({
        module,
        name: "pool",
        arrays: [x.data, result.data],
        parameters: work,
        effort: countOf(parameters) * tapsOf(parameters) * 2,
        signal,
      });
    },
  });
}

const operations = { max: poolingOperation("max"), average: poolingOperation("average") };

/**
 * The largest number of each window of `x` [batch, channels, height, width], in f32; NaN where a window holds one. Rejects
 * with INVALID_ARGUMENT for a window larger than the padded image or padding that a window could lie in.
 */
export function maxPool2d(runtime: Runtime, x: MatrixInput, options: Pool2dOptions): Promise<Matrix> {
  return pool2d(runtime, "max", x, options);
}

/** The mean of each window, as `maxPool2d` moves them. */
export function averagePool2d(
  runtime: Runtime,
  x: MatrixInput,
  options: AveragePool2dOptions,
): Promise<Matrix> {
  return pool2d(runtime, "average", x, options);
}

async function pool2d(
  runtime: Runtime,
  kind: Pooling,
  x: MatrixInput,
  options: AveragePool2dOptions,
): Promise<Matrix> {
  const image = floatInput(x, "x");
  const [batch, channels, height, width] = fourSizes(image.shape, "x", "[batch, channels, height, width]");
  const { kernel, ceilMode = false, countIncludePad = false } = options ?? {};
  if (kernel === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: "A pooling needs the size of its windows",
      hint: 'Pass kernel: 2, kernel: [y, x] or kernel: "global".',
    });
  }
  const size = kernel === "global" ? ([height, width] as const) : kernel;
  const pair = typeof size === "number" ? ([size, size] as const) : size;
  const windows = windowsOf([height, width], pair, { ...options, stride: options.stride ?? pair });
  assertCovered(windows);
  const shape = { planes: batch * channels, ...windows, ceilMode };
  const result = [batch, channels, ...pooledShape(shape)];
  const [pooled] = await operations[kind](runtime, [image], { shape, result, countIncludePad }, options);
  return pooled as Matrix;
}

/** A window in the padding alone would have nothing to pool. */
function assertCovered({ kernel, dilation, padding }: ReturnType<typeof windowsOf>): void {
  const [top, left, bottom, right] = padding;
  const [reachY, reachX] = [dilation[0] * (kernel[0] - 1), dilation[1] * (kernel[1] - 1)];
  if (Math.max(top, bottom) <= reachY && Math.max(left, right) <= reachX) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Padding of [${padding.join(", ")}] leaves windows of ${kernel.join("x")} with nothing of the image`,
    hint: "Padding must be less than the window's reach.",
  });
}
