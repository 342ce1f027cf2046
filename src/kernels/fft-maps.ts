import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

type Memory = DeviceBuffer | BufferView;

export interface FftMapArguments {
  readonly source: Memory;
  /** `count` complex numbers, or f32 for `realPart` and `roll`. */
  readonly result: Memory;
  readonly table?: Memory | undefined;
  readonly count: number;
  readonly inner: number;
  /** Lengths along the middle axis of the source and of the result. */
  readonly from: number;
  readonly to: number;
  /** Past so many, `reshape` writes zeros. */
  readonly limit?: number | undefined;
  readonly sign?: number | undefined;
  readonly scale?: number | undefined;
}

/**
 * What happens around transforms, number by number of [outer, to, inner]:
 * - `reshape`: the source, longer or shorter; with a table, times its numbers
 * - `complexify`: real numbers as complex ones; `realPart`: the reverse
 * - `mirror`: all of a spectrum of real numbers from its first half
 * - `roll`: real numbers, the one at `limit` first
 * - `split`: the spectrum of 2 n real numbers from that of n pairs of them; `join`: the reverse
 */
export type FftMap =
  | "reshape"
  | "reshapeByTable"
  | "complexify"
  | "realPart"
  | "mirror"
  | "roll"
  | "split"
  | "join";

const head = `
struct Sizes { inner: u32, from_length: u32, to_length: u32, limit: u32, sign: f32, scale: f32 }
@group(0) @binding(3) var<uniform> s: Sizes;
fn along(i: u32) -> u32 { return (i / s.inner) % s.to_length; }
fn place(i: u32, k: u32) -> u32 { return ((i / s.inner) / s.to_length * s.from_length + k) * s.inner + i % s.inner; }
fn product(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> { return vec2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }
`;
const complexSource = "@group(0) @binding(2) var<storage, read> source: array<vec2<f32>>;\n";
const complexResult = "@group(0) @binding(1) var<storage, read_write> result: array<vec2<f32>>;\n";
const table = "@group(0) @binding(4) var<storage, read> table: array<vec2<f32>>;\n";
const root = "let w = table[k] * vec2(1.0, s.sign);";

const texts: Readonly<Record<FftMap, string>> = {
  reshape: `${complexSource}${complexResult}
fn apply(i: u32) -> vec2<f32> {
  let k = along(i);
  if (k >= s.limit) { return vec2<f32>(); }
  return source[place(i, k)] * s.scale;
}
`,
  reshapeByTable: `${complexSource}${complexResult}${table}
fn apply(i: u32) -> vec2<f32> {
  let k = along(i);
  if (k >= s.limit) { return vec2<f32>(); }
  ${root}
  return product(source[place(i, k)], w) * s.scale;
}
`,
  complexify: `@group(0) @binding(2) var<storage, read> source: array<f32>;
${complexResult}
fn apply(i: u32) -> vec2<f32> { return vec2(source[i], 0.0); }
`,
  realPart: `${complexSource}
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
fn apply(i: u32) -> f32 { return source[i].x; }
`,
  mirror: `${complexSource}${complexResult}
fn apply(i: u32) -> vec2<f32> {
  let k = along(i);
  if (k < s.from_length) { return source[place(i, k)]; }
  return source[place(i, s.to_length - k)] * vec2(1.0, -1.0);
}
`,
  roll: `@group(0) @binding(2) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
fn apply(i: u32) -> f32 { return source[place(i, (along(i) + s.limit) % s.from_length)]; }
`,
  split: `${complexSource}${complexResult}${table}
fn apply(i: u32) -> vec2<f32> {
  let k = along(i);
  let a = source[place(i, k % s.from_length)];
  let b = source[place(i, (s.from_length - k) % s.from_length)] * vec2(1.0, -1.0);
  ${root}
  let odd = product(a - b, w);
  return ((a + b) + vec2(odd.y, -odd.x)) * (0.5 * s.scale);
}
`,
  join: `${complexSource}${complexResult}${table}
fn apply(i: u32) -> vec2<f32> {
  let k = along(i);
  let a = source[place(i, k)];
  let b = source[place(i, s.to_length - k)] * vec2(1.0, -1.0);
  if (k == 0u) { return vec2(a.x + b.x, a.x - b.x) * 0.5; }
  ${root}
  let odd = product(a - b, w * vec2(1.0, -1.0));
  return ((a + b) + vec2(-odd.y, odd.x)) * 0.5;
}
`,
};

const longThreads = 64;

export async function fftMap(
  device: Device,
  name: FftMap,
  work: FftMapArguments,
  options: WorkOptions,
): Promise<void> {
  const { source, result, table, count, inner, from, to, limit = to, sign = 1, scale = 1 } = work;
  const long = wantsLongThreads(device);
  const text = `${head}${texts[name]}${kernelText(long ? "map-long.wgsl" : "map-short.wgsl")}`;
  const kernel = await kernelOn(device, text, { label: `fft ${name}` });
  if (count === 0) return;
  const chunk = chunkOf(count, longThreads, 16);
  const s = new Uint32Array(6);
  s.set([inner, from, to, limit]);
  s.set(new Uint32Array(Float32Array.of(sign, scale).buffer), 4);
  const sizes = name === "complexify" || name === "realPart" ? {} : { s };
  const parameters = Uint32Array.of(count, chunk);
  const bindings = { parameters, ...sizes, source, result, ...(table === undefined ? {} : { table }) };
  if (long) device.dispatch(kernel, bindings, Math.ceil(count / chunk), options);
  else device.dispatchThreads(kernel, bindings, count, options);
}
