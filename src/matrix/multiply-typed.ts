import { availableParallelism } from "node:os";
import { type DType, type HostArray, isDType } from "../core/dtype.ts";
import { elementCount } from "../core/shape.ts";
import { denseStrides } from "../core/strides.ts";
import { convert, input } from "../expression/build.ts";
import { computeType } from "../expression/expression.ts";
import { gemm, gemmScratchBytes } from "../kernels/gemm.ts";
import { elementwiseOnHost } from "../runtime/elementwise/index.ts";
import { javascriptEngine } from "../runtime/javascript/index.ts";
import { onnxEngine } from "../runtime/onnx/index.ts";
import {
  type DenseDefinition,
  type DenseRun,
  denseOperation,
  type HostCall,
  type HostTensor,
} from "./dense-operation.ts";
import { allocateHostArray } from "./host-memory.ts";
import { onnxProduct } from "./product-onnx.ts";
import type { ProductShape } from "./product-shape.ts";

/** Element types of matrix products. Sums of f16 and bf16 are f32. */
export type ProductDType = "f32" | "f64" | "f16" | "bf16";

export interface TypedProduct {
  readonly shape: ProductShape;
  readonly alpha: number;
  readonly beta: number;
}

const cores = availableParallelism();
const module = new URL("./host/multiply.js", import.meta.url).href;

export function isProductDType(dtype: unknown): dtype is ProductDType {
  return isDType(dtype) && ["f32", "f64", "f16", "bf16"].includes(dtype);
}

function definition(type: Exclude<ProductDType, "f32">): DenseDefinition<TypedProduct> {
  return {
    name: `matrix.multiply.${type}`,
    engine: type === "f64" ? "javascript" : "onnxruntime",
    rates: {
      engine: { overheadMs: 0.1, flopsPerMs: (type === "f64" ? 1e6 : 3e7) * cores, bytesPerMs: 1e6 },
      gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
      cpu: { overheadMs: 0.1, flopsPerMs: 5e6 * cores, bytesPerMs: 5e6 },
    },
    outputs: (_, { shape }) => [{ shape: shape.result, dtype: type }],
    flops: (_inputs, _outputs, { shape: { m, n, k, batch } }) => 2 * batch * m * n * k,
    scratchBytes: (device, inputs, { shape }) => {
      if (type === "f64" || device.blas !== undefined) return [];
      const wide = inputs.map((each) => elementCount(each.shape) * 4);
      return [...wide, elementCount(shape.result) * 4, ...gemmScratchBytes(device, shape)];
    },
    gpu: async ({ device, parameters, inputs: [a, b, c], outputs: [out], timer, allocate }) => {
      if (a === undefined || b === undefined || out === undefined) return;
      const { shape, alpha, beta } = parameters;
      const operands = { a: a.data, b: b.data, c: c?.data, out: out.data };
      await gemm(device, { ...shape, ...operands, alpha, beta, type }, { timer, allocate });
    },
    cpu: (call) => (type === "f64" ? inJavascript(call) : byConversion(call)),
  };
}

/** Runs a product of one of the types that are not f32; its inputs are a, b and, where `beta` is not 0, c. */
export const multiplyTyped: Readonly<Record<Exclude<ProductDType, "f32">, DenseRun<TypedProduct>>> = {
  f64: denseOperation(definition("f64")),
  f16: denseOperation(definition("f16")),
  bf16: denseOperation(definition("bf16")),
};

async function byConversion({ parameters, inputs, outputs, context }: HostCall<TypedProduct>): Promise<void> {
  const [result] = outputs;
  const { shape, alpha, beta } = parameters;
  const { signal, work } = context;
  const [a, b, c] = await Promise.all(inputs.map((each) => converted(each, "f32", signal)));
  if (result === undefined || a === undefined || b === undefined) return;
  const out = allocateHostArray("f32", result.data.length);
  if (alpha === 0 || a.length === 0 || b.length === 0) {
    await inJavascript({
      parameters,
      inputs: [a, b, ...(c === undefined ? [] : [c])].map((data) => ({
        data,
        shape: [data.length],
        dtype: "f32",
      })),
      outputs: [{ data: out, shape: result.shape, dtype: "f32" }],
      context,
    });
  } else {
    await onnxEngine.run({
      ...onnxProduct({ shape, a, b, c, out, alpha, beta }),
      effort: work.flops,
      signal,
    });
  }
  await convertInto({ data: out, shape: result.shape, dtype: "f32" }, result, signal);
}

async function converted(
  source: HostTensor,
  dtype: "f32",
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const data = allocateHostArray(dtype, source.data.length);
  await convertInto(source, { data, shape: source.shape, dtype }, signal);
  return data;
}

async function convertInto(
  source: HostTensor,
  {
    data: result,
    dtype: resultType,
  }: { readonly data: HostArray; readonly shape: readonly number[]; readonly dtype: DType },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { shape, dtype, data } = source;
  const expression = convert(input(0, computeType(dtype)), resultType);
  const inputs = [{ data, dtype, strides: denseStrides(shape) }];
  await elementwiseOnHost({ expression, inputs, shape, result, resultType }, { signal });
}

async function inJavascript({ parameters, inputs, outputs, context }: HostCall<TypedProduct>): Promise<void> {
  const { m, batch } = parameters.shape;
  const arrays = [...inputs, ...outputs].map(({ data }) => data);
  const rows = m * batch;
  const share = Math.max(1, Math.ceil(rows / javascriptEngine.parallelism));
  const effort = (context.work.flops / 2) * Math.min(1, share / Math.max(1, rows));
  const runs = Array.from({ length: Math.ceil(rows / share) }, (_, part) =>
    javascriptEngine.run({
      module,
      name: "multiply",
      arrays,
      parameters: { ...parameters, first: part * share, last: Math.min(rows, (part + 1) * share) },
      effort,
      signal: context.signal,
    }),
  );
  await Promise.allSettled(runs);
  await Promise.all(runs);
}
