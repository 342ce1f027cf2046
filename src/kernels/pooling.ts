import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { inRows } from "./grid.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export type Pooling = "max" | "average";

/** The sizes of a 2-D pooling; a 1-D one has height 1, a global one a kernel of the image's size. */
export interface PoolingShape {
  /** Batch items times channels. */
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [y: number, x: number];
  readonly dilation: readonly [y: number, x: number];
  readonly padding: readonly [top: number, left: number, bottom: number, right: number];
  /** Rounds the result's size up: the last windows may reach past the padding. */
  readonly ceilMode: boolean;
}

export interface PoolingArguments extends PoolingShape {
  /** [planes, height, width] */
  readonly source: DeviceBuffer | BufferView;
  /** [planes, out height, out width]; see `pooledShape`. */
  readonly result: DeviceBuffer | BufferView;
  /** Whether averages count padding as zeros (never what lies past it). Default no. */
  readonly countIncludePad?: boolean | undefined;
}

const definitions: Readonly<Record<Pooling, string>> = {
  max: `
alias Stored = u32;
fn load(bits: u32) -> u32 {
  let ordered = bits ^ (u32(bitcast<i32>(bits) >> 31u) | 0x80000000u);
  return select(ordered, 0xffffffffu, (bits & 0x7fffffffu) > 0x7f800000u);
}
fn kept(key: u32) -> u32 { return key; }
fn stored(key: u32) -> u32 { return key; }
fn identity() -> u32 { return 0x007fffffu; }
fn combine(a: u32, b: u32) -> u32 { return max(a, b); }
fn finish(key: u32, y: u32, x: u32) -> u32 {
  let bits = select(~key, key ^ 0x80000000u, key >= 0x80000000u);
  return select(bits, 0x7fc00000u, key == 0xffffffffu);
}
`,
  average: `
alias Stored = f32;
fn load(value: f32) -> f32 { return value; }
fn kept(sum: f32) -> f32 { return sum; }
fn stored(sum: f32) -> f32 { return sum; }
fn identity() -> f32 { return 0.0; }
fn combine(a: f32, b: f32) -> f32 { return a + b; }
fn finish(sum: f32, y: u32, x: u32) -> f32 { return sum / divisor(y, x); }
`,
};

/** The result's height and width. As in PyTorch, `ceilMode` adds no window that would start past the image and `top`, `left`. */
export function pooledShape(shape: PoolingShape): readonly [height: number, width: number] {
  const { height, width, kernel, stride, dilation, padding, ceilMode } = shape;
  const side = (size: number, axis: 0 | 1) => {
    const before = padding[axis];
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    const rest = (size + before + (padding[axis === 0 ? 2 : 3] ?? 0) - reach) / stride[axis];
    if (!ceilMode) return Math.floor(rest) + 1;
    const count = Math.ceil(rest) + 1;
    return (count - 1) * stride[axis] >= size + before ? count - 1 : count;
  };
  return [side(height, 0), side(width, 1)];
}

/**
 * Enqueues one pooling; every size is at least 1. A NaN in a window makes its result NaN. A window without any of the image
 * has the maximum -Infinity and the average NaN, or 0 where padding counts.
 */
export async function pooling(
  device: Device,
  kind: Pooling,
  work: PoolingArguments,
  options: WorkOptions = {},
): Promise<void> {
  const { source, result, planes, height, width, kernel, stride, dilation, padding } = work;
  const long = wantsLongThreads(device);
  const compiled = await kernelOn(device, `${definitions[kind]}${kernelText("pooling.wgsl")}`, {
    entryPoint: long ? "pool_rows" : "pool_each",
    label: `${kind} pooling`,
  });
  const [outHeight, outWidth] = pooledShape(work);
  const [top, left, bottom, right] = padding;
  const image = [planes, height, width, top, left, bottom, right];
  const windows = [...kernel, ...stride, ...dilation, outHeight, outWidth];
  const p = Uint32Array.of(...image, ...windows, Number(work.countIncludePad ?? false));
  const bindings = { p, source, result };
  if (long) device.dispatch(compiled, bindings, inRows(planes * outHeight), options);
  else device.dispatchThreads(compiled, bindings, planes * outHeight * outWidth, options);
}
