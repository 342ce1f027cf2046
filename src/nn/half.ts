const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The bits of the nearest f16, ties to even; beyond 65,504 infinity. */
export function toHalf(value: number): number {
  float[0] = value;
  const word = bits[0] ?? 0;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(float[0] ?? 0);
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(Math.abs(value) * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | (((exponent + 14) << 10) + roundToEven((Math.abs(value) / 2 ** exponent) * 1024));
}

/** The bits of the nearest bf16, ties to even. */
export function toBrainFloat(value: number): number {
  float[0] = value;
  const word = bits[0] ?? 0;
  if (Number.isNaN(value)) return ((word >>> 16) & 0x8000) | 0x7fc0;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export function fromBrainFloat(half: number): number {
  bits[0] = half << 16;
  return float[0] ?? 0;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
