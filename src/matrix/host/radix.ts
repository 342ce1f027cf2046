import type { NumberData } from "./line.ts";

const bits = 11;
const digits = 1 << bits;
const passes = 3;

/** u32 that order as the numbers do; NaN is above all of them. */
function keysOf(numbers: NumberData, zerosAreEqual: boolean): Uint32Array {
  const n = numbers.length;
  if (numbers instanceof Float32Array) {
    const words = new Uint32Array(numbers.buffer, numbers.byteOffset, n);
    const keys = new Uint32Array(n);
    for (let at = 0; at < n; at++) {
      const raw = words[at] as number;
      const size = raw & 0x7fffffff;
      const word = zerosAreEqual && size === 0 ? 0 : raw;
      keys[at] = size > 0x7f800000 ? 0xffffffff : word ^ ((word >> 31) | 0x80000000);
    }
    return keys;
  }
  const isSigned =
    numbers instanceof Int32Array || numbers instanceof Int16Array || numbers instanceof Int8Array;
  const flip = isSigned ? 0x80000000 : 0;
  const keys = new Uint32Array(n);
  for (let at = 0; at < n; at++) keys[at] = (numbers[at] as number) ^ flip;
  return keys;
}

function countsOf(keys: Uint32Array): Uint32Array {
  const counts = new Uint32Array(digits * passes);
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as number;
    const low = key & (digits - 1);
    const middle = digits + ((key >>> bits) & (digits - 1));
    const high = 2 * digits + (key >>> (2 * bits));
    counts[low] = (counts[low] as number) + 1;
    counts[middle] = (counts[middle] as number) + 1;
    counts[high] = (counts[high] as number) + 1;
  }
  return counts;
}

/** Where each digit starts, in place; undefined where all keys have the same digit. */
function startsOf(counts: Uint32Array, pass: number, n: number): Uint32Array | undefined {
  const starts = counts.subarray(pass * digits, (pass + 1) * digits);
  let total = 0;
  for (let digit = 0; digit < digits; digit++) {
    const count = starts[digit] as number;
    if (count === n) return undefined;
    starts[digit] = total;
    total += count;
  }
  return starts;
}

/** Ascending; every NaN becomes the same one. */
export function radixValues(numbers: NumberData): NumberData {
  const n = numbers.length;
  let keys = keysOf(numbers, false);
  let other: Uint32Array = new Uint32Array(n);
  const counts = countsOf(keys);
  for (let pass = 0; pass < passes; pass++) {
    const starts = startsOf(counts, pass, n);
    if (starts === undefined) continue;
    const shift = pass * bits;
    for (let at = 0; at < n; at++) {
      const key = keys[at] as number;
      const digit = (key >>> shift) & (digits - 1);
      const to = starts[digit] as number;
      starts[digit] = to + 1;
      other[to] = key;
    }
    [keys, other] = [other, keys];
  }
  if (!(numbers instanceof Float32Array)) {
    const flip =
      numbers instanceof Int32Array || numbers instanceof Int16Array || numbers instanceof Int8Array
        ? 0x80000000
        : 0;
    for (let at = 0; at < n; at++) numbers[at] = (keys[at] as number) ^ flip;
    return numbers;
  }
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, n);
  for (let at = 0; at < n; at++) {
    const key = keys[at] as number;
    words[at] = key === 0xffffffff ? 0x7fc00000 : key ^ (key >>> 31 === 1 ? 0x80000000 : 0xffffffff);
  }
  return numbers;
}

/** Positions of the numbers in their order, stable. */
export function radixOrder(numbers: NumberData, descending: boolean): Uint32Array {
  const n = numbers.length;
  let keys = keysOf(numbers, true);
  if (descending) for (let at = 0; at < n; at++) keys[at] = ~(keys[at] as number);
  let otherKeys: Uint32Array = new Uint32Array(n);
  let order: Uint32Array = Uint32Array.from(keys, (_, at) => at);
  let otherOrder: Uint32Array = new Uint32Array(n);
  const counts = countsOf(keys);
  for (let pass = 0; pass < passes; pass++) {
    const starts = startsOf(counts, pass, n);
    if (starts === undefined) continue;
    const shift = pass * bits;
    for (let at = 0; at < n; at++) {
      const key = keys[at] as number;
      const digit = (key >>> shift) & (digits - 1);
      const to = starts[digit] as number;
      starts[digit] = to + 1;
      otherKeys[to] = key;
      otherOrder[to] = order[at] as number;
    }
    [keys, otherKeys] = [otherKeys, keys];
    [order, otherOrder] = [otherOrder, order];
  }
  return order;
}
