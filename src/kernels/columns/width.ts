import type { FixedPhysical } from "./column.ts";

export type ValueBytes = 1 | 2 | 4 | 8 | 16;

const widths: Readonly<Record<Exclude<FixedPhysical, "bits">, ValueBytes>> = {
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
};

/** Bytes of a value that is not a bit. */
export function bytesOfPhysical(physical: Exclude<FixedPhysical, "bits">): ValueBytes {
  return widths[physical];
}

export function bitsOfPhysical(physical: FixedPhysical): number {
  return physical === "bits" ? 1 : widths[physical] * 8;
}

/** What kernels that only move values of whole words take them for. */
export const movedAs: Readonly<Record<4 | 8 | 16, string>> = {
  4: "u32",
  8: "vec2<u32>",
  16: "vec4<u32>",
};
