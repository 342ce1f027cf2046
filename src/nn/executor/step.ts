import type { MatrixProduct } from "../../device/device.ts";
import type { Buffer } from "./buffer.ts";
import type { Pointwise } from "./pointwise.ts";

/** One call of the vendor's matrix product. */
export interface LibraryProduct {
  readonly label: string;
  readonly product: Omit<MatrixProduct, "a" | "b" | "c" | "out">;
  /** What `a`, `b` and `out` are, and where in them the operands start, in bytes. */
  readonly bindings: Readonly<Record<"a" | "b" | "out", Buffer>>;
  readonly offsets: { readonly a: number; readonly b: number };
}

/** One call of a plan. */
export type Command = Dispatch | LibraryProduct;

/** One kernel call of a plan. */
export interface Dispatch {
  readonly label: string;
  readonly text: string;
  readonly entryPoint: string;
  /** Lets the compiler fuse multiplications with additions. */
  readonly contract?: boolean;
  readonly bindings: Readonly<Record<string, Buffer>>;
  /** What the binding `p` holds. */
  readonly parameters: Uint8Array;
  readonly workgroups: readonly [number, number];
}

/** Kernel calls that belong together: what they read is alive until the last of them, their scratch only there. */
export interface Step {
  readonly label: string;
  /** Operators of the model that it computes. */
  readonly operators: readonly string[];
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
  readonly scratch: readonly Buffer[];
  readonly flops: number;
  /** Of what it reads, what may share memory with what it writes. */
  readonly replaceable: readonly Buffer[];
  /** What it is where the host could compute it, too. */
  readonly pointwise?: Pointwise | undefined;
  /** The calls; with `replaced` the result is where that buffer is. */
  dispatches(replaced: Buffer | undefined): readonly Command[];
}

/** What plans depend on. */
export interface DeviceTraits {
  /** Few, long threads: see `wantsLongThreads`. */
  readonly long: boolean;
  readonly f64: boolean;
  /** The vendor's library multiplies f32 matrices. */
  readonly blas: boolean;
  /** Threads at the same time, of a device of long threads. */
  readonly threads: number;
}

/** The fields of a kernel's parameters, all of them words. */
export class Words {
  readonly #names: string[] = [];
  readonly #values: number[] = [];

  /** Adds a field and returns what reads it. Negative numbers wrap, as addresses made with them do. */
  add(name: string, value: number): string {
    this.#names.push(name);
    this.#values.push(value);
    return `p.${name}`;
  }

  addAll(fields: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(fields)) this.add(name, value);
  }

  get text(): string {
    const fields = this.#names.map((name) => `${name}: u32`).join(", ");
    return `struct Parameters { ${fields} }\n@group(0) @binding(0) var<uniform> p: Parameters;\n`;
  }

  get bytes(): Uint8Array {
    const padded = Math.ceil(this.#values.length / 4) * 4;
    const words = new Uint32Array(padded);
    this.#values.forEach((value, at) => {
      words[at] = value;
    });
    return new Uint8Array(words.buffer);
  }
}

/** Threads for so much work on a device of long threads: one where handing it out would cost more. */
export function threadsFor(work: number, each: number): number {
  return Math.max(1, Math.min(64, Math.ceil(work / each)));
}
