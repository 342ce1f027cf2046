import type { HostColumn } from "../../../core/column.ts";
import { type ColumnType, physicalOf } from "../../../core/column-type.ts";
import { AikoError } from "../../../errors.ts";
import type { Value } from "../cast-value.ts";
import type { HostReader } from "./compile.ts";

const decoder = new TextDecoder(undefined, { ignoreBOM: true });

/** A column as values by row. */
export function readerOf(column: HostColumn): HostReader {
  const { validity } = column;
  const value = valueReader(column);
  if (validity === undefined) return value;
  return (row) => (bitAt(validity, row) ? value(row) : null);
}

export function bitAt(bits: Uint8Array, at: number): boolean {
  return (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
}

function valueReader(column: HostColumn): HostReader {
  switch (column.layout) {
    case "text": {
      const { offsets, bytes } = column;
      return (row) => decoder.decode(bytes.subarray(offsets[row] ?? 0, offsets[row + 1] ?? 0));
    }
    case "dictionary": {
      const texts = Array.from({ length: column.dictionary.length }, (_, at) =>
        valueReader(column.dictionary)(at),
      );
      return (row) => texts[column.codes[row] ?? 0] ?? null;
    }
    case "list":
      throw new AikoError("UNSUPPORTED", { message: "The host computes nothing from lists" });
    case "fixed":
      return fixedReader(column);
  }
}

function fixedReader({ values, type }: Extract<HostColumn, { layout: "fixed" }>): HostReader {
  const physical = physicalOf(type);
  if (physical === "bits") {
    const bits = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return (row) => bitAt(bits, row);
  }
  if (physical !== "i128") return (row) => values[row] ?? null;
  const words = new BigInt64Array(values.buffer, values.byteOffset, values.byteLength / 8);
  return (row) => ((words[2 * row + 1] ?? 0n) << 64n) | BigInt.asUintN(64, words[2 * row] ?? 0n);
}

/** Values as a column. */
export function columnOf(values: readonly (Value | null)[], type: ColumnType): HostColumn {
  const rows = values.length;
  const nullCount = values.reduce<number>((sum, each) => sum + (each === null ? 1 : 0), 0);
  const validity = nullCount === 0 ? undefined : bitsOf(values.map((each) => each !== null));
  const base = { type, length: rows, validity, nullCount };
  const physical = physicalOf(type);
  if (physical === "text") {
    const parts = values.map((each) => Buffer.from(String(each ?? "")));
    const offsets = new Int32Array(rows + 1);
    parts.forEach((part, at) => {
      offsets[at + 1] = (offsets[at] ?? 0) + part.length;
    });
    return { ...base, layout: "text", offsets, bytes: new Uint8Array(Buffer.concat(parts)) };
  }
  if (physical === "list") throw new AikoError("UNSUPPORTED", { message: "The host makes no lists" });
  if (physical === "bits")
    return { ...base, layout: "fixed", values: bitsOf(values.map((each) => each === true)) };
  if (physical === "i128") {
    const words = new BigInt64Array(2 * rows);
    values.forEach((each, row) => {
      words[2 * row] = BigInt.asIntN(64, BigInt(each ?? 0));
      words[2 * row + 1] = BigInt(each ?? 0) >> 64n;
    });
    return { ...base, layout: "fixed", values: words };
  }
  if (physical === "i64" || physical === "u64") {
    const words = physical === "i64" ? new BigInt64Array(rows) : new BigUint64Array(rows);
    values.forEach((each, row) => {
      words[row] = BigInt(each ?? 0);
    });
    return { ...base, layout: "fixed", values: words };
  }
  const numbers = new arrays[physical](rows);
  values.forEach((each, row) => {
    numbers[row] = Number(each ?? 0);
  });
  return { ...base, layout: "fixed", values: numbers };
}

const arrays = {
  i8: Int8Array,
  i16: Int16Array,
  i32: Int32Array,
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;

function bitsOf(flags: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 32) * 4);
  flags.forEach((flag, at) => {
    if (flag) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
  });
  return bits;
}
