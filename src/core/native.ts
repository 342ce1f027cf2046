import type { LibraryHandle } from "koffi";
import type { Koffi } from "./ffi.ts";

/** A native object or an address. koffi gives numbers below 2^53 and bigints above; both go back in. */
export type Handle = number | bigint;

export interface Call<A extends readonly unknown[], R> {
  (...args: A): R;
  async(...args: [...A, (error: unknown, result: R) => void]): void;
}

/** By name: the result, then the parameters. Pointers are passed as addresses, which koffi converts ten times faster. */
export type Signatures<T> = Readonly<Record<keyof T, readonly [result: string, ...parameters: string[]]>>;

/** The functions of a loaded library. Throws where one is missing. */
export function bindFunctions<T>(library: LibraryHandle, signatures: Signatures<T>): T {
  const entries: [string, readonly [result: string, ...parameters: string[]]][] = Object.entries(signatures);
  return Object.fromEntries(
    entries.map(([name, [result, ...parameters]]) => [name, library.func(name, result, parameters)]),
  ) as T;
}

/** Memory that native code reads or writes: its bytes stay put, and `address` is theirs. */
export interface Pinned {
  readonly bytes: Uint8Array;
  readonly address: number;
}

const pageBytes = 4096;

/** Memory to pass to native functions. */
export class NativeMemory {
  readonly #koffi: Koffi;
  readonly #scratch: Pinned;
  readonly #word = new Uint32Array(1);
  /** Out and in parameters of one synchronous call, by 8-byte slot. */
  readonly slots: BigUint64Array;

  constructor(koffi: Koffi) {
    this.#koffi = koffi;
    this.#scratch = this.pinned(pageBytes);
    const { buffer, byteOffset } = this.#scratch.bytes;
    this.slots = new BigUint64Array(buffer, byteOffset, pageBytes / 8);
  }

  /** Address of a scratch slot. */
  slot(index: number): number {
    return this.#scratch.address + index * 8;
  }

  /** Stores a handle in a scratch slot and returns the slot's address. */
  put(index: number, value: Handle): number {
    this.slots[index] = BigInt(value);
    return this.slot(index);
  }

  handleAt(index: number): Handle {
    return Number(this.slots[index]);
  }

  int32At(index: number): number {
    return Number(BigInt.asIntN(32, this.slots[index] ?? 0n));
  }

  float32At(index: number): number {
    this.#word[0] = Number(BigInt.asUintN(32, this.slots[index] ?? 0n));
    return new Float32Array(this.#word.buffer)[0] ?? 0;
  }

  /** Memory of `bytes` as native code sees it. The caller keeps `bytes` alive while it is used. */
  pin(bytes: Uint8Array): Pinned {
    return { bytes, address: Number(this.#koffi.address(bytes)) };
  }

  /** New page-aligned, uninitialised memory. */
  pinned(byteLength: number): Pinned {
    const whole = this.pin(new Uint8Array(Buffer.allocUnsafeSlow(byteLength + pageBytes).buffer));
    const skip = (pageBytes - (whole.address % pageBytes)) % pageBytes;
    return { bytes: whole.bytes.subarray(skip, skip + byteLength), address: whole.address + skip };
  }

  /** Memory that native code allocated, which must outlive every use of the result. */
  at(address: Handle, byteLength: number): Pinned {
    return {
      bytes: new Uint8Array(this.#koffi.view(BigInt(address), byteLength)),
      address: Number(address),
    };
  }
}

const held = new Set<object>();

/** A call on a thread of the pool, so that JavaScript goes on. `keep` stays alive until it returns. */
export function callAsync<A extends readonly unknown[], R>(
  call: Call<A, R>,
  keep: object,
  ...args: A
): Promise<R> {
  const holder = { keep };
  held.add(holder);
  return new Promise((resolve, reject) => {
    call.async(...args, (error, result) => {
      held.delete(holder);
      if (error) reject(error);
      else resolve(result);
    });
  });
}
