import koffi, { type KoffiFunc, type LibraryHandle } from "koffi";
import { expect } from "vitest";
import type { Built } from "./build.ts";

type Word = number | bigint | string | NodeJS.ArrayBufferView | null;

/** The functions of the fake libraries by name, for tests of the fake itself. */
export class Raw {
  readonly #driver: LibraryHandle;
  readonly #nvrtc: LibraryHandle;
  readonly #functions = new Map<string, KoffiFunc<(...args: Word[]) => number>>();

  constructor(built: Built) {
    this.#driver = koffi.load(built.driver);
    this.#nvrtc = koffi.load(built.nvrtc);
  }

  /** Calls a function; numbers are passed as 64-bit words, memory and text by address. */
  call(name: string, ...args: Word[]): number {
    const types = args.map((value) =>
      typeof value === "string" ? "str" : isView(value) ? "void *" : "int64",
    );
    const key = `${name}(${types.join(",")})`;
    let found = this.#functions.get(key);
    if (found === undefined) {
      const library = name.startsWith("nvrtc") ? this.#nvrtc : this.#driver;
      found = library.func(name, "int", types);
      this.#functions.set(key, found);
    }
    return found(...args.map((value) => value ?? 0));
  }

  /** The call must succeed. */
  ok(name: string, ...args: Word[]): void {
    expect(`${name} ${this.call(name, ...args)}`).toBe(`${name} 0`);
  }

  /** What a function writes to its first argument. */
  made(name: string, ...args: Word[]): bigint {
    const out = new BigUint64Array(1);
    this.ok(name, out, ...args);
    return out[0] ?? 0n;
  }

  compile(text: string, options: readonly string[] = ["--gpu-architecture=sm_90"]): Buffer | string {
    const program = new BigUint64Array(1);
    this.ok("nvrtcCreateProgram", program, text, "test.cu", 0, 0, 0);
    const texts = options.map((option) => Buffer.from(`${option}\0`));
    const table = BigUint64Array.from(texts, (bytes) => BigInt(koffi.address(bytes)));
    const handle = program[0] ?? 0n;
    const status = this.call("nvrtcCompileProgram", handle, options.length, table);
    const image = options.some((option) => option.includes("compute_")) ? "PTX" : "CUBIN";
    const what = status === 0 ? image : "ProgramLog";
    const size = new BigUint64Array(1);
    this.ok(`nvrtcGet${what}Size`, handle, size);
    const bytes = Buffer.alloc(Number(size[0]));
    this.ok(`nvrtcGet${what}`, handle, bytes);
    this.ok("nvrtcDestroyProgram", program);
    return status === 0 ? bytes : bytes.toString("utf8");
  }

  kernel(text: string, name: string, options?: readonly string[]): bigint {
    const image = this.compile(text, options);
    if (typeof image === "string") throw new Error(image);
    return this.made("cuModuleGetFunction", this.made("cuModuleLoadDataEx", image, 0, 0, 0), name);
  }

  launch(kernel: bigint, grid: number, block: number, stream: bigint, ...args: (number | bigint)[]): number {
    const words = args.map((value) => BigUint64Array.of(BigInt(value)));
    const table = BigUint64Array.from(words, (word) => BigInt(koffi.address(word)));
    return this.call("cuLaunchKernel", kernel, grid, 1, 1, block, 1, 1, 0, stream, table, 0);
  }

  /** Words of device memory, after all work of the stream. */
  words(address: bigint, count: number, stream: bigint): Uint32Array {
    const into = new Uint32Array(count);
    this.ok("cuMemcpyDtoHAsync_v2", into, address, count * 4, stream);
    return into;
  }
}

function isView(value: Word): boolean {
  return ArrayBuffer.isView(value);
}
