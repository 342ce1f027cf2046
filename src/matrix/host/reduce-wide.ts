import { isWide, type NumberData, type WideData } from "./line.ts";

type ReduceWide = (data: NumberData | WideData, start: number, n: number, stride: number) => bigint | number;

/** So many 32-bit integers add up exactly in a double. */
const exactRun = 1 << 20;

const sum: ReduceWide = (data, start, n, stride) => {
  let total = 0n;
  if (isWide(data)) {
    for (let at = 0; at < n; at++) total += data[start + at * stride] as bigint;
    return total;
  }
  for (let from = 0; from < n; from += exactRun) {
    let run = 0;
    const end = Math.min(n, from + exactRun);
    for (let at = from; at < end; at++) run += data[start + at * stride] as number;
    total += BigInt(run);
  }
  return total;
};

const product: ReduceWide = (data, start, n, stride) => {
  let total = 1n;
  for (let at = 0; at < n; at++)
    total = BigInt.asIntN(64, total * BigInt(data[start + at * stride] as bigint));
  return total;
};

const best =
  (isBetter: (value: bigint, found: bigint) => boolean, result: "value" | "position"): ReduceWide =>
  (data, start, n, stride) => {
    let at = 0;
    let found = data[start] as bigint;
    for (let i = 1; i < n; i++) {
      const value = data[start + i * stride] as bigint;
      if (isBetter(value, found)) {
        found = value;
        at = i;
      }
    }
    return result === "value" ? found : at;
  };

const isLess = (value: bigint, found: bigint) => value < found;
const isGreater = (value: bigint, found: bigint) => value > found;

/** What 64-bit integers need: results in them wrap when stored. */
export const wideReductions: Readonly<Record<string, ReduceWide>> = {
  sum,
  product,
  min: best(isLess, "value"),
  max: best(isGreater, "value"),
  argMin: best(isLess, "position"),
  argMax: best(isGreater, "position"),
  any: (data, start, n, stride) => {
    for (let at = 0; at < n; at++) if (data[start + at * stride] !== 0n) return 1;
    return 0;
  },
  all: (data, start, n, stride) => {
    for (let at = 0; at < n; at++) if (data[start + at * stride] === 0n) return 0;
    return 1;
  },
};
