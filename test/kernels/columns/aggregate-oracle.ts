import type { Device } from "#src/device/device.js";
import type { AggregateFunction } from "#src/expression/column/expression.js";
import type { ColumnMemory } from "#src/kernels/columns/column.js";
import { compareValues, type Value } from "./order-support.js";

function bytesToValues(
  physical: Exclude<ColumnMemory["physical"], "text">,
  data: Uint8Array,
  count: number,
): Value[] {
  const bytes = data.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read: Readonly<Record<typeof physical, (at: number) => Value>> = {
    bits: (at) => (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) === 1,
    i8: (at) => view.getInt8(at),
    u8: (at) => view.getUint8(at),
    i16: (at) => view.getInt16(at * 2, true),
    u16: (at) => view.getUint16(at * 2, true),
    i32: (at) => view.getInt32(at * 4, true),
    u32: (at) => view.getUint32(at * 4, true),
    f32: (at) => view.getFloat32(at * 4, true),
    i64: (at) => view.getBigInt64(at * 8, true),
    u64: (at) => view.getBigUint64(at * 8, true),
    f64: (at) => view.getFloat64(at * 8, true),
    i128: (at) => (view.getBigInt64(at * 16 + 8, true) << 64n) | view.getBigUint64(at * 16, true),
  };
  return Array.from({ length: count }, (_, at) => read[physical](at));
}

/** The rows of a column on the device. */
export async function valuesOf(device: Device, column: ColumnMemory, count: number): Promise<Value[]> {
  const data = await device.read(column.values);
  let values: Value[];
  if (column.physical === "text") {
    const offsets = new Int32Array((await device.read(column.offsets)).slice().buffer);
    values = Array.from({ length: count }, (_, at) =>
      Buffer.from(data.slice(offsets[at], offsets[at + 1])).toString(),
    );
  } else {
    values = bytesToValues(column.physical, data, count);
  }
  if (column.validity === undefined) return values;
  const bits = await device.read(column.validity);
  return values.map((value, at) => ((((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1 ? value : null));
}

const number = (value: Value, scale: number) => Number(value) / 10 ** scale;

function key(value: Value): Value {
  if (value === 0) return 0;
  return Number.isNaN(value) ? "NaN" : value;
}

/** What an aggregate gives of the values of a group; sums of floats in order. */
export function aggregateOf(
  name: AggregateFunction,
  all: readonly Value[],
  {
    fraction = 0.5,
    scale = 0,
    isFloat = false,
  }: { fraction?: number | undefined; scale?: number | undefined; isFloat?: boolean } = {},
): Value {
  const values = all.filter((value) => value !== null);
  const numbers = () => values.map((value) => number(value, scale));
  const sorted = () => values.toSorted(compareValues);
  switch (name) {
    case "countRows":
      return BigInt(all.length);
    case "count":
      return BigInt(values.length);
    case "countDistinct":
      return BigInt(new Set(values.map(key)).size);
  }
  if (values.length === 0) return null;
  switch (name) {
    case "sum":
      if (isFloat) return numbers().reduce((sum, value) => sum + value, 0);
      return values.reduce<bigint>((sum, value) => sum + BigInt(value), 0n);
    case "mean":
      if (isFloat) return numbers().reduce((sum, value) => sum + value, 0) / values.length;
      return (
        Number(values.reduce<bigint>((sum, value) => sum + BigInt(value), 0n)) / values.length / 10 ** scale
      );
    case "min":
    case "all":
      return sorted()[0] ?? null;
    case "max":
    case "any":
      return sorted().at(-1) ?? null;
    case "first":
      return values[0] ?? null;
    case "last":
      return values.at(-1) ?? null;
    case "variance":
    case "stddev": {
      if (values.length < 2) return null;
      const mean = numbers().reduce((sum, value) => sum + value, 0) / values.length;
      const squares = numbers().reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const variance = squares / (values.length - 1);
      return name === "stddev" ? Math.sqrt(variance) : variance;
    }
    case "median":
    case "quantile": {
      const at = (name === "median" ? 0.5 : fraction) * (values.length - 1);
      const low = number(sorted()[Math.floor(at)] ?? 0, scale);
      const high = number(sorted()[Math.ceil(at)] ?? 0, scale);
      return at === Math.floor(at) ? low : low + (high - low) * (at - Math.floor(at));
    }
  }
  return null;
}

/** Equal, or as near as floats in another order come; -0 is 0 where `loose`. */
export function agrees(found: Value, expected: Value): boolean {
  if (typeof found === "number" && typeof expected === "number") {
    if (Number.isNaN(expected)) return Number.isNaN(found);
    if (found === expected) return true;
    return Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
  }
  return found === expected;
}
