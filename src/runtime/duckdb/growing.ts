import type { Pinned } from "../../core/native.ts";
import type { Native } from "./native.ts";

/** Memory that native code writes and that grows. */
export class Growing {
  readonly #native: Native;
  #memory: Pinned;

  constructor(native: Native, byteLength: number) {
    this.#native = native;
    this.#memory = native.allocate(byteLength);
  }

  get bytes(): Uint8Array {
    return this.#memory.bytes;
  }

  get address(): number {
    return this.#memory.address;
  }

  /** Makes room for `byteLength` bytes, of which the first `used` are kept. */
  reserve(byteLength: number, used: number): void {
    if (byteLength <= this.#memory.bytes.length) return;
    const grown = this.#native.allocate(Math.max(byteLength, Math.ceil(1.5 * this.#memory.bytes.length)));
    grown.bytes.set(this.#memory.bytes.subarray(0, used));
    this.#memory = grown;
  }

  /** The first `used` bytes, in memory that is not much larger. */
  take(used: number): Uint8Array {
    const { bytes } = this.#memory;
    return used > bytes.length * 0.75 || bytes.length < 4096 ? bytes.subarray(0, used) : bytes.slice(0, used);
  }
}
