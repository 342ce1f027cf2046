import type { DType } from "../core/dtype.ts";
import { elementCount } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { normalizeRows, softmax } from "../kernels/index.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import { type DenseRun, denseOperation } from "./dense-operation.ts";
import { toMatrix } from "./input.ts";

import { axisIn, numberType, runLines, sizesAlong } from "./lines.ts";
import type { Matrix } from "./matrix.ts";
import { onnxLayerNorm, onnxSoftmax } from "./onnx-rows.ts";
import type { Source } from "./widened.ts";

export interface SoftmaxOptions extends RunOptions {
  /** Default: the last. */
  readonly axis?: number | undefined;
}

export interface NormalizeOptions extends RunOptions {
  /** How many of the last axes are normalised together. Default 1. */
  readonly axes?: number | undefined;
  /** A factor for each number of these axes. */
  readonly gamma?: Matrix | undefined;
  /** A summand for each. */
  readonly beta?: Matrix | undefined;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined;
}

/** Lines of numbers brought to one scale. */
export interface Normalization {
  /** `exp(x) / sum(exp(x))`, without overflow. A line with NaN or Infinity, or of -Infinity only, becomes NaN. */
  softmax<D extends "f32" | "f64" = "f32">(matrix: Source<D>, options?: SoftmaxOptions): Promise<Matrix<D>>;
  /** `x - log(sum(exp(x)))`. */
  logSoftmax<D extends "f32" | "f64" = "f32">(
    matrix: Source<D>,
    options?: SoftmaxOptions,
  ): Promise<Matrix<D>>;
  /** `(x - mean) / sqrt(variance + epsilon) * gamma + beta`. */
  layerNorm(matrix: Source<"f32">, options?: NormalizeOptions): Promise<Matrix>;
  /** `x / sqrt(mean(x^2) + epsilon) * gamma + beta`. */
  rmsNorm(matrix: Source<"f32">, options?: NormalizeOptions): Promise<Matrix>;
}

export function bindNormalization(runtime: Runtime): Normalization {
  const softmaxes =
    (name: "softmax" | "logSoftmax") =>
    async (source: Source, { axis = -1, ...options }: SoftmaxOptions = {}) => {
      const matrix = toMatrix<DType>(source, `What ${name} takes`);
      const { dtype, shape } = matrix;
      if (dtype !== "f32" && dtype !== "f64") throw wrongType(name, dtype, "f32 or f64");
      const parameters = { axis: axisIn(shape, axis, name) };
      const [result] = await softmaxOperations[dtype][name](runtime, [matrix], parameters, options);
      return result as never;
    };
  const norms =
    (name: "layerNorm" | "rmsNorm") =>
    async (
      source: Source<"f32">,
      { axes = 1, gamma, beta, epsilon = 1e-5, ...options }: NormalizeOptions = {},
    ) => {
      const matrix = toMatrix(source, `What ${name} takes`);
      const { shape } = matrix;
      if (!Number.isInteger(axes) || axes < 1 || axes > shape.length) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `${name} of the last ${axes} axes of a matrix with ${shape.length}`,
        });
      }
      const first = shape.length - axes;
      const { n } = sizesAlong(shape, first, shape.length);
      const given = Object.entries({ gamma, beta }).flatMap(([key, value]) =>
        value ? [{ key, value }] : [],
      );
      for (const { key, value } of [{ key: "the matrix", value: matrix }, ...given]) {
        if (value.dtype !== "f32") throw wrongType(`${name} for ${key}`, value.dtype);
        if (value !== matrix && value.size !== n) {
          const message = `${key} holds ${value.size} numbers where ${name} normalises ${n} together`;
          throw new AikoError("INVALID_ARGUMENT", { message });
        }
      }
      const parameters = { first, epsilon, hasGamma: gamma !== undefined, hasBeta: beta !== undefined };
      const inputs = [matrix, ...given.map(({ value }) => value)];
      const [result] = await normOperations[name](runtime, inputs, parameters, options);
      return result as Matrix;
    };
  return {
    softmax: softmaxes("softmax"),
    logSoftmax: softmaxes("logSoftmax"),
    layerNorm: norms("layerNorm"),
    rmsNorm: norms("rmsNorm"),
  };
}

