import type { DType } from "../../core/dtype.ts";
import { elementCount, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import { packFlags } from "../../kernels/flags.ts";
import { type Distribution, random } from "../../kernels/random.ts";
import type { RunOptions, Runtime } from "../../runtime/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { assertShape } from "../convert.ts";
import { denseOperation } from "../dense-operation.ts";
import type { HostRandom } from "../host/random.ts";
import type { Matrix } from "../matrix.ts";
import { permutationOperation } from "./permutation.ts";

export interface RandomOptions extends RunOptions {
  readonly shape: Shape;
  /** A whole number from 0 before 2^53, or a bigint before 2^64. */
  readonly seed: number | bigint;
  /** Independent numbers of the same seed, from 0 before 2^32. Default 0. */
  readonly stream?: number | undefined;
  /** Number of the first value: `offset: n` gives what comes after the first n. Default 0. */
  readonly offset?: number | undefined;
}

export interface IntegersOptions extends RandomOptions {
  /** Default i32. */
  readonly dtype?: "i32" | "u32" | undefined;
  /** The least, from -2^31, or 0 for u32. Default 0. */
  readonly low?: number | undefined;
  /** One past the greatest, up to 2^31, or 2^32 for u32. */
  readonly high: number;
}

export interface BernoulliOptions extends RandomOptions {
  /** Of true, from 0 to 1. */
  readonly probability: number;
}

export interface UniformOptions extends RandomOptions {
  /** Default 0. */
  readonly low?: number | undefined;
  /** Default 1. At least 2^-78 above `low`. */
  readonly high?: number | undefined;
}

export interface NormalOptions extends RandomOptions {
  /** Default 0. */
  readonly mean?: number | undefined;
  /** Default 1. At least 2^-78. */
  readonly deviation?: number | undefined;
}

export interface PermutationOptions extends Omit<RandomOptions, "shape" | "offset"> {
  /** Below 2^30. */
  readonly count: number;
}

interface RandomParameters extends HostRandom {
  readonly shape: Shape;
  readonly dtype: DType;
}

const module = new URL("../host/random.js", import.meta.url).href;

const randomOperation = denseOperation<RandomParameters>({
  name: "matrix.random",
  engine: "javascript",
  rates: {
    // 24 ns a uniform number; a block of four is about 100 operations.
    engine: { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 1e7 },
    gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
    cpu: { overheadMs: 0.1, flopsPerMs: 1e7, bytesPerMs: 1e7 },
  },
  outputs: (_inputs, { shape, dtype }) => [{ shape, dtype }],
  flops: (_inputs, _outputs, { shape }) => 25 * elementCount(shape),
  scratchBytes: (_device, _inputs, { shape, dtype }) => (dtype === "bool" ? [4 * elementCount(shape)] : []),
  gpu: async ({ device, outputs: [result], parameters, timer, allocate }) => {
    if (result === undefined) return;
    const { shape, dtype, ...work } = parameters;
    const count = elementCount(shape);
    if (dtype !== "bool") {
      await random(device, { ...work, result: result.data, count }, { timer });
      return;
    }
    using flags = allocate(4 * count, "random flags");
    await random(device, { ...work, result: flags, count }, { timer });
    await packFlags(device, { flags, result: result.data, count }, { timer });
  },
  cpu: async ({ outputs: [result], parameters, context: { signal } }) => {
    if (result === undefined || result.data.length === 0) return;
    const { distribution } = parameters;
    const parts = result.data.length > 1e5 ? javascriptEngine.parallelism : 1;
    const size = Math.ceil(result.data.length / parts);
    const runs = Array.from({ length: parts }, (_, part) => {
      const array = (result.data as Float32Array).subarray(part * size, (part + 1) * size);
      const { shape: _shape, dtype: _dtype, ...work } = parameters;
      const own: HostRandom = { ...work, offset: work.offset + part * size };
      // The first normal numbers of a thread take 10 ms, for their table.
      const effort = distribution === "normal" ? Number.POSITIVE_INFINITY : 15 * array.length;
      return javascriptEngine.run({
        module,
        name: "randomNumbers",
        arrays: [array],
        parameters: own,
        effort,
        signal,
      });
    });
    await Promise.allSettled(runs);
    await Promise.all(runs);
  },
});

/** Random numbers of one runtime: the same seed, stream and position give the same bits on every device. */
export interface RandomFamily {
  /** f32 from `low` before `high`: `low + u * (high - low)`, each step rounded to f32, `u` a multiple of 2^-24 in [0, 1). */
  uniform(options: UniformOptions): Promise<Matrix>;
  /** f32: `mean + deviation * z`, each step rounded to f32, `z` standard normal and up to 6.34 in size. */
  normal(options: NormalOptions): Promise<Matrix>;
  /** Integers from `low` before `high`, each as likely as the others. */
  integers(options: IntegersOptions & { readonly dtype: "u32" }): Promise<Matrix<"u32">>;
  integers(options: IntegersOptions): Promise<Matrix<"i32">>;
  /** True with the given probability, to 2^-32. */
  bernoulli(options: BernoulliOptions): Promise<Matrix<"bool">>;
  /** The i32 from 0 before `count` in random order. */
  permutation(options: PermutationOptions): Promise<Matrix<"i32">>;
}

export function bindRandom(runtime: Runtime): RandomFamily {
  const draw = async (
    distribution: Distribution,
    options: RandomOptions,
    more: object,
    dtype: DType = "f32",
  ) => {
    const parameters = { ...sourceOf(options), ...more, distribution, dtype } as const;
    const [result] = await randomOperation(runtime, [], parameters, options);
    return result as never;
  };
  return {
    uniform: async (options) => draw("uniform", options, uniformScale(options)),
    normal: async (options) => draw("normal", options, normalScale(options)),
    integers: async (options: IntegersOptions) =>
      draw("integers", options, rangeOf(options), options.dtype ?? "i32"),
    bernoulli: async (options) => draw("bernoulli", options, { probability: probabilityOf(options) }, "bool"),
    permutation: async ({ count, ...options }) => {
      if (!isWhole(count, 0, 2 ** 30 - 1)) throw outside("count", count, "Pass a whole number below 2^30.");
      const { shape: _shape, ...source } = sourceOf({ ...options, shape: [count], offset: 0 });
      const [result] = await permutationOperation(runtime, [], { ...source, count }, options);
      return result as unknown as Matrix<"i32">;
    },
  };
}

function sourceOf({ shape, seed, stream = 0, offset = 0 }: RandomOptions) {
  assertShape(shape);
  if (elementCount(shape) >= 2 ** 31) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot draw ${elementCount(shape)} numbers at once`,
      hint: "Draw parts of them with offset.",
    });
  }
  const isSeed =
    typeof seed === "bigint" ? seed >= 0n && seed < 2n ** 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!isSeed)
    throw outside("seed", seed, "Pass a whole number from 0 before 2^53, or a bigint before 2^64.");
  if (!isWhole(stream, 0, 2 ** 32 - 1)) throw outside("stream", stream, "Pass a whole number before 2^32.");
  if (!isWhole(offset, 0, 2 ** 52)) throw outside("offset", offset, "Pass a whole number up to 2^52.");
  return { shape, seed: BigInt(seed), stream, offset };
}

function rangeOf({ low = 0, high, dtype = "i32" }: IntegersOptions) {
  if (dtype !== "i32" && dtype !== "u32") throw outside("dtype", dtype, "Integers are drawn as i32 or u32.");
  const least = dtype === "u32" ? 0 : -(2 ** 31);
  const end = least + 2 ** 32;
  if (!isWhole(low, least, end - 1)) throw outside("low", low, `Pass a whole number that fits ${dtype}.`);
  if (!isWhole(high, low + 1, end)) {
    throw outside("high", high, `Pass a whole number past low, ${low}, up to ${end}.`);
  }
  return { low, range: high - low };
}

/** Below it products could be subnormal numbers, which some devices take for 0. */
const leastScale = 2 ** -78;

function uniformScale({ low = 0, high = 1 }: UniformOptions) {
  const shift = shiftOf("low", low);
  const scale = Math.fround(Math.fround(high) - shift);
  if (Number.isFinite(scale) && scale >= leastScale) return { shift, scale };
  throw outside("high", high, `Pass a number past low, ${low}, by at least 2^-78 and as an f32 finite.`);
}

function normalScale({ mean = 0, deviation = 1 }: NormalOptions) {
  const scale = Math.fround(deviation);
  if (Number.isFinite(scale) && scale >= leastScale) return { shift: shiftOf("mean", mean), scale };
  throw outside("deviation", deviation, "Pass a number from 2^-78 that is finite as an f32.");
}

function shiftOf(name: string, value: number): number {
  const shift = Math.fround(value);
  if (shift === 0 || (Number.isFinite(shift) && Math.abs(shift) >= 2 ** -126)) return shift + 0;
  throw outside(name, value, "Pass 0 or a number that is finite and not subnormal as an f32.");
}

function probabilityOf({ probability }: BernoulliOptions): number {
  if (typeof probability === "number" && probability >= 0 && probability <= 1) return probability;
  throw outside("probability", probability, "Pass a number from 0 to 1.");
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function outside(name: string, value: unknown, hint: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message: `${name} is ${String(value)}`, hint });
}
