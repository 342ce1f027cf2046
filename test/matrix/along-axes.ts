import { type DType, dtypes, type HostArray } from "#src/core/dtype.js";
import { elementCount, type Shape } from "#src/core/shape.js";
import { Matrix, type MatrixFamily } from "#src/matrix/index.js";
import { seeded } from "../support/random.js";

export interface Case {
  readonly title: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly run: (
    family: MatrixFamily,
    x: Matrix<"f32">,
    options: { placement: "gpu" | "cpu"; strict: boolean },
  ) => Promise<Matrix<DType>>;
  /** Of `x`, in NumPy. */
  readonly numpy: string;
  /** Where a device without f64 says so. */
  readonly needsDouble?: boolean;
}

export type Options = Parameters<Case["run"]>[2];

const reductions = {
  sum: "x.sum",
  mean: "x.mean",
  min: "x.min",
  max: "x.max",
  variance: "x.var",
  std: "x.std",
} as const;

export const cases: readonly Case[] = [
  ...(Object.entries(reductions) as [keyof typeof reductions, string][]).flatMap(([name, numpy]): Case[] => [
    {
      title: `${name} of all`,
      shape: [5, 7, 3],
      dtype: "f32",
      run: (family, x, options) => family[name](x, options),
      numpy: `${numpy}()`,
    },
    {
      title: `${name} along axis 1, kept`,
      shape: [5, 7, 3],
      dtype: "f32",
      run: (family, x, options) => family[name](x, { axis: 1, keepDims: true, ...options }),
      numpy: `${numpy}(axis=1, keepdims=True)`,
    },
    {
      title: `${name} along two axes`,
      shape: [4, 3, 33],
      dtype: "f32",
      run: (family, x, options) => family[name](x, { axis: [-1, 1], ...options }),
      numpy: `${numpy}(axis=(1, 2))`,
    },
  ]),
  ...(["i32", "u32", "i64", "u64"] as const).map(
    (dtype): Case => ({
      title: `sum of ${dtype}`,
      shape: [3, 40],
      dtype,
      run: (family, x, options) => family.sum(x, { axis: 1, ...options }),
      numpy: "x.sum(axis=1)",
    }),
  ),
  {
    title: "product of i32",
    shape: [3, 4],
    dtype: "i32",
    run: (family, x, options) => family.product(x, { axis: 0, ...options }),
    numpy: "x.prod(axis=0)",
  },
  {
    title: "mean of i32",
    shape: [3, 4],
    dtype: "i32",
    run: (family, x, options) => family.mean(x, options),
    numpy: "x.mean()",
    needsDouble: true,
  },
  {
    title: "sample variance",
    shape: [6, 5],
    dtype: "f32",
    run: (family, x, options) => family.variance(x, { axis: 0, correction: 1, ...options }),
    numpy: "x.var(axis=0, ddof=1)",
  },
  ...([1, 2, Infinity, -Infinity] as const).map(
    (p): Case => ({
      title: `norm ${p}`,
      shape: [6, 50],
      dtype: "f32",
      run: (family, x, options) => family.norm(x, { axis: 1, p, ...options }),
      numpy: `np.linalg.norm(x, ord=float("${p}"), axis=1)`,
    }),
  ),
  {
    title: "Frobenius norm",
    shape: [6, 50],
    dtype: "f32",
    run: (family, x, options) => family.norm(x, { p: "fro", ...options }),
    numpy: "np.linalg.norm(x)",
  },
  {
    title: "logSumExp",
    shape: [6, 50],
    dtype: "f32",
    run: (family, x, options) => family.logSumExp(x, { axis: 0, ...options }),
    numpy: "np.log(np.exp(x.astype(float)).sum(axis=0))",
  },
  ...(["any", "all"] as const).map(
    (name): Case => ({
      title: name,
      shape: [9, 2],
      dtype: "i32",
      run: (family, x, options) => family[name](x, { axis: 1, ...options }),
      numpy: `x.${name}(axis=1)`,
    }),
  ),
  ...(["argMin", "argMax"] as const).flatMap((name) =>
    (["f32", "i64"] as const).map(
      (dtype): Case => ({
        title: `${name} of ${dtype}`,
        shape: [5, 60],
        dtype,
        run: (family, x, options) => family[name](x, { axis: -1, ...options }),
        numpy: `x.${name.toLowerCase()}(axis=-1)`,
      }),
    ),
  ),
  ...(["i32", "f32"] as const).flatMap((dtype): Case[] => [
    {
      title: `cumulativeSum of ${dtype}`,
      shape: [4, 33, 2],
      dtype,
      run: (family, x, options) => family.cumulativeSum(x, { axis: 1, ...options }),
      numpy: "np.cumsum(x, axis=1)",
    },
    {
      title: `cumulativeProduct of ${dtype}, backwards`,
      shape: [4, 3],
      dtype,
      run: (family, x, options) => family.cumulativeProduct(x, { axis: 1, reverse: true, ...options }),
      numpy: "np.cumprod(x[:, ::-1], axis=1)[:, ::-1]",
    },
    {
      title: `cumulativeMax of ${dtype}`,
      shape: [40, 3],
      dtype,
      run: (family, x, options) => family.cumulativeMax(x, options),
      numpy: "np.maximum.accumulate(x, axis=0)",
    },
  ]),
  {
    title: "cumulativeSum without its own",
    shape: [1, 50],
    dtype: "i32",
    run: (family, x, options) => family.cumulativeSum(x, { axis: 1, exclusive: true, ...options }),
    numpy: "np.cumsum(x, axis=1) - x",
  },
  {
    title: "softmax",
    shape: [3, 70],
    dtype: "f32",
    run: (family, x, options) => family.softmax(x, options),
    numpy: "np.exp(x.astype(float)) / np.exp(x.astype(float)).sum(axis=-1, keepdims=True)",
  },
  {
    title: "logSoftmax along the first axis",
    shape: [3, 70],
    dtype: "f32",
    run: (family, x, options) => family.logSoftmax(x, { axis: 0, ...options }),
    numpy: "x - np.log(np.exp(x.astype(float)).sum(axis=0))",
  },
  {
    title: "layerNorm of two axes",
    shape: [3, 5, 7],
    dtype: "f32",
    run: (family, x, options) => family.layerNorm(x, { axes: 2, epsilon: 1e-3, ...options }),
    numpy: "(x - x.mean(axis=(1, 2), keepdims=True)) / np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-3)",
  },
  {
    title: "rmsNorm",
    shape: [3, 35],
    dtype: "f32",
    run: (family, x, options) => family.rmsNorm(x, { epsilon: 1e-3, ...options }),
    numpy: "x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-3)",
  },
  ...(["f32", "i32", "u64"] as const).flatMap((dtype): Case[] => [
    {
      title: `sort of ${dtype}`,
      shape: [3, 70, 2],
      dtype,
      run: (family, x, options) => family.sort(x, { axis: 1, ...options }),
      numpy: "np.sort(x, axis=1)",
    },
    {
      title: `argSort of ${dtype}`,
      shape: [3, 70],
      dtype,
      run: (family, x, options) => family.argSort(x, options),
      numpy: 'np.argsort(x, axis=-1, kind="stable")',
    },
    {
      title: `topK of ${dtype}`,
      shape: [3, 70],
      dtype,
      run: async (family, x, options) => (await family.topK(x, 5, options)).values,
      numpy: "np.sort(x, axis=-1)[:, ::-1][:, :5]",
    },
  ]),
  {
    title: "gather",
    shape: [5, 6, 2],
    dtype: "i32",
    run: (family, x, options) => family.gather(x, [3, -1, 0, 3], { axis: 1, ...options }),
    numpy: "np.take(x, [3, -1, 0, 3], axis=1)",
  },
  {
    title: "gather by a table",
    shape: [5, 6],
    dtype: "f32",
    run: (family, x, options) =>
      family.gather(x, Matrix.from(BigInt64Array.of(4n, -5n, 2n, 1n), [2, 2], "i64"), options),
    numpy: "np.take(x, [[4, 0], [2, 1]], axis=0)",
  },
  {
    title: "takeAlong",
    shape: [2, 6],
    dtype: "f32",
    run: (family, x, options) =>
      family.takeAlong(x, Matrix.from(Int32Array.of(5, -1, 0, 2), [2, 2], "i32"), { axis: 1, ...options }),
    numpy: "np.take_along_axis(x, np.array([[5, 5], [0, 2]]), axis=1)",
  },
  {
    title: "concatenate",
    shape: [3, 4],
    dtype: "i32",
    run: (family, x, options) => family.concatenate([x, x, x], { axis: -1, ...options }),
    numpy: "np.concatenate([x, x, x], axis=1)",
  },
  {
    title: "stack",
    shape: [3, 4],
    dtype: "i32",
    run: (family, x, options) => family.stack([x, x], { axis: 2, ...options }),
    numpy: "np.stack([x, x], axis=2)",
  },
];

