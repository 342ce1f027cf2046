import { type ColumnType, type Physical, physicalOf } from "../../core/column-type.ts";

const physicalBytes: Readonly<Record<Physical, number>> = {
  bits: 1 / 8,
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  i64: 8,
  u64: 8,
  f64: 8,
  i128: 16,
  /** Offsets and a guess of the bytes. */
  text: 4 + 16,
  list: 4 + 16,
};

/** Bytes of a row's value, without its bit of validity; of texts a guess. */
export function rowBytes(type: ColumnType): number {
  return physicalBytes[physicalOf(type)];
}

/** Bytes of each buffer of a column, about; with room for a bitmap of validity. */
export function columnBytes(type: ColumnType, rows: number): readonly number[] {
  const words = (bytes: number) => Math.max(16, Math.ceil(bytes / 16) * 16);
  return [words(rowBytes(type) * rows), words(rows / 8)];
}
