/** Per octave of the tail probability. */
const segments = 16;
const octaves = 31;
/** The extreme of the tail has an entry of its own. */
export const normalTableEntries = octaves * segments + 1;

let table: Uint32Array | undefined;

/** All of `normalTableFiller`'s words. Takes 10 ms the first time. */
export function normalTable(): Uint32Array {
  if (table !== undefined) return table;
  table = new Uint32Array(normalTableEntries * 4);
  normalTableFiller()(table, 0, table.length);
  return table;
}

/** cos(pi / 8) and cos(3 pi / 8): the nodes of a cubic that is off by least. */
const nodes = [-0.9238795325112867, -0.3826834323650898, 0.3826834323650898, 0.9238795325112867].map(
  (cosine) => (1 + cosine) / 2,
);

/**
 * Writes cubic polynomials for the upper half of the inverse normal distribution, from its middle to its tail: four
 * coefficients each with 29 fraction bits, the highest degree first; over segments as in Lee, Luk, Villasenor and Cheung, "A
 * Gaussian Noise Generator for Hardware-Based Simulations", 2004. Only sums, products, quotients and square roots of doubles,
 * so that the bits are the same everywhere. To be called for one range of words after the other: each number is the next
 * one's first guess.
 */
export function normalTableFiller(): (words: Uint32Array, start: number, end: number) => void {
  let z = 0;
  return (words, start, end) => {
    for (let entry = start / 4; entry < end / 4; entry++) {
      const segment = octaves * segments - 1 - entry;
      const values = nodes.map((node) => {
        const fraction = ((segment % segments) + 1 - node) / segments;
        const size = 2 ** Math.floor(segment / segments) * (1 + fraction);
        z = upperQuantile(segment < 0 ? 2 ** -33 : (size + 0.5) / 2 ** 32, z);
        return z;
      });
      words.set((segment < 0 ? [0, 0, 0, z] : nowhereNegative(monomials(values))).map(fixed), entry * 4);
    }
  };
}

/**
 * Next to the middle, where the distribution bends the other way, the quadratic coefficient comes out at -7 units. The unsigned
 * arithmetic of the kernels would take it for a large one; as a part of the linear one it is off by 2 units.
 */
function nowhereNegative([cubic = 0, quadratic = 0, linear = 0, constant = 0]: number[]): number[] {
  const rest = Math.min(0, quadratic);
  return [cubic, quadratic - rest, linear + rest, Math.max(0, constant)];
}

function fixed(value: number): number {
  return Math.round(value * 2 ** 29);
}

/** Coefficients of the cubic through the values at the nodes, by divided differences; the highest degree first. */
function monomials(values: readonly number[]): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = values;
  const [x0 = 0, x1 = 0, x2 = 0, x3 = 0] = nodes;
  const [ab, bc, cd] = [(b - a) / (x1 - x0), (c - b) / (x2 - x1), (d - c) / (x3 - x2)];
  const [abc, bcd] = [(bc - ab) / (x2 - x0), (cd - bc) / (x3 - x1)];
  const abcd = (bcd - abc) / (x3 - x0);
  return [
    abcd,
    abc - abcd * (x0 + x1 + x2),
    ab - abc * (x0 + x1) + abcd * (x0 * x1 + x0 * x2 + x1 * x2),
    a - ab * x0 + abc * x0 * x1 - abcd * x0 * x1 * x2,
  ];
}

/** The number that a normal number exceeds with this probability below a half: Newton's method from a guess below. */
function upperQuantile(probability: number, guess: number): number {
  let z = guess;
  for (let steps = 0; steps < 8; steps++) {
    const density = exponential((z * z) / 2) / 2.5066282746310002;
    const step = (upperTail(z, density) - probability) / density;
    z += step;
    if (Math.abs(step) < 2 ** -36) break;
  }
  return z;
}

/** Abramowitz and Stegun, 26.2.11 and 26.2.14. */
function upperTail(z: number, density: number): number {
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; term > sum * 2 ** -54; n++) {
      term *= (z * z) / (2 * n + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let n = 50; n > 0; n--) fraction = z + n / fraction;
  return density / fraction;
}

/** exp(-x) for x from 0; the powers of a small step. */
function exponential(x: number): number {
  const step = -x / 1024;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 14; n++) {
    term *= step / n;
    sum += term;
  }
  for (let doubling = 0; doubling < 10; doubling++) sum *= sum;
  return sum;
}
