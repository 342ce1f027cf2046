import type { Device, DeviceBuffer } from "#src/device/device.js";
import type { ColumnMemory, FixedPhysical } from "#src/kernels/columns/column.js";
import { floats, ints } from "../../support/edges.js";
import { seeded } from "../../support/random.js";

export type Value = number | bigint | boolean | string | null;

/** A column on the device, and what it holds. */
export interface Held extends Disposable {
  readonly memory: ColumnMemory;
  readonly values: readonly Value[];
}

const arrays = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;
const wide = { i64: BigInt64Array, u64: BigUint64Array } as const;
const encoder = new TextEncoder();

export const physicals: readonly FixedPhysical[] = [
  "bits",
  "i8",
  "u8",
  "i16",
  "u16",
  "i32",
  "u32",
  "i64",
  "u64",
  "f32",
  "f64",
  "i128",
];

function bitmap(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, Math.ceil(bits.length / 32) * 4)).fill(0);
  bits.forEach((bit, at) => {
    if (bit) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
  });
  return bytes;
}

export function upload(device: Device, data: ArrayBufferView): DeviceBuffer {
  const bytes = new Uint8Array(Math.max(16, Math.ceil(data.byteLength / 4) * 4));
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const buffer = device.allocate(bytes.byteLength);
  device.write(buffer, bytes);
  return buffer;
}

function fixedData(physical: FixedPhysical, values: readonly Value[]): ArrayBufferView {
  if (physical === "bits") return bitmap(values.map((value) => value === true));
  if (physical === "i128") {
    const words = values.flatMap((value) => {
      const integer = BigInt(value ?? 77);
      return [BigInt.asIntN(64, integer), BigInt.asIntN(64, integer >> 64n)];
    });
    return BigInt64Array.from(words);
  }
  if (physical === "i64" || physical === "u64") {
    const integers = values.map((value) => BigInt(value ?? 77));
    return physical === "i64" ? wide.i64.from(integers) : wide.u64.from(integers);
  }
  return arrays[physical].from(values.map((value) => Number(value ?? 77)));
}

/** `validity` is made where a value is null, or where `nullable` says so. */
export function held(
  device: Device,
  physical: FixedPhysical | "text",
  values: readonly Value[],
  nullable = values.includes(null),
): Held {
  const buffers: DeviceBuffer[] = [];
  const keep = (data: ArrayBufferView) => {
    const buffer = upload(device, data);
    buffers.push(buffer);
    return buffer;
  };
  const validity = nullable ? keep(bitmap(values.map((value) => value !== null))) : undefined;
  let memory: ColumnMemory;
  if (physical === "text") {
    const texts = values.map((value) => encoder.encode(value === null ? "" : String(value)));
    const offsets = new Int32Array(values.length + 1);
    texts.forEach((text, at) => {
      offsets[at + 1] = (offsets[at] ?? 0) + text.byteLength;
    });
    const bytes = new Uint8Array(offsets[values.length] ?? 0);
    texts.forEach((text, at) => {
      bytes.set(text, offsets[at]);
    });
    memory = { physical, offsets: keep(offsets), values: keep(bytes), validity };
  } else {
    memory = { physical, values: keep(fixedData(physical, values)), validity };
  }
  return {
    memory,
    values,
    [Symbol.dispose]() {
      for (const buffer of buffers) buffer.dispose();
    },
  };
}

const widest: Readonly<Record<string, readonly bigint[]>> = {
  i64: [-(2n ** 63n), 2n ** 63n - 1n, -(2n ** 32n), 2n ** 31n],
  u64: [2n ** 64n - 1n, 2n ** 63n, 2n ** 32n],
  i128: [-(2n ** 127n), 2n ** 127n - 1n, -(2n ** 64n), 2n ** 64n, -1n, 2n ** 63n],
};

export interface RandomOptions {
  /** How many ordinary values differ. */
  readonly different: number;
  /** The share of nulls. */
  readonly nulls?: number;
  /** The share of extreme values. */
  readonly edges?: number;
}

/** Values of a type with ties, extremes and nulls. */
export function randomValues(
  physical: FixedPhysical,
  count: number,
  { different, nulls = 0, edges = 0.1 }: RandomOptions,
): Value[] {
  const random = seeded(count * 31 + different + physical.length);
  const pick = (): Value => {
    const whole = Math.floor(random() * different);
    const edge = random() < edges;
    if (physical === "bits") return whole % 2 === 1;
    if (physical === "f32" || physical === "f64") {
      const value = edge ? (floats[Math.floor(random() * floats.length)] ?? 0) : (whole - different / 2) / 4;
      return physical === "f32" ? Math.fround(value) : value;
    }
    const signed = physical.startsWith("i");
    const value = BigInt(signed ? whole - Math.floor(different / 2) : whole);
    const extremes = widest[physical] ?? ints.map(BigInt);
    const integer = edge ? (extremes[Math.floor(random() * extremes.length)] ?? 0n) : value;
    const bits = Number(physical.slice(1));
    const fitted = signed ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer);
    return bits >= 64 ? fitted : Number(fitted);
  };
  return Array.from({ length: count }, () => (random() < nulls ? null : pick()));
}

const bytesOf = new Map<string, Buffer>();

function utf8(text: string): Buffer {
  let bytes = bytesOf.get(text);
  if (bytes === undefined) {
    bytes = Buffer.from(text);
    bytesOf.set(text, bytes);
  }
  return bytes;
}

/** NaN above all, -0 as +0, text by its bytes. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(utf8(a), utf8(b));
  const [isNanA, isNanB] = [Number.isNaN(a), Number.isNaN(b)];
  if (isNanA || isNanB) return Number(isNanA) - Number(isNanB);
  if (a === b || a === null || b === null) return 0;
  return a < b ? -1 : 1;
}

export interface OracleKey {
  readonly values: readonly Value[];
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Row numbers in a stable order. */
export function sortedRows(keys: readonly OracleKey[], count: number): number[] {
  return Array.from({ length: count }, (_, row) => row).sort((a, b) => {
    for (const { values, descending, nullsFirst } of keys) {
      const [x = null, y = null] = [values[a], values[b]];
      if (x === null || y === null) {
        const order = Number(x === null) - Number(y === null);
        if (order !== 0) return nullsFirst ? -order : order;
        continue;
      }
      const order = compareValues(x, y);
      if (order !== 0) return descending ? -order : order;
    }
    return a - b;
  });
}
