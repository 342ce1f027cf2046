import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

/** How a summand is stored: two or four u32 limbs, lowest first. */
export type WideInteger = "i64" | "u64" | "i128";

export interface Sum128Arguments {
  readonly type: WideInteger;
  /** `count` integers of `type`. */
  readonly source: DeviceBuffer | BufferView;
  /** 32 bytes; `int128Of` reads them. */
  readonly result: DeviceBuffer | BufferView;
  /** At most 2^31. */
  readonly count: number;
}

export const sum128Bytes = 32;

const longThreads = 64;
const groups = 256;
const accumulatorBytes = 32;
const mostTerms = 2 ** 31;

const definitions: Readonly<Record<WideInteger, string>> = {
  i64: definition("vec2<u32>", "accumulator_add_i64"),
  u64: definition("vec2<u32>", "accumulator_add_u64"),
  i128: definition("vec4<u32>", "accumulator_add"),
};

function definition(words: string, add: string): string {
  return `alias Words = ${words};
fn absorb(sum: Accumulator128, value: Words) -> Accumulator128 { return ${add}(sum, value); }
`;
}

/**
 * Enqueues the exact sum of `count` integers as 128 bits, the same whatever the order: what overflows on the way and comes
 * back is no overflow. Decimals sum by their unscaled integers.
 */
export async function sum128(
  device: Device,
  work: Sum128Arguments,
  options: WorkOptions = {},
): Promise<void> {
  const { type, source, result, count } = work;
  if (count > mostTerms) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `Cannot sum ${count} integers at once: the limit is ${mostTerms}`,
      hint: "Sum views of them, then the sums as i128.",
    });
  }
  const long = wantsLongThreads(device);
  const text = `${kernelText("int128.wgsl")}${definitions[type]}${kernelText("sum128.wgsl")}`;
  const [first, finish] = await Promise.all(
    [long ? "sum_chunks" : "sum_together", "finish"].map((entryPoint) =>
      kernelOn(device, text, { entryPoint, label: `sum128 ${entryPoint}` }),
    ),
  );
  if (first === undefined || finish === undefined) return;
  const chunk = chunkOf(count, longThreads, 16);
  const parts = long ? Math.ceil(count / chunk) : Math.min(groups, Math.ceil(count / groups));
  using partials = device.allocate(Math.max(1, parts) * accumulatorBytes, "partial sums");
  if (parts > 0) {
    const parameters = Uint32Array.of(count, chunk);
    device.dispatch(first, { source, partial_sums: partials, parameters }, parts, options);
  }
  device.dispatch(finish, { partials, result, parameters: Uint32Array.of(parts, 0) }, 1, options);
}

/** The sum that `sum128` left in these 32 bytes, or `undefined` when it does not fit 128 bits. */
export function int128Of(bytes: Uint8Array): bigint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, sum128Bytes);
  if (view.getUint32(16, true) !== 0) return undefined;
  return (view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true);
}
