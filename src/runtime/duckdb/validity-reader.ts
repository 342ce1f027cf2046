import type { Handle, Pinned } from "../../core/native.ts";
import type { Native } from "./native.ts";

/** Collects the bitmaps of vectors into one, made when the first null comes. */
export class ValidityReader {
  readonly #native: Native;
  #scratch: Pinned;
  #bits: Uint8Array | undefined;
  #rows = 0;
  nullCount = 0;

  constructor(native: Native) {
    this.#native = native;
    this.#scratch = native.allocate(8);
  }

  /**
   * Adds rows `first` to `first + count` of a vector. Where one of them is null, gives the vector's bitmap, valid until the
   * next call.
   */
  append(vector: Handle, first: number, count: number): Uint8Array | undefined {
    const from = this.#native.library.vector_get_validity(vector);
    const bitmap = from ? this.#read(from, first + count) : undefined;
    const valid = bitmap === undefined ? count : countBits(bitmap, first, count);
    const row = this.#rows;
    this.#rows += count;
    if (valid < count) {
      this.nullCount += count - valid;
      this.#bits ??= new Uint8Array(0);
    }
    if (this.#bits === undefined) return undefined;
    const bits = this.#reserve(row);
    if (valid === count || bitmap === undefined) {
      fillBits(bits, row, count);
      return undefined;
    }
    copyBits(bitmap, first, count, bits, row);
    return bitmap;
  }

  finish(): Uint8Array | undefined {
    return this.#bits?.slice(0, Math.ceil(this.#rows / 8));
  }

  #read(from: Handle, rows: number): Uint8Array {
    const bytes = Math.ceil(rows / 64) * 8;
    if (this.#scratch.bytes.length < bytes) this.#scratch = this.#native.allocate(bytes);
    this.#native.copy(this.#scratch.address, from, bytes);
    return this.#scratch.bytes;
  }

  /** Room for all rows; those before `row` that have no bits yet are valid. */
  #reserve(row: number): Uint8Array {
    const old = this.#bits ?? new Uint8Array(0);
    const bytes = Math.ceil(this.#rows / 8);
    if (old.length >= bytes) return old;
    const bits = new Uint8Array(Math.max(1024, 2 * bytes));
    if (old.length === 0) fillBits(bits, 0, row);
    else bits.set(old);
    this.#bits = bits;
    return bits;
  }
}

export function isSet(bits: Uint8Array, index: number): boolean {
  return (((bits[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1;
}

const ones = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

/** How many of `count` bits from `first` are set. */
export function countBits(bits: Uint8Array, first: number, count: number): number {
  let total = 0;
  let index = first;
  const end = first + count;
  for (; index < end && (index & 7) !== 0; index++) total += isSet(bits, index) ? 1 : 0;
  for (; index + 8 <= end; index += 8) total += ones[bits[index >>> 3] ?? 0] ?? 0;
  for (; index < end; index++) total += isSet(bits, index) ? 1 : 0;
  return total;
}

/** Sets `count` bits from `first`. */
function fillBits(bits: Uint8Array, first: number, count: number): void {
  let index = first;
  const end = first + count;
  const set = () => {
    bits[index >>> 3] = (bits[index >>> 3] ?? 0) | (1 << (index & 7));
  };
  for (; index < end && (index & 7) !== 0; index++) set();
  const whole = (end - index) >>> 3;
  bits.fill(255, index >>> 3, (index >>> 3) + whole);
  for (index += whole * 8; index < end; index++) set();
}

/** Copies bits into a bitmap whose bits from `to` on are 0. */
export function copyBits(from: Uint8Array, first: number, count: number, into: Uint8Array, to: number): void {
  let done = 0;
  if (((first | to) & 7) === 0) {
    done = count & ~7;
    into.set(from.subarray(first >>> 3, (first + done) >>> 3), to >>> 3);
  }
  for (; done < count; done++) {
    if (isSet(from, first + done))
      into[(to + done) >>> 3] = (into[(to + done) >>> 3] ?? 0) | (1 << ((to + done) & 7));
  }
}
