import type { Type } from "../../types.ts";
import type { CTypes } from "./types.ts";

/*
 * Values of f16 in flight are floats that hold what f16 can hold, memory keeps the bits. Rounding each result of float
 * arithmetic to f16 is exact for + - * / and sqrt (Figueroa, 1995).
 */

/** Bits from memory as a value. */
export function decode(types: CTypes, type: Type, text: string): string {
  return types.isHalf(type) ? `from_half_${types.value(type)}(${text})` : text;
}

/** A value as the bits that memory holds. */
export function encode(types: CTypes, type: Type, text: string): string {
  return types.isHalf(type) ? `to_half_${types.value(type)}(${text})` : text;
}

/** A result of float arithmetic as the nearest f16. */
export function rounded(types: CTypes, type: Type, text: string): string {
  return types.isHalf(type) ? `round_half_${types.value(type)}(${text})` : text;
}
