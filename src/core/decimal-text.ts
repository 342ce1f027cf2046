const low64 = (1n << 64n) - 1n;

/** The integer that two 64-bit words are, the low one first. */
export function wideInteger(values: BigInt64Array, row: number): bigint {
  const low = values[row * 2] ?? 0n;
  const high = values[row * 2 + 1] ?? 0n;
  return high === low >> 63n ? low : (high << 64n) | (low & low64);
}

export function setWideInteger(values: BigInt64Array, row: number, value: bigint): void {
  values[row * 2] = value;
  values[row * 2 + 1] = value >> 64n;
}

/** `value` times 10 ** -scale: -12345 with scale 2 is "-123.45". */
export function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return value.toString();
  const isNegative = value < 0n;
  const digits = (isNegative ? -value : value).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${isNegative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const decimalPattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/**
 * The integer that stands for a number in decimal(precision, scale): "1.5" with scale 2 is 150. A sentence saying what is
 * wrong where it is no number, or would lose digits.
 */
export function parseDecimal(text: string, precision: number, scale: number): bigint | string {
  const match = decimalPattern.exec(text.trim());
  const [, sign, whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || whole.length + fraction.length === 0) return "is no decimal number";
  const digits = `${whole}${fraction}`.replace(/^0+(?=\d)/, "");
  if (/^0+$/.test(digits)) return 0n;
  const shift = scale + Number(exponent) - fraction.length;
  if (digits.length + shift > precision) return `has more digits than decimal(${precision}, ${scale})`;
  let scaled = digits;
  if (shift >= 0) scaled += "0".repeat(shift);
  else {
    const kept = Math.max(0, digits.length + shift);
    if (/[1-9]/.test(digits.slice(kept))) return `has more than ${scale} digits after the point`;
    scaled = digits.slice(0, kept) || "0";
  }
  const value = BigInt(scaled);
  return sign === "-" ? -value : value;
}

/** 10 ** digits, the first magnitude that `digits` digits cannot write. */
export function decimalBound(digits: number): bigint {
  return 10n ** BigInt(digits);
}
