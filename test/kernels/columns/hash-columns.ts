import type { HostArray } from "#src/core/dtype.js";
import type { BufferView, Device, DeviceBuffer } from "#src/device/device.js";
import type { ColumnMemory, FixedPhysical } from "#src/kernels/columns/column.js";
import { onDevice } from "../axis.js";

/** A key column for the device, and what stands for each of its keys in a Map. */
export interface KeyColumn {
  readonly memory: ColumnMemory;
  /** `null` for null; the same for what is equal as a key. */
  readonly keys: readonly (string | number | bigint | boolean | null)[];
}

export type Key = string | number | bigint | boolean | null;

const arrays = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
} as const;

/** Values of any type but text; null where there is none. */
export function fixedColumn(device: Device, physical: FixedPhysical, values: readonly Key[]): KeyColumn {
  const present = values.map((value) => value ?? (physical.endsWith("64") && physical !== "f64" ? 0n : 0));
  let data: HostArray;
  if (physical === "bits") data = bitmap(present.map(Boolean));
  else if (physical === "i128") {
    const words = present.flatMap((value) => [BigInt.asIntN(64, BigInt(value)), BigInt(value) >> 64n]);
    data = BigInt64Array.from(words);
  } else data = (arrays[physical] as typeof Float64Array).from(present as number[]);
  return withValidity(device, { physical, values: onDevice(device, data) }, values);
}

/** The column with these very bits, in which `keys` says what is equal. */
export function bitsColumn(
  device: Device,
  physical: FixedPhysical,
  data: HostArray,
  keys: readonly Key[],
): KeyColumn {
  return { memory: { physical, values: onDevice(device, data) }, keys };
}

/** `before` texts stand in front of the offsets' first. */
export function textColumn(device: Device, values: readonly (string | null)[], before = ""): KeyColumn {
  const parts = values.map((value) => Buffer.from(value ?? ""));
  const offsets = new Int32Array(values.length + 1);
  offsets[0] = Buffer.byteLength(before);
  for (const [index, part] of parts.entries()) offsets[index + 1] = (offsets[index] ?? 0) + part.byteLength;
  const bytes = new Uint8Array(Buffer.concat([Buffer.from(before), ...parts]));
  const memory = {
    physical: "text",
    offsets: onDevice(device, offsets),
    values: onDevice(device, bytes),
  } as const;
  return withValidity(device, memory, values);
}

function withValidity(device: Device, memory: ColumnMemory, keys: readonly Key[]): KeyColumn {
  if (!keys.includes(null)) return { memory, keys: keys.map(canonical) };
  const validity = onDevice(device, bitmap(keys.map((key) => key !== null)));
  return { memory: { ...memory, validity }, keys: keys.map(canonical) };
}

/** Map knows -0 and +0, and all NaN, as one; text keys of rows do not. */
function canonical(key: Key): Key {
  return key === 0 ? 0 : key;
}

export function bitmap(bits: readonly boolean[]): Uint32Array {
  const words = new Uint32Array(Math.max(1, Math.ceil(bits.length / 32)));
  for (const [index, bit] of bits.entries()) {
    if (bit) words[index >> 5] = (words[index >> 5] ?? 0) | (1 << (index & 31));
  }
  return words;
}

/** One text for the keys of a row. */
export function rowKey(columns: readonly KeyColumn[], row: number): string {
  return columns.map(({ keys }) => `${typeof keys[row]} ${keys[row]}`).join("\u0000");
}

export function hasNull(columns: readonly KeyColumn[], row: number): boolean {
  return columns.some(({ keys }) => keys[row] === null);
}

export async function rowsOf(
  device: Device,
  memory: DeviceBuffer | BufferView,
  count: number,
): Promise<number[]> {
  const bytes = await device.read(memory);
  return [...new Uint32Array(bytes.slice(0, count * 4).buffer as ArrayBuffer)];
}
