/** Lengths that every kernel and operation is tested with: around vectors, workgroups and pages. */
export const sizes = [
  0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025,
  65_535, 65_536, 65_537,
] as const;

/** The same without nothing, for what needs at least one element. */
export const someSizes = sizes.filter((size) => size > 0);

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
