import { seeded } from "../support/random.js";
import { wrap } from "./wide-oracle.js";

/** What an expression reads: the fields of the kernel's input. */
export interface Given {
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
  readonly d: bigint;
  readonly i: number;
  readonly u: number;
  readonly f: number;
}

const edges = [
  0n,
  1n,
  -1n,
  2n,
  -2n,
  3n,
  10n,
  255n,
  65535n,
  65536n,
  -65536n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 31n - 1n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 32n + 1n,
  -(2n ** 32n),
  2n ** 48n - 1n,
  2n ** 53n - 1n,
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 63n) + 1n,
  2n ** 24n + 1n,
  2n ** 25n + 3n,
  0xffffff8000000000n,
  0x8000008000000001n,
];
const words = [0, 1, 31, 32, 33, 63, 64, 65, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
const floats = [
  0,
  -0,
  0.75,
  -0.75,
  1,
  -1.5,
  2 ** 31,
  2 ** 32,
  -(2 ** 32) - 512,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  2 ** 64,
  1e30,
  -1e30,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  2 ** 63 - 2 ** 39,
  16777217.5,
  1e-40,
];

/** Inputs for the expressions: every pair of edge values, then numbers of random length. */
export function givenValues(count: number, seed: number): Given[] {
  const random = seeded(seed);
  const word = () => BigInt(Math.floor(random() * 2 ** 32));
  const any = () => {
    if (random() < 0.2) return edges[Math.floor(random() * edges.length)] ?? 0n;
    const bits = BigInt.asIntN(64, (word() << 32n) | word()) >> BigInt(Math.floor(random() * 64));
    return random() < 0.5 ? bits : -bits;
  };
  return Array.from({ length: count }, (_, at) => {
    const [first, second] = [edges[Math.floor(at / edges.length)], edges[at % edges.length]];
    const [a, b] = first === undefined || second === undefined ? [any(), any()] : [first, second];
    const [c, d] = first === undefined || random() < 0.2 ? [any(), any()] : [a, b];
    return {
      a: wrap("i64", a),
      b: wrap("i64", b),
      c: wrap("u64", c),
      d: wrap("u64", d),
      i: (words[at % words.length] ?? 0) | 0,
      u: at % 3 === 0 ? Math.floor(random() * 2 ** 32) : (words[Math.floor(random() * words.length)] ?? 0),
      f: Math.fround(
        at % 2 === 0 ? (floats[(at / 2) % floats.length] ?? 0) : (random() - 0.5) * 2 ** (random() * 70),
      ),
    };
  });
}
