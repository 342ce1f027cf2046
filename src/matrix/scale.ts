import { setImmediate as nextTurn } from "node:timers/promises";

/** About a millisecond of JavaScript. */
const piece = 1 << 20;

/** Writes `factor * source` to `out`, repeating `source` until `out` is full, and yields between pieces. */
export async function scaleInto(out: Float32Array, source: Float32Array, factor: number): Promise<void> {
  const scale = Math.fround(factor);
  for (let start = 0; start < out.length; start += source.length) {
    for (let from = 0; from < source.length; from += piece) {
      const end = Math.min(source.length, from + piece);
      for (let index = from; index < end; index++) out[start + index] = scale * (source[index] ?? 0);
      if (end < source.length) await nextTurn();
    }
  }
}
