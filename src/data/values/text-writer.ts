import { makeHostArray } from "../../core/host-array.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";

const chunkBytes = 4 << 20;
/** Longer strings are left to the engine: so many characters take it as long to start. */
const shortLength = 24;
const loneSurrogate = /\p{Surrogate}/u;

/** Gathers strings as UTF-8. */
export class TextWriter {
  #full: Uint8Array[] = [];
  #chunk = Buffer.allocUnsafeSlow(1 << 16);
  #at = 0;
  #before = 0;

  get byteLength(): number {
    return this.#before + this.#at;
  }

  /** False for a string that has no UTF-8: half of a surrogate pair. */
  append(text: string): boolean {
    if (this.#at + text.length * 3 > this.#chunk.length) this.#grow(text.length * 3);
    if (text.length <= shortLength && this.#appendAscii(text)) return true;
    if (loneSurrogate.test(text)) return false;
    this.#at += this.#chunk.write(text, this.#at);
    return true;
  }

  async finish(): Promise<Uint8Array> {
    if (this.#full.length === 0) return this.#chunk.subarray(0, this.#at);
    const bytes = makeHostArray("u8", this.byteLength);
    let at = 0;
    for (const part of [...this.#full, this.#chunk.subarray(0, this.#at)]) {
      while (isTurnLong()) await nextTurn();
      bytes.set(part, at);
      at += part.length;
    }
    this.#full = [];
    return bytes;
  }

  #appendAscii(text: string): boolean {
    const chunk = this.#chunk;
    const start = this.#at;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 127) return false;
      chunk[start + at] = unit;
    }
    this.#at = start + text.length;
    return true;
  }

  #grow(least: number): void {
    this.#full.push(this.#chunk.subarray(0, this.#at));
    this.#before += this.#at;
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(least, Math.min(chunkBytes, this.#chunk.length * 4)));
    this.#at = 0;
  }
}
