/** Lengths that every kernel and operation is tested with, and those of them that are not 0. */
export { sizes, someSizes } from "#src/device/conformance/expectations.js";

/** The few that matter most, for slow tests. */
export const edgeSizes = [0, 1, 31, 32, 33, 255, 256, 257] as const;

export const floats = [
  0,
  -0,
  1,
  -1,
  0.5,
  -1.5,
  1e-45,
  1.1754943508222875e-38,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  16_777_216,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
] as const;

export const ints = [
  0, 1, -1, 2, 31, 32, 33, 255, 256, 65_535, 65_536, 2_147_483_647, -2_147_483_648,
] as const;

export const texts = ["", "a", "naïve", "日本語", "🦜 parrot", "\u0000nul", "e\u0301"] as const;
