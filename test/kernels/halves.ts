import type { HalfType } from "#src/kernels/index.js";

/** What 16 bits stand for, from the definition of the formats. */
export function halfValue(type: HalfType, bits: number): number {
  const [exponentBits, fractionBits] = type === "f16" ? [5, 10] : [8, 7];
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7fff) >> fractionBits;
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias);
  return sign * (1 + fraction) * 2 ** (exponent - bias);
}

const finite = new Map<HalfType, Float64Array>();

/** The values of 0x0000, 0x0001, ... up to the largest finite one: they ascend. */
function ladder(type: HalfType): Float64Array {
  let values = finite.get(type);
  if (values === undefined) {
    const infinite = type === "f16" ? 0x7c00 : 0x7f80;
    values = Float64Array.from({ length: infinite }, (_, bits) => halfValue(type, bits));
    finite.set(type, values);
  }
  return values;
}

/** The bits of the nearest half, ties to even, found among all of them. */
export function nearestHalf(type: HalfType, value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const steps = ladder(type);
  let low = 0;
  let high = steps.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) <= magnitude) low = middle;
    else high = middle;
  }
  const below = steps[low] ?? 0;
  const above = steps[low + 1] ?? 2 * below - (steps[low - 1] ?? 0);
  const up =
    magnitude - below > above - magnitude || (magnitude - below === above - magnitude && low % 2 === 1);
  return sign | (up ? low + 1 : low);
}
