/** Bytes of text, four at a time. */
export class TextWords {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  hash(start: number, end: number): number {
    let hash = Math.imul(end - start, 0x9e3779b1);
    if (end - start < 4) hash = mixed(hash, this.#short(start, end));
    else {
      for (let at = start; at + 4 <= end; at += 4) hash = mixed(hash, this.#view.getUint32(at, true));
      if (((end - start) & 3) !== 0) hash = mixed(hash, this.#view.getUint32(end - 4, true));
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }

  /** Whether as many bytes from two places on are the same. */
  equal(a: number, b: number, length: number): boolean {
    if (length < 4) return this.#short(a, a + length) === this.#short(b, b + length);
    for (let at = 0; at + 4 <= length; at += 4) {
      if (this.#view.getUint32(a + at, true) !== this.#view.getUint32(b + at, true)) return false;
    }
    const last = length - 4;
    return this.#view.getUint32(a + last, true) === this.#view.getUint32(b + last, true);
  }

  /** The four bytes from a place on as a number that orders as they do; 0 for those past the end. */
  prefix(start: number, end: number): number {
    if (start + 4 <= end) return this.#view.getUint32(start, false);
    let prefix = 0;
    for (let at = start; at < start + 4; at++)
      prefix = (prefix << 8) | (at < end ? (this.#bytes[at] ?? 0) : 0);
    return prefix >>> 0;
  }

  #short(start: number, end: number): number {
    let word = 0;
    for (let at = start; at < end; at++) word = (word << 8) | (this.#bytes[at] ?? 0);
    return word;
  }
}

/** A step of MurmurHash3: https://github.com/aappleby/smhasher */
function mixed(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const next = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}
