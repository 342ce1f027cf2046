import { normalTable } from "../../kernels/normal-table.ts";
import {
  type Distribution,
  greatestBelow,
  type RandomSource,
  randomConstants,
} from "../../kernels/random.ts";

export interface HostRandom extends RandomSource {
  readonly distribution: Distribution;
  readonly low?: number | undefined;
  readonly range?: number | undefined;
  readonly scale?: number | undefined;
  readonly shift?: number | undefined;
  readonly probability?: number | undefined;
}

type Words = [number, number, number, number];

/** One block of Philox4x32-10. */
export function philox(counter: Readonly<Words>, key: readonly [number, number]): Words {
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < 10; round++) {
    const left = (high(c2, 0xcd9e8d57) ^ c1 ^ k0) >>> 0;
    const right = (high(c0, 0xd2511f53) ^ c3 ^ k1) >>> 0;
    c1 = Math.imul(c2, 0xcd9e8d57) >>> 0;
    c3 = Math.imul(c0, 0xd2511f53) >>> 0;
    c0 = left;
    c2 = right;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The high word of a product of two. */
function high(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
  const carry = middle >= 2 ** 32 ? 65_536 : 0;
  const other = (Math.imul(a0, b1) >>> 0) + (middle & 0xffff);
  return (
    (Math.imul(a1, b1) + (middle >>> 16) + carry + (other >>> 16) + (other >= 2 ** 32 ? 65_536 : 0)) >>> 0
  );
}

/** arrays: the result. The same numbers as the kernels', bit for bit. */
export function randomNumbers(
  [result]: readonly (Float32Array | Int32Array | Uint32Array | Uint8Array)[],
  work: HostRandom,
): void {
  if (result === undefined) return;
  const { distribution, seed, stream, offset, scale = 1, shift = 0 } = work;
  const most = greatestBelow(Math.fround(shift + scale));
  const scaled = (x: number) => Math.fround(Math.fround(x * scale) + shift);
  const key = [Number(seed & 0xffffffffn), Number(seed >> 32n)] as const;
  const { low, range, threshold } = randomConstants(work);
  const table = distribution === "normal" ? normalTable() : new Uint32Array(0);
  let words: Words = [0, 0, 0, 0];
  let drawn = -1;
  const draw = (block: number, attempt: number): Words =>
    philox([block % 2 ** 32, Math.floor(block / 2 ** 32), attempt, stream], key);
  const integer = (first: number, block: number, lane: number): number => {
    if (range === 0) return (first + low) | 0;
    let word = first;
    for (let attempt = 1; Math.imul(word, range) >>> 0 < threshold; attempt++) {
      word = draw(block, attempt)[lane] ?? 0;
    }
    return (high(word, range) + low) | 0;
  };
  for (let at = 0; at < result.length; at++) {
    const index = offset + at;
    const block = Math.floor(index / 4);
    if (block !== drawn) {
      words = draw(block, 0);
      drawn = block;
    }
    const word = words[index % 4] ?? 0;
    if (distribution === "uniform") result[at] = Math.min(most, scaled((word >>> 8) * 2 ** -24));
    else if (distribution === "normal") result[at] = scaled(normal(word, table));
    else if (distribution === "integers") result[at] = integer(word, block, index % 4);
    else if (distribution === "bernoulli") result[at] = Number(word < threshold || range === 1);
    else result[at] = word;
  }
}

/** The normal number of a word, in the fixed-point arithmetic of the kernel. */
export function normal(word: number, table: Uint32Array): number {
  const tail = word & 0x7fffffff;
  const zeros = Math.clz32(tail | 1);
  const fraction = ((tail << zeros) << 1) >>> 0;
  const entry = 4 * (tail === 0 ? 496 : 495 - (31 - zeros) * 16 - (fraction >>> 28));
  const t = ~(fraction << 4) >>> 0;
  let z = table[entry] as number;
  for (let degree = 1; degree < 4; degree++) z = (table[entry + degree] as number) + high(z, t);
  const shift = 8 - Math.min(8, Math.clz32(z));
  const size = (z >>> shift) * 2 ** (shift - 29);
  return word >>> 31 === 1 ? -size : size;
}
