import type { Bindings, BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { normalTableEntries, normalTableFiller } from "./normal-table.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";
import { tableOn } from "./table.ts";

export type Distribution = "bits" | "uniform" | "normal" | "integers" | "bernoulli";

export interface RandomSource {
  /** 64 bits. */
  readonly seed: bigint;
  /** 32 bits; streams of one seed are independent. */
  readonly stream: number;
  /** Number of the first value, up to 2^53. */
  readonly offset: number;
}

export interface RandomArguments extends RandomSource {
  readonly distribution: Distribution;
  /** `count` f32; i32 or u32 for integers, u32 for bits, and for bernoulli, 0 or 1. */
  readonly result: DeviceBuffer | BufferView;
  /** Below 2^31. */
  readonly count: number;
  /** Integers are from `low` before `low + range`, `range` up to 2^32. */
  readonly low?: number | undefined;
  readonly range?: number | undefined;
  /** Uniform and normal numbers are multiplied, and then added to; f32, the scale at least 2^-78. Default 1 and 0. */
  readonly scale?: number | undefined;
  readonly shift?: number | undefined;
  /** For bernoulli. */
  readonly probability?: number | undefined;
}

/** The WGSL of one value from its word. */
const definitions: Readonly<Record<Distribution, string>> = {
  bits: `
alias Element = u32;
fn value(word: u32, block: u32, lane: u32) -> u32 { return word; }
`,
  uniform: `
alias Element = f32;
fn value(word: u32, block: u32, lane: u32) -> f32 { 
  let x = scaled(f32(word >> 8u) * 5.9604644775390625e-8);
  return select(x, bitcast<f32>(p.most), x > bitcast<f32>(p.most));
}
`,
  normal: `
alias Element = f32;
@group(0) @binding(2) var<storage, read> table: array<vec4<u32>>;
fn high(a: u32, b: u32) -> u32 { return u32((u64(a) * u64(b)) >> 32u); }
fn value(word: u32, block: u32, lane: u32) -> f32 {
  let tail = word & 0x7fffffffu;
  let zeros = countLeadingZeros(tail | 1u);
  let fraction = (tail << zeros) << 1u;
  let entry = select(495u - (31u - zeros) * 16u - (fraction >> 28u), 496u, tail == 0u);
  let t = ~(fraction << 4u);
  let c = table[entry];
  let z = c.w + high(c.z + high(c.y + high(c.x, t), t), t);
  // Cut to 24 bits, so that every step from here is exact.
  let shift = 8u - min(8u, countLeadingZeros(z));
  let size = f32(z >> shift) * bitcast<f32>((shift + 98u) << 23u);
  return scaled(bitcast<f32>(bitcast<u32>(size) | (word & 0x80000000u)));
}
`,
  integers: `
alias Element = i32;
fn value(word: u32, block: u32, lane: u32) -> i32 {
  var bits = word;
  if (p.range == 0u) { return bitcast<i32>(bits + p.low); }
  var product = u64(bits) * u64(p.range);
  for (var attempt = 1u; u32(product) < p.threshold; attempt++) {
    let words = philox(counter_of(block, attempt), vec2(p.key_low, p.key_high));
    bits = select(select(words.w, words.z, lane == 2u), select(words.y, words.x, lane == 0u), lane < 2u);
    product = u64(bits) * u64(p.range);
  }
  return bitcast<i32>(u32(product >> 32u) + p.low);
}
`,
  bernoulli: `
alias Element = u32;
fn value(word: u32, block: u32, lane: u32) -> u32 { return select(0u, 1u, word < p.threshold || p.range == 1u); }
`,
};

/** What a distribution's numbers follow from besides words, the same for every implementation. */
export function randomConstants({
  distribution,
  low = 0,
  range = 0,
  probability = 0,
}: RandomConstantsInput): {
  readonly low: number;
  readonly range: number;
  readonly threshold: number;
} {
  if (distribution === "bernoulli") {
    const threshold = Math.round(probability * 2 ** 32);
    return { low: 0, range: threshold >= 2 ** 32 ? 1 : 0, threshold: threshold >>> 0 };
  }
  return { low: low >>> 0, range: range >>> 0, threshold: range === 0 ? 0 : 2 ** 32 % range };
}

type RandomConstantsInput = Pick<RandomArguments, "distribution" | "low" | "range" | "probability">;

/** The greatest uniform number: rounding must not reach `shift + scale`. */
export function greatestBelow(end: number): number {
  const bits = new Int32Array(Float32Array.of(end).buffer);
  if (end === 0) return -(2 ** -126);
  bits[0] = (bits[0] as number) + (end > 0 ? -1 : 1);
  return new Float32Array(bits.buffer)[0] as number;
}

const longThreads = 64;

/**
 * Enqueues random numbers of a counter, equal bit for bit on every device: value `i` follows from word `i mod 4` of
 * Philox4x32-10 with the counter (floor(i / 4) in two words, attempt, stream) and the seed as key. Uniform numbers are
 * multiples of 2^-24 in [0, 1); normal ones invert the distribution at `(word mod 2^31 + 1/2) / 2^32` in fixed point, cut to
 * f32, with bit 31 as sign; integers are the high word of `word * range`, of another attempt where that would be biased
 * (Lemire, "Fast Random Integer Generation in an Interval", 2019); bernoulli is 1 where `word < probability * 2^32`.
 */
export async function random(
  device: Device,
  work: RandomArguments,
  options: WorkOptions = {},
): Promise<void> {
  const { distribution, result, count, seed, stream, offset } = work;
  const long = wantsLongThreads(device);
  const text = `${definitions[distribution]}${kernelText("philox.wgsl")}${kernelText("random.wgsl")}`;
  const kernel = await kernelOn(device, text, {
    entryPoint: long ? "generate_chunks" : "generate",
    label: `random ${distribution}`,
  });
  if (count === 0) return;
  const first = Math.floor(offset / 4);
  const skipped = offset % 4;
  const blocks = Math.ceil((skipped + count) / 4);
  const chunk = chunkOf(blocks, longThreads, 16);
  const { low, range, threshold } = randomConstants(work);
  const key = [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  const sizes = [blocks, chunk, first % 2 ** 32, Math.floor(first / 2 ** 32), skipped, count, stream];
  const { scale = 1, shift = 0 } = work;
  const floats = Float32Array.of(scale, shift, greatestBelow(Math.fround(shift + scale)));
  const scaling = new Uint32Array(floats.buffer);
  const p = Uint32Array.of(...sizes, ...key, low, range, threshold, ...scaling, 0);
  const dispatch = (bindings: Bindings) => {
    if (long) device.dispatch(kernel, bindings, Math.ceil(blocks / chunk), options);
    else device.dispatchThreads(kernel, bindings, blocks, options);
  };
  if (distribution !== "normal") return dispatch({ p, result });
  const fill = normalTableFiller();
  const table = await tableOn(device, "normal numbers", normalTableEntries * 4, (values, start, end) => {
    fill(new Uint32Array(values.buffer), start, end);
  });
  try {
    dispatch({ p, result, table: table.buffer });
  } finally {
    table.release();
  }
}
