/** What the operators mean where JavaScript has no operator or function of its own: on numbers, then on bigints. */

export function sign(x: number): number {
  return x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : x;
}

export function round(x: number): number {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

export function modulo(a: number, b: number): number {
  const r = a % b;
  if (r === 0) return b < 0 || Object.is(b, -0) ? -0 : 0;
  return r < 0 !== b < 0 ? r + b : r;
}

export function floorDivide(a: number, b: number): number {
  if (b === 0) return a / b;
  const r = a % b;
  let q = (a - r) / b;
  if (r !== 0 && r < 0 !== b < 0) q -= 1;
  if (q === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const whole = Math.floor(q);
  return q - whole > 0.5 ? whole + 1 : whole;
}

/** IEEE 754's pow, which differs from JavaScript's where the base is 1. */
export function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

/** A series of positive terms up to 3, then a continued fraction: Abramowitz and Stegun 7.1.6 and 7.1.14. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = a;
  for (let n = 60; n > 0; n--) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / fraction / Math.sqrt(Math.PI));
}

export function minimum(a: number, b: number): number {
  return Math.min(a, b);
}

export function maximum(a: number, b: number): number {
  return Math.max(a, b);
}

export function remainder(a: number, b: number): number {
  return b === 0 ? 0 : a % b;
}

export function divide(a: number, b: number): number {
  return b === 0 ? a : Math.trunc(a / b);
}

export function wholeFloorDivide(a: number, b: number): number {
  return b === 0 ? a : Math.floor(a / b);
}

export function wholeModulo(a: number, b: number): number {
  return b === 0 ? 0 : a - Math.floor(a / b) * b;
}

export function wholePower(a: number, b: number): number {
  if (b < 0) return a === 1 ? 1 : a === -1 ? (b & 1 ? -1 : 1) : 0;
  let result = 1;
  for (let factor = a, rest = b; rest !== 0; rest >>>= 1) {
    if (rest & 1) result = Math.imul(result, factor);
    factor = Math.imul(factor, factor);
  }
  return result;
}

export function bigDivide(a: bigint, b: bigint): bigint {
  return b === 0n ? a : a / b;
}

export function bigRemainder(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : a % b;
}

export function bigFloorDivide(a: bigint, b: bigint): bigint {
  if (b === 0n) return a;
  return a % b !== 0n && a < 0n !== b < 0n ? a / b - 1n : a / b;
}

export function bigModulo(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const r = a % b;
  return r !== 0n && r < 0n !== b < 0n ? r + b : r;
}

export function bigPower(a: bigint, b: bigint): bigint {
  if (b < 0n) return a === 1n ? 1n : a === -1n ? (b & 1n ? -1n : 1n) : 0n;
  let result = 1n;
  for (let factor = a, rest = b; rest !== 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asUintN(64, result * factor);
    factor = BigInt.asUintN(64, factor * factor);
  }
  return result;
}

export function bigSign(a: bigint): bigint {
  return a > 0n ? 1n : a < 0n ? -1n : 0n;
}

export function bigMinimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function bigMaximum(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Floats to integers: truncated, saturated, NaN to 0. */
export function toI32(x: number): number {
  return x >= 2_147_483_648 ? 2_147_483_647 : x <= -2_147_483_648 ? -2_147_483_648 : x | 0;
}

export function toU32(x: number): number {
  return x >= 4_294_967_296 ? 4_294_967_295 : x <= 0 ? 0 : x >>> 0;
}

export function toI64(x: number): bigint {
  if (x >= 2 ** 63) return 2n ** 63n - 1n;
  return x <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(x) || 0);
}

export function toU64(x: number): bigint {
  return x >= 2 ** 64 ? 2n ** 64n - 1n : x <= 0 ? 0n : BigInt(Math.trunc(x) || 0);
}

/** 64-bit integers to the nearest f32, ties to even: rounded once. */
export function bigToF32(x: bigint): number {
  const size = x < 0n ? -x : x;
  if (size < 2n ** 53n) return Math.fround(Number(x));
  const kept = (size >> 12n) | (size & 0xfffn ? 1n : 0n);
  return Math.fround(Number(x < 0n ? -kept : kept) * 4096);
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

export function encodeBf16(x: number): number {
  float[0] = x;
  const bits = word[0] ?? 0;
  if (Number.isNaN(x)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export function decodeBf16(half: number): number {
  word[0] = half << 16;
  return float[0] ?? 0;
}

export function encodeF16(x: number): number {
  float[0] = x;
  const sign = ((word[0] ?? 0) >>> 16) & 0x8000;
  const size = Math.abs(x);
  if (Number.isNaN(size)) return sign | 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | round(size * 2 ** 24);
  const bits = (word[0] ?? 0) & 0x7fffffff;
  return sign | ((bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13);
}

let halves: Float32Array | undefined;

/** The values of all f16, made on first need. */
export function f16Values(): Float32Array {
  halves ??= Float32Array.from({ length: 0x1_0000 }, (_, bits) => f16Value(bits));
  return halves;
}

function f16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export function decodeF16(half: number): number {
  return f16Values()[half] ?? 0;
}

export function narrowF16(x: number): number {
  return decodeF16(encodeF16(x));
}

export function narrowBf16(x: number): number {
  return decodeBf16(encodeBf16(x));
}