function wrongType(name: string, dtype: string, taken = "f32"): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${name} takes ${taken}, not ${dtype}`,
    hint: 'Convert the matrix first: cast(matrix, "f32").',
  });
}

const module = new URL("./host/normalize.js", import.meta.url).href;

const rates = {
  engine: { overheadMs: 0.05, flopsPerMs: 2e6, bytesPerMs: 4e6 },
  gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
  cpu: { overheadMs: 0.1, flopsPerMs: 1e7, bytesPerMs: 1e7 },
};

const onnxRates = { ...rates, engine: { overheadMs: 0.05, flopsPerMs: 1e7, bytesPerMs: 1e7 } };

const softmaxOperations = {
  f32: {
    softmax: softmaxOperation("softmax", "onnxruntime", false),
    logSoftmax: softmaxOperation("logSoftmax", "onnxruntime", true),
  },
  f64: {
    softmax: softmaxOperation("softmax", "javascript", false),
    logSoftmax: softmaxOperation("logSoftmax", "javascript", true),
  },
};

function softmaxOperation(
  name: string,
  engine: "onnxruntime" | "javascript",
  log: boolean,
): DenseRun<{ readonly axis: number }> {
  return denseOperation<{ readonly axis: number }>({
    name: `matrix.${name}`,
    engine,
    rates: engine === "onnxruntime" ? onnxRates : rates,
    outputs: ([input]) => (input === undefined ? [] : [input]),
    flops: ([input]) => 10 * elementCount(input?.shape ?? []),
    gpu: async ({ parameters: { axis }, inputs: [input], outputs: [output], device, timer, allocate }) => {
      if (input === undefined || output === undefined) return;
      const type = numberType(input.dtype) as "f32" | "f64";
      const sizes = sizesAlong(input.shape, axis, axis + 1);
      const work = { ...sizes, type, log, source: input.data, result: output.data };
      await softmax(device, work, { timer, allocate });
    },
    cpu: async ({ parameters: { axis }, inputs: [input], outputs: [output], context }) => {
      if (input === undefined || output === undefined) return;
      const sizes = sizesAlong(input.shape, axis, axis + 1);
      const { outer, n, inner } = sizes;
      const arrays = [input.data, output.data];
      const [source, result] = arrays;
      if (source instanceof Float32Array && result instanceof Float32Array && source.length > 0) {
        const operator = log ? "LogSoftmax" : "Softmax";
        if (await onnxSoftmax(context, operator, sizes, [source, result])) return;
      }
      const { signal } = context;
      const effort = 10 * input.data.length;
      const request = { module, name: "softmaxLines", arrays, parameters: { n, inner, log }, effort, signal };
      await runLines(request, outer * inner);
    },
  });
}

interface NormParameters {
  readonly first: number;
  readonly epsilon: number;
  readonly hasGamma: boolean;
  readonly hasBeta: boolean;
}

const normOperations = {
  layerNorm: normOperation("layerNorm", true),
  rmsNorm: normOperation("rmsNorm", false),
};

function normOperation(name: string, centers: boolean): DenseRun<NormParameters> {
  return denseOperation<NormParameters>({
    name: `matrix.${name}`,
    engine: centers ? "onnxruntime" : "javascript",
    rates: centers ? onnxRates : rates,
    outputs: ([input]) => (input === undefined ? [] : [input]),
    flops: ([input]) => 6 * elementCount(input?.shape ?? []),
    gpu: async ({ parameters, inputs: [input, ...given], outputs: [output], device, timer, allocate }) => {
      if (input === undefined || output === undefined) return;
      const { first, epsilon, hasGamma, hasBeta } = parameters;
      const { outer, n } = sizesAlong(input.shape, first, input.shape.length);
      const gamma = hasGamma ? given[0]?.data : undefined;
      const beta = hasBeta ? given.at(-1)?.data : undefined;
      const work = { source: input.data, result: output.data, rows: outer, n, gamma, beta, epsilon, centers };
      await normalizeRows(device, work, { timer, allocate });
    },
    cpu: async ({ parameters, inputs: [input, ...given], outputs: [output], context }) => {
      if (input === undefined || output === undefined) return;
      const { first, epsilon, hasGamma, hasBeta } = parameters;
      const { outer, n } = sizesAlong(input.shape, first, input.shape.length);
      const arrays = [input.data, output.data, ...given.map(({ data }) => data)];
      const [source, result] = arrays;
      if (centers && source instanceof Float32Array && result instanceof Float32Array && source.length > 0) {
        const gamma = hasGamma ? given[0]?.data : new Float32Array(n).fill(1);
        const beta = hasBeta ? given.at(-1)?.data : undefined;
        const tensors = [source, result, gamma as Float32Array, beta as Float32Array | undefined] as const;
        if (await onnxLayerNorm(context, { rows: outer, n, epsilon }, tensors)) return;
      }
      const { signal } = context;
      const settings = { n, epsilon, centers, hasGamma, hasBeta };
      const effort = 6 * input.data.length;
      await runLines({ module, name: "normalizeRows", arrays, parameters: settings, effort, signal }, outer);
    },
  });
}
