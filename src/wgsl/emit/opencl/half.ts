import { elementScalar, f16, type Type } from "../../types.ts";
import { isWide } from "./types.ts";

const lanes = ["", "2", "3", "4", "8", "16"];

/**
 * f16 for every device, those without cl_khr_fp16 included: values in flight are floats that hold what f16 can hold,
 * memory keeps the bits. Rounding each result of float arithmetic to f16 is exact for + - * / and sqrt (Figueroa, 1995).
 */
export const halfFunctions: readonly string[] = lanes.flatMap((n) => [
  `static inline float${n} from_half_float${n}(ushort${n} h) { return vload_half${n}(0, (half*)&h); }`,
  `static inline ushort${n} to_half_float${n}(float${n} x) { ushort${n} h; vstore_half${n}_rte(x, 0, (half*)&h); return h; }`,
  `static inline float${n} round_half_float${n}(float${n} x) { return from_half_float${n}(to_half_float${n}(x)); }`,
]);

/** Whether a value of this type is floats that stand for f16. */
export function isHalf(type: Type): boolean {
  return elementScalar(type) === f16 && (type.kind !== "matrix" || isWide(type));
}

function suffix(type: Type): string {
  if (type.kind === "vector") return `float${type.size}`;
  return type.kind === "matrix" ? `float${type.columns * type.rows}` : "float";
}

/** Bits from memory as a value. */
export function decode(type: Type, text: string): string {
  return isHalf(type) ? `from_half_${suffix(type)}(${text})` : text;
}

/** A value as the bits that memory holds. */
export function encode(type: Type, text: string): string {
  return isHalf(type) ? `to_half_${suffix(type)}(${text})` : text;
}

/** A result of float arithmetic as the nearest f16. */
export function rounded(type: Type, text: string): string {
  return isHalf(type) ? `round_half_${suffix(type)}(${text})` : text;
}
