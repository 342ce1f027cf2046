import type { AddressSpace, ScalarName } from "../../types.ts";

export type Size = readonly [number, number, number];

export interface Needs {
  readonly contract: boolean;
  readonly half: boolean;
  readonly double: boolean;
  /** Whether some threads of a subgroup may call its operations without the others. */
  readonly divergent: boolean;
}

/** How loops that are not plainly counted ask whether the host wants them to end. */
export interface Watchdog {
  readonly parameter: string;
  /** What functions take and hand on. */
  readonly parameters: readonly string[];
  readonly arguments: readonly string[];
  /** At the start of a kernel. */
  readonly locals: readonly string[];
  /** At the start of such a loop's body. */
  readonly poll: string;
}

/**
 * What one C-like language spells unlike the other. All else is shared, the names of OpenCL C's vector functions included:
 * a language without them defines them in its prelude.
 */
export interface Dialect {
  readonly language: string;
  readonly scalars: Readonly<Record<Exclude<ScalarName, "abstractInt" | "abstractFloat">, string>>;
  readonly suffixes: Readonly<Record<"i64" | "u64", string>>;
  /** Whether the values of matrices with 4, 8 or 16 lanes and unpadded columns are single vectors. */
  readonly wideMatrices: boolean;
  /** Whether initialisers name the members of a structure; otherwise they come in order and `{}` is zero. */
  readonly namesMembers: boolean;
  /** Whether `goto` may pass initialised declarations. */
  readonly jumpsOverDeclarations: boolean;
  /** Whether there are subgroup operations, under WGSL's names. */
  readonly subgroups: boolean;
  /** Before helpers, before other functions, before a bound pointer's name. */
  readonly inline: string;
  readonly static: string;
  readonly restrict: string;
  readonly watchdog: Watchdog;
  /** Helpers that go through f16 without the f16 type. */
  readonly helpers: Readonly<Record<"pack2x16float" | "unpack2x16float" | "quantize", string>>;

  /** Everything before and after `code`. */
  wrap(code: readonly string[], needs: Needs): string[];
  vector(lane: string, size: number): string;
  construct(type: string, parts: readonly string[]): string;
  lane(vector: string, index: number | string): string;
  swizzle(vector: string, lanes: readonly number[]): string;
  /** One lane of `v` by the run-time index `i`: a function's statements. */
  dynamicLane(lane: string, size: number): string;
  reinterpret(type: string, text: string): string;
  convert(type: string, text: string, saturate?: boolean): string;
  /** A comparison of vectors whose lanes take `bytes`, as lanes of int that are -1 or 0. */
  mask(bytes: number, size: number, text: string): string;
  /** Component-wise choice by a mask, between vectors whose lanes take `bytes`. */
  choose(bytes: number, size: number, no: string, yes: string, mask: string): string;
  /** An address space before a type, with a space behind it where it is not empty. */
  space(space: AddressSpace | "constant"): string;
  constant(type: string, name: string, initializer: string): string;
  shared(type: string, name: string): string;
  kernel(name: string, parameters: readonly string[], size: Size): string;
  barrier(space: "workgroup" | "storage"): string;
  /** The value of a built-in input of the entry point. */
  input(name: string, size: Size): string;
  linearIndex(size: Size): string;
}
