/** Bitmaps as Apache Arrow has them: bit i is bit `i % 8` of byte `i / 8`, the least significant first. */

/** All 0, in whole words of 4 bytes. */
export function makeBitmap(length: number): Uint8Array {
  return new Uint8Array(Math.ceil(length / 32) * 4);
}

export function bitAt(bits: Uint8Array, at: number): boolean {
  return (((bits[at >>> 3] ?? 0) >>> (at & 7)) & 1) === 1;
}

export function setBit(bits: Uint8Array, at: number): void {
  bits[at >>> 3] = (bits[at >>> 3] ?? 0) | (1 << (at & 7));
}

export function clearBit(bits: Uint8Array, at: number): void {
  bits[at >>> 3] = (bits[at >>> 3] ?? 0) & ~(1 << (at & 7));
}

const ones = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});

/** How many of `length` bits from bit `first` on are 1. */
export function countBits(bits: Uint8Array, first: number, length: number): number {
  const end = first + length;
  let count = 0;
  let at = first;
  for (; at < end && (at & 7) !== 0; at++) count += bitAt(bits, at) ? 1 : 0;
  for (; at + 8 <= end; at += 8) count += ones[bits[at >>> 3] ?? 0] ?? 0;
  for (; at < end; at++) count += bitAt(bits, at) ? 1 : 0;
  return count;
}

/** Copies `length` bits from bit `first` of `source` to bit `at` of `target`, which does not share memory with it. */
export function copyBits(
  source: Uint8Array,
  first: number,
  target: Uint8Array,
  at: number,
  length: number,
): void {
  let done = 0;
  for (; done < length && ((at + done) & 7) !== 0; done++) copyBit(source, first + done, target, at + done);
  const shift = (first + done) & 7;
  let from = (first + done) >>> 3;
  let to = (at + done) >>> 3;
  if (shift === 0) {
    const bytes = (length - done) >>> 3;
    target.set(source.subarray(from, from + bytes), to);
    done += bytes * 8;
  } else {
    for (; done + 8 <= length; done += 8, from++, to++) {
      target[to] = ((source[from] ?? 0) >>> shift) | ((source[from + 1] ?? 0) << (8 - shift));
    }
  }
  for (; done < length; done++) copyBit(source, first + done, target, at + done);
}

/** `length` bits from bit `first` on: a view where that is the first bit of a byte, else a copy. */
export function sliceBits(bits: Uint8Array, first: number, length: number): Uint8Array {
  if ((first & 7) === 0) return bits.subarray(first >>> 3, (first + length + 7) >>> 3);
  const copy = makeBitmap(length);
  copyBits(bits, first, copy, 0, length);
  return copy;
}

/** Sets `length` bits from bit `first` on to 1. */
export function fillBits(bits: Uint8Array, first: number, length: number): void {
  const end = first + length;
  let at = first;
  for (; at < end && (at & 7) !== 0; at++) setBit(bits, at);
  const bytes = (end - at) >>> 3;
  if (bytes > 0) bits.fill(255, at >>> 3, (at >>> 3) + bytes);
  for (at += bytes * 8; at < end; at++) setBit(bits, at);
}

function copyBit(source: Uint8Array, first: number, target: Uint8Array, at: number): void {
  if (bitAt(source, first)) setBit(target, at);
  else clearBit(target, at);
}
