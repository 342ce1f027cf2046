import { constants } from "node:buffer";
import { alignUp, formatBytes } from "../../core/bytes.ts";
import { type Koffi, loadFfi, loadLibrary } from "../../core/ffi.ts";
import { type Handle, NativeMemory, type Pinned } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import { bindDuckDb, type DuckDbLibrary, type ResultValue, resultBytes } from "./library.ts";

function unfilled(byteLength: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(byteLength);
  } catch (cause) {
    throw new AikoError("OUT_OF_MEMORY", {
      message: `Cannot allocate ${formatBytes(byteLength)} for a column`,
      hint: "Read the result in batches.",
      cause,
    });
  }
}

/** Of the largest value in a vector. */
const valueBytes = 16;

/** DuckDB's library and the memory that calls pass, for one thread. */
export class Native {
  readonly #koffi: Koffi;
  readonly #copy: (to: Handle, from: Handle, bytes: number) => void;
  readonly library: DuckDbLibrary;
  readonly memory: NativeMemory;

  private constructor(koffi: Koffi, library: DuckDbLibrary) {
    this.#koffi = koffi;
    this.library = library;
    this.memory = new NativeMemory(koffi);
    const system = koffi.load(process.platform === "win32" ? "msvcrt.dll" : null);
    this.#copy = system.func("memcpy", "void", ["void *", "void *", "size_t"]);
  }

  static async load(path: string): Promise<Native> {
    const koffi = await loadFfi();
    return new Native(koffi, bindDuckDb(koffi, await loadLibrary(koffi, path)));
  }

  copy(to: Handle, from: Handle, bytes: number): void {
    if (bytes > 0) this.#copy(to, from, bytes);
  }

  /** Uninitialised memory of its own, which can go to another thread; its size is rounded up to whole values. */
  allocate(byteLength: number): Pinned {
    const rounded = Math.max(valueBytes, alignUp(byteLength, valueBytes));
    if (rounded > constants.MAX_LENGTH) {
      throw new AikoError("RESULT_TOO_LARGE", {
        message: `A column of the result needs ${formatBytes(rounded)}, more than an array holds (${formatBytes(constants.MAX_LENGTH)})`,
        hint: "Read the result in batches.",
      });
    }
    return this.memory.pin(new Uint8Array(unfilled(rounded).buffer));
  }

  /** Calls with the address of a place for a handle, and gives what was put there. */
  made(call: (out: number) => void): Handle {
    this.memory.put(0, 0);
    call(this.memory.slot(0));
    return this.memory.handleAt(0);
  }

  /** Destroys through the address of a handle, as DuckDB wants it. */
  destroy(kind: (handle: Handle) => unknown, handle: Handle): void {
    if (handle !== 0) kind(this.memory.put(1, handle));
  }

  withType<T>(type: Handle, use: (type: Handle) => T): T {
    try {
      return use(type);
    } finally {
      this.destroy(this.library.destroy_logical_type, type);
    }
  }

  /** A text that DuckDB allocated for the caller. */
  takeText(address: Handle): string {
    const text: string = this.#koffi.decode(BigInt(address), "char", -1);
    this.library.free(address);
    return text;
  }

  resultValue(result: Handle): ResultValue {
    const words = new BigUint64Array(this.memory.at(result, resultBytes).bytes.slice().buffer);
    return Object.fromEntries(Array.from(words, (word, index) => [`word${index}`, word]));
  }
}
