import type { Account } from "./account.ts";

/** Memory of a device that somebody else allocated, and that counts against the budget until this is disposed. */
export class Hold implements Disposable {
  readonly #account: Account;
  #byteLength: number;

  /** @internal */
  constructor(account: Account, byteLength: number) {
    this.#account = account;
    this.#byteLength = byteLength;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Gives back what exceeds `byteLength`. */
  shrink(byteLength: number): void {
    if (byteLength >= this.#byteLength) return;
    this.#account.give(this.#byteLength - byteLength);
    this.#byteLength = byteLength;
  }

  dispose(): void {
    this.shrink(0);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
