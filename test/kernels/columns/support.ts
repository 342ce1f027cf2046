import type { Device, DeviceBuffer } from "#src/device/device.js";
import type { ColumnMemory, FixedPhysical, Memory } from "#src/kernels/columns/column.js";
import type { OwnedColumn } from "#src/kernels/index.js";

export type Value = number | bigint | boolean | string | null;

type Moved = Exclude<FixedPhysical, "bits" | "i128">;

const arrays = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f64: Float64Array,
} as const;

export const physicals: readonly FixedPhysical[] = ["bits", ...(Object.keys(arrays) as Moved[]), "i128"];

/** Memory of whole words that holds `data`, filled up with what must not matter. */
export function onDevice(device: Device, data: ArrayBufferView, fill = 0xa5): DeviceBuffer {
  const bytes = new Uint8Array(Math.max(4, Math.ceil(data.byteLength / 4) * 4)).fill(fill);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const buffer = device.allocate(bytes.byteLength);
  device.write(buffer, bytes);
  return buffer;
}

/** Bits behind the last are set. */
export function bitmapOf(bits: readonly boolean[]): Uint32Array {
  const words = new Uint32Array(Math.max(1, Math.ceil(bits.length / 32))).fill(0xffff_ffff);
  for (const [at, bit] of bits.entries()) {
    if (!bit) words[at >> 5] = (words[at >> 5] ?? 0) & ~(1 << (at & 31));
  }
  return words;
}

export async function bitsIn(device: Device, memory: Memory, count: number): Promise<boolean[]> {
  const words = await wordsOf(device, memory);
  return Array.from({ length: count }, (_, at) => (((words[at >> 5] ?? 0) >> (at & 31)) & 1) === 1);
}

export async function wordsOf(device: Device, memory: Memory): Promise<Uint32Array> {
  return new Uint32Array((await device.read(memory)).slice().buffer);
}

function bytesOf(physical: FixedPhysical, values: readonly Value[]): ArrayBufferView {
  if (physical === "bits") return bitmapOf(values.map((value) => value === true));
  if (physical === "i128") {
    return BigUint64Array.from(
      values.flatMap((value) => [BigInt(value ?? 77) & (2n ** 64n - 1n), BigInt(value ?? 7) >> 64n]),
    );
  }
  const array = arrays[physical] as unknown as {
    from(values: Iterable<Value>): ArrayBufferView;
  };
  const wide = physical === "i64" || physical === "u64";
  return array.from(values.map((value) => value ?? (wide ? 77n : 77)));
}

export class TestColumn implements Disposable {
  readonly memory: ColumnMemory;
  readonly #made: DeviceBuffer[] = [];

  constructor(device: Device, physical: FixedPhysical | "text", values: readonly Value[]) {
    const make = (data: ArrayBufferView) => {
      const buffer = onDevice(device, data);
      this.#made.push(buffer);
      return buffer;
    };
    const given = values.includes(null)
      ? { validity: make(bitmapOf(values.map((value) => value !== null))) }
      : {};
    if (physical === "text") {
      const texts = values.map((value) => Buffer.from(String(value ?? "nothing")));
      const before = Buffer.from("xyz");
      let end = before.length;
      const offsets = Int32Array.from([end, ...texts.map((text) => (end += text.length))]);
      const bytes = Buffer.concat([before, ...texts]);
      this.memory = { physical, offsets: make(offsets), values: make(bytes), ...given };
    } else {
      this.memory = { physical, values: make(bytesOf(physical, values)), ...given };
    }
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#made) buffer.dispose();
  }
}

/** The values of a column; null where there is none. */
export async function valuesOf(device: Device, column: ColumnMemory, count: number): Promise<Value[]> {
  const values = await plainValues(device, column, count);
  if (column.validity === undefined) return values;
  const valid = await bitsIn(device, column.validity, count);
  return values.map((value, at) => (valid[at] ? value : null));
}

async function plainValues(device: Device, column: ColumnMemory, count: number): Promise<Value[]> {
  if (column.physical === "bits") return bitsIn(device, column.values, count);
  const bytes = (await device.read(column.values)).slice();
  if (column.physical === "text") {
    const offsets = await wordsOf(device, column.offsets);
    const text = Buffer.from(bytes.buffer);
    return Array.from({ length: count }, (_, at) => text.toString("utf8", offsets[at], offsets[at + 1]));
  }
  if (column.physical === "i128") {
    const words = new BigUint64Array(bytes.buffer);
    return Array.from(
      { length: count },
      (_, at) => ((words[at * 2 + 1] ?? 0n) << 64n) | (words[at * 2] ?? 0n),
    );
  }
  const array = arrays[column.physical] as unknown as {
    new (buffer: ArrayBuffer, offset: number, length: number): Iterable<Value>;
  };
  return [...new array(bytes.buffer as ArrayBuffer, 0, count)];
}

/** Reads a column that a kernel made, and frees it. */
export async function taken(device: Device, column: OwnedColumn, count: number): Promise<Value[]> {
  const values = await valuesOf(device, column, count);
  column.validity?.[Symbol.dispose]();
  column.values[Symbol.dispose]();
  if (column.physical === "text") column.offsets[Symbol.dispose]();
  return values;
}

const samples: Readonly<Record<FixedPhysical | "text", readonly Value[]>> = {
  bits: [true, false, false, true, true],
  i8: [0, -128, 127, -1, 5],
  u8: [0, 255, 128, 1, 7],
  i16: [0, -32768, 32767, -1, 9],
  u16: [0, 65535, 32768, 1, 11],
  i32: [0, -2147483648, 2147483647, -1, 13],
  u32: [0, 4294967295, 2147483648, 1, 15],
  f32: [0, -0, Number.NaN, Infinity, -Infinity, 1.5, -2.5],
  i64: [0n, -(2n ** 63n), 2n ** 63n - 1n, -1n, 17n],
  u64: [0n, 2n ** 64n - 1n, 2n ** 63n, 1n, 19n],
  f64: [0, -0, Number.NaN, Infinity, -Infinity, 1.5, -2.5, 5e-324],
  i128: [0n, 2n ** 128n - 1n, 2n ** 127n, 1n, 2n ** 64n],
  text: ["", "a", "naïve", "日本語", "🦜 parrot", "\u0000nul", "e\u0301", "of several words", "abc", "abcd"],
};

/** Edge values of a type, and nulls where asked for, in an order that does not repeat with word sizes. */
export function sampleOf(physical: FixedPhysical | "text", count: number, nulls: boolean): Value[] {
  const from = samples[physical];
  return Array.from({ length: count }, (_, at) =>
    nulls && at % 7 === 3 ? null : (from[(at + Math.floor(at / 11)) % from.length] ?? null),
  );
}

/** The same pseudo-random bits for a seed, set with a probability. */
export function randomBits(count: number, probability: number, seed = 1): boolean[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 < probability;
  });
}

/** Options under which new memory is full of what must not matter. */
export function dirty(device: Device): { allocate(bytes: number, label: string): DeviceBuffer } {
  return {
    allocate(bytes, label) {
      const buffer = device.allocate(bytes, label);
      device.write(buffer, new Uint8Array(bytes).fill(0x5a));
      return buffer;
    },
  };
}