/** Quarters, so that sums of f32 are exact and there are ties. */
export function dataOf({ shape, dtype }: Case): HostArray {
  const random = seeded(elementCount(shape));
  const { array, kind } = dtypes[dtype];
  const scale = kind === "float" ? 4 : 1;
  const least = kind === "unsigned" ? 0 : -6;
  const pick = () => Math.floor(random() * 12 * scale + least * scale) / scale;
  const numbers = Array.from({ length: elementCount(shape) }, pick);
  if (dtype === "bool") return Uint8Array.from(numbers, (value) => value & 1);
  if (dtype === "f16") return Uint16Array.from(numbers, halfBits);
  const isWide = dtype === "i64" || dtype === "u64";
  return isWide
    ? (array as typeof BigInt64Array).from(numbers, BigInt)
    : (array as typeof Float32Array).from(numbers);
}

/** Of quarters from -6 to 6. */
function halfBits(value: number): number {
  if (value === 0) return 0;
  const size = Math.abs(value);
  const exponent = Math.floor(Math.log2(size));
  return (value < 0 ? 0x8000 : 0) + ((exponent + 15) << 10) + (size / 2 ** exponent - 1) * 1024;
}

export function halfValue(bits: number): number {
  const size = bits & 0x7fff;
  return (bits < 0x8000 ? 1 : -1) * (size === 0 ? 0 : 2 ** ((size >> 10) - 15) * (1 + (size & 1023) / 1024));
}
