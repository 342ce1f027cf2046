import { f16, f32, type ScalarType } from "../types.ts";

interface Format {
  /** Bits of the mantissa, the leading one included. */
  readonly precision: number;
  /** The power of two that the smallest subnormal is. */
  readonly lowest: number;
  readonly largest: number;
}

const half: Format = { precision: 11, lowest: -24, largest: 65504 };
const single: Format = { precision: 24, lowest: -149, largest: (2 - 2 ** -23) * 2 ** 127 };
const double: Format = { precision: 53, lowest: -1074, largest: Number.MAX_VALUE };

/** IEEE 754's parameters of a float type; abstract floats are doubles. */
export function formatOf(type: ScalarType): Format {
  return type === f16 ? half : type === f32 ? single : double;
}

/** The float nearest to `mantissa * 2^exponent`, rounded once: ties to even, infinite past the largest. */
export function roundExact(mantissa: bigint, exponent: number, type: ScalarType): number {
  if (mantissa === 0n) return 0;
  const { precision, lowest, largest } = formatOf(type);
  const magnitude = mantissa < 0n ? -mantissa : mantissa;
  const dropped = Math.max(magnitude.toString(2).length - precision, lowest - exponent, 0);
  const kept = magnitude >> BigInt(dropped);
  const twice = (magnitude - (kept << BigInt(dropped))) << 1n;
  const unit = 1n << BigInt(dropped);
  const up = twice > unit || (twice === unit && kept % 2n === 1n);
  const value = Number(up ? kept + 1n : kept) * 2 ** (exponent + dropped);
  const signed = mantissa < 0n ? -1 : 1;
  return signed * (value > largest ? Number.POSITIVE_INFINITY : value);
}

/** `a * b + c` of finite floats with one rounding, as `fma` of C. */
export function fusedMultiplyAdd(a: number, b: number, c: number, type: ScalarType): number {
  const [x, y, z] = [exactly(a), exactly(b), exactly(c)];
  const power = x.exponent + y.exponent;
  const exponent = Math.min(power, z.exponent);
  const product = (x.mantissa * y.mantissa) << BigInt(power - exponent);
  const sum = product + (z.mantissa << BigInt(z.exponent - exponent));
  return sum === 0n ? a * b + c : roundExact(sum, exponent, type);
}

const bytes = new DataView(new ArrayBuffer(8));

function exactly(value: number): { mantissa: bigint; exponent: number } {
  bytes.setFloat64(0, Math.abs(value));
  const bits = bytes.getBigUint64(0);
  const field = Number(bits >> 52n);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = field === 0 ? fraction : fraction | 0x10000000000000n;
  return { mantissa: value < 0 ? -magnitude : magnitude, exponent: Math.max(field, 1) - 1075 };
}
