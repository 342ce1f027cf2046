import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export type Reduction = "sum" | "min" | "max";

export interface ReduceArguments {
  readonly source: DeviceBuffer | BufferView;
  /** Room for one f32; for argmax two u32, and a view of just those 8 bytes where it is a view. */
  readonly result: DeviceBuffer | BufferView;
  readonly count: number;
}

const longThreads = 64;
const groups = 256;
const blockFloats = 16;

/** What each reduction combines: `Element` is the type in flight, u32 keys in numeric order for min and max. */
const keys = `
alias Element = u32;
fn load(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let ordered = bits ^ (u32(bitcast<i32>(bits) >> 31u) | 0x80000000u);
  return select(ordered, NAN_KEY, (bits & 0x7fffffffu) > 0x7f800000u);
}
fn load4(value: vec4<f32>) -> vec4<u32> {
  let bits = bitcast<vec4<u32>>(value);
  let ordered = bits ^ (bitcast<vec4<u32>>(bitcast<vec4<i32>>(bits) >> vec4(31u)) | vec4(0x80000000u));
  return select(ordered, vec4(NAN_KEY), (bits & vec4(0x7fffffffu)) > vec4(0x7f800000u));
}
struct Block { a: vec4<u32>, b: vec4<u32>, c: vec4<u32>, d: vec4<u32> }
fn absorb(block: Block, values: mat4x4<f32>) -> Block {
  return Block(
    combine4(block.a, load4(values[0])),
    combine4(block.b, load4(values[1])),
    combine4(block.c, load4(values[2])),
    combine4(block.d, load4(values[3])),
  );
}
fn fold(block: Block) -> u32 {
  let v = combine4(combine4(block.a, block.b), combine4(block.c, block.d));
  return combine(combine(v.x, v.y), combine(v.z, v.w));
}
fn store(key: u32) -> f32 {
  let bits = select(~key, key ^ 0x80000000u, key >= 0x80000000u);
  return bitcast<f32>(select(bits, 0x7fc00000u, key == NAN_KEY));
}
`;
const extremes = (name: "min" | "max", nan: string, start: string): string => `
const NAN_KEY = ${nan};
${keys}
fn identity() -> u32 { return ${start}; }
fn identity_block() -> Block { return Block(vec4(${start}), vec4(${start}), vec4(${start}), vec4(${start})); }
fn combine(a: u32, b: u32) -> u32 { return ${name}(a, b); }
fn combine4(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> { return ${name}(a, b); }
`;
const definitions: Readonly<Record<Reduction, string>> = {
  sum: `
alias Element = f32;
fn load(value: f32) -> f32 { return value; }
fn store(value: f32) -> f32 { return value; }
fn identity() -> f32 { return 0.0; }
fn combine(a: f32, b: f32) -> f32 { return a + b; }
alias Block = mat4x4<f32>;
fn identity_block() -> Block { return Block(); }
fn absorb(block: Block, values: mat4x4<f32>) -> Block { return block + values; }
fn fold(block: Block) -> f32 {
  let v = (block[0] + block[1]) + (block[2] + block[3]);
  return (v.x + v.y) + (v.z + v.w);
}
`,
  min: extremes("min", "0u", "0xffffffffu"),
  max: extremes("max", "0xffffffffu", "0u"),
};

/**
 * Enqueues a reduction of `count` f32 to one. A NaN anywhere makes the result NaN. The sum of nothing is 0; min and max
 * of nothing throw INVALID_ARGUMENT.
 */
export async function reduce(
  device: Device,
  reduction: Reduction,
  work: ReduceArguments,
  options: WorkOptions = {},
): Promise<void> {
  const { source, result, count } = work;
  if (count === 0 && reduction !== "sum") {
    throw new AikoError("INVALID_ARGUMENT", { message: `The ${reduction} of no elements does not exist` });
  }
  const definition = definitions[reduction];
  const long = wantsLongThreads(device);
  const [first, finish] = await Promise.all([
    kernelOn(device, `${definition}${kernelText(long ? "reduce-long.wgsl" : "reduce-short.wgsl")}`, {
      label: `reduce ${reduction}`,
    }),
    kernelOn(device, `${definition}${kernelText("reduce-finish.wgsl")}`, {
      label: `reduce ${reduction} finish`,
    }),
  ]);
  const chunk = chunkOf(count, longThreads, 64);
  const parts = long ? Math.ceil(count / chunk) : Math.min(groups, Math.ceil(count / groups));
  using partials = device.allocate(Math.max(1, parts) * 4, "partial results");
  if (parts > 0) {
    const bound = { source, partial_values: partials, parameters: Uint32Array.of(count, chunk) };
    device.dispatch(
      first,
      long ? { ...bound, blocks: atLeastOneBlock(device, source, count) } : bound,
      parts,
      options,
    );
  }
  device.dispatch(
    finish,
    { partial_values: partials, result, parameters: Uint32Array.of(parts, 0) },
    1,
    options,
  );
}

/** The kernel reads whole blocks only where there are any, but a binding has room for at least one. */
function atLeastOneBlock(
  device: Device,
  source: DeviceBuffer | BufferView,
  count: number,
): DeviceBuffer | BufferView {
  if (count >= blockFloats) return source;
  const spare = spares.get(device) ?? device.allocate(blockFloats * 4, "one block");
  spares.set(device, spare);
  return spare;
}

const spares = new WeakMap<Device, DeviceBuffer>();

/** Enqueues a search for the largest element: `result` gets two u32, a key and the index. The first of equals wins, NaN is largest. */
export async function argmax(
  device: Device,
  { source, result, count }: ReduceArguments,
  options: WorkOptions = {},
): Promise<void> {
  if (count === 0)
    throw new AikoError("INVALID_ARGUMENT", { message: "The argmax of no elements does not exist" });
  const long = wantsLongThreads(device);
  const text = kernelText("argmax.wgsl");
  const [search, finish] = await Promise.all([
    kernelOn(device, text, { entryPoint: long ? "search" : "search_together", label: "argmax" }),
    kernelOn(device, text, { entryPoint: "finish", label: "argmax finish" }),
  ]);
  const chunk = chunkOf(count, longThreads, 16);
  const parts = long ? Math.ceil(count / chunk) : Math.min(groups, Math.ceil(count / groups));
  using best = device.allocate(parts * 8, "argmax candidates");
  device.dispatch(search, { source, best, parameters: Uint32Array.of(count, chunk) }, parts, options);
  device.dispatch(finish, { best, parameters: Uint32Array.of(parts, 0) }, 1, options);
  device.copy(best.view(0, 8), "buffer" in result ? result : result.view(0, 8), options);
}
