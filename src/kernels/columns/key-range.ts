import type { Device } from "../../device/device.ts";
import { type KernelOptions, scratch, workOptions } from "../axis.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import { type KeyPart, keyBindings, keyBytes, keyParameters, keyText, type RowSet } from "./order-keys.ts";

/** Unsigned keys of the rows that are not null; none where `valid` is 0. */
export interface KeyRange {
  readonly least: bigint;
  readonly greatest: bigint;
  readonly valid: number;
}

const longThreads = 64;
const groups = 256;

/** Measures the keys of several columns; one round trip. */
export async function keyRanges(
  device: Device,
  keys: readonly KeyPart[],
  set: RowSet,
  options: KernelOptions = {},
): Promise<readonly KeyRange[]> {
  const { count } = set;
  if (count === 0) return keys.map(() => ({ least: 0n, greatest: 0n, valid: 0 }));
  const long = wantsLongThreads(device);
  const chunk = chunkOf(count, longThreads, 64);
  const parts = long ? Math.ceil(count / chunk) : Math.min(groups, Math.ceil(count / 256));
  const wide = 24;
  using ranges = scratch(device, options, keys.length * parts * wide, "key ranges");
  for (const [index, key] of keys.entries()) {
    const text = `${keyText(key, set)}${kernelText("columns/key-range.wgsl")}`;
    const entryPoint = long ? "measure_chunks" : "measure_together";
    const kernel = await kernelOn(device, text, { entryPoint, label: "key range" });
    const first = (index * parts * wide) / rangeBytes(key);
    const bindings = {
      parameters: Uint32Array.of(...keyParameters(key), count, chunk, first, 0),
      ...keyBindings(key, set),
      ranges,
    };
    device.dispatch(kernel, bindings, parts, workOptions(options));
  }
  const bytes = await device.read(ranges, undefined, workOptions(options));
  return keys.map((key, index) => folded(bytes, index * parts * wide, parts, key));
}

function rangeBytes(key: KeyPart): number {
  return keyBytes(key) === 8 ? 24 : 12;
}

function folded(bytes: Uint8Array, first: number, parts: number, key: KeyPart): KeyRange {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = keyBytes(key);
  const word = (at: number) => (size === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true)));
  let [least, greatest, valid] = [(1n << BigInt(size * 8)) - 1n, 0n, 0];
  for (let part = 0; part < parts; part++) {
    const at = first + part * rangeBytes(key);
    const [low, high] = [word(at), word(at + size)];
    if (low < least) least = low;
    if (high > greatest) greatest = high;
    valid += view.getUint32(at + 2 * size, true);
  }
  return valid === 0 ? { least: 0n, greatest: 0n, valid } : { least, greatest, valid };
}
