export type Wide = "i64" | "u64";

/** 64-bit arithmetic with WGSL's meaning, on bigints. */
export const wrap = (type: Wide, value: bigint): bigint =>
  type === "i64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);

const scratch = new DataView(new ArrayBuffer(4));

export function floatBits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** The f32 so many steps further from zero. */
function step(value: number, by: number): number {
  scratch.setUint32(0, floatBits(value) + by);
  return scratch.getFloat32(0);
}

/** The nearest f32, of two equally near the one whose last bit is 0. */
export function nearestFloat(value: bigint): number {
  const about = Math.fround(Number(value));
  if (BigInt(about) === value) return about;
  const distance = (float: number) => {
    const difference = BigInt(float) - value;
    return difference < 0n ? -difference : difference;
  };
  return [step(about, -1), step(about, 1)].reduce((best, other) => {
    const [near, far] = [distance(best), distance(other)];
    return far < near || (far === near && floatBits(other) % 2 === 0) ? other : best;
  }, about);
}

/** Towards zero, kept within what both types hold; NaN is the lowest value. */
export function fromFloat(type: Wide, value: number): bigint {
  const [low, high] = type === "i64" ? [-(2n ** 63n), 2n ** 63n - 2n ** 39n] : [0n, 2n ** 64n - 2n ** 40n];
  if (Number.isNaN(value) || value <= Number(low)) return low;
  return value >= Number(high) ? high : BigInt(Math.trunc(value));
}

function divide(a: bigint, b: bigint): bigint {
  return b === 0n ? a : a / b;
}

function remainder(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : a % b;
}

export const binaries: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": divide,
  "%": remainder,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
};

export const comparisons: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
};

const bits = (value: bigint) => BigInt.asUintN(64, value).toString(2).padStart(64, "0");

export const bitFunctions: Readonly<Record<string, (value: bigint) => bigint>> = {
  countOneBits: (value) => BigInt(bits(value).replaceAll("0", "").length),
  countLeadingZeros: (value) => BigInt(`${bits(value)}1`.indexOf("1")),
  countTrailingZeros: (value) => BigInt(64 - (bits(value).lastIndexOf("1") + 1 || 0)),
  firstTrailingBit: (value) => BigInt(bits(value).includes("1") ? 63 - bits(value).lastIndexOf("1") : -1),
  firstLeadingBit: (value) => {
    const at = bits(value).indexOf(value < 0n ? "0" : "1");
    return BigInt(at < 0 ? -1 : 63 - at);
  },
  reverseBits: (value) => BigInt(`0b${[...bits(value)].reverse().join("")}`),
};
