import { byteLengthOf, type DType } from "../core/dtype.ts";
import { computeType } from "../expression/expression.ts";

/** Elements in a word of 4 bytes, or 1: what one thread owns at least when it writes. */
export function perWord(dtype: DType): number {
  return Math.max(1, 4 / byteLengthOf(dtype, 1));
}

/** What memory holds: words where elements are narrower. */
export function storageType(dtype: DType): string {
  return byteLengthOf(dtype, 1) < 4 ? "u32" : dtype;
}

/** The declaration of an input, and the function `load_at` that gives one of its elements. */
export function inputText(at: number, dtype: DType): string {
  const declared = `@group(0) @binding(${at + 2}) var<storage, read> input_${at}: array<${storageType(dtype)}>;`;
  const decode = decodings[dtype];
  const parts = perWord(dtype);
  const word = `input_${at}[at >> ${parts === 4 ? 2 : 1}u]`;
  const shift = parts === 4 ? "(at & 3u) * 8u" : "(at & 1u) * 16u";
  const loaded = decode === undefined ? `input_${at}[at]` : decode(`${word} >> (${shift})`);
  return `${declared}\nfn load_${at}(at: u32) -> ${computeType(dtype)} { return ${loaded}; }`;
}

const decodings: Readonly<Partial<Record<DType, (part: string) => string>>> = {
  i8: (part) => `i32((${part}) << 24u) >> 24u`,
  u8: (part) => `(${part}) & 0xffu`,
  bool: (part) => `((${part}) & 0xffu) != 0u`,
  i16: (part) => `i32((${part}) << 16u) >> 16u`,
  u16: (part) => `(${part}) & 0xffffu`,
  bf16: (part) => `bitcast<f32>((${part}) << 16u)`,
  f16: (part) => `unpack2x16float((${part}) & 0xffffu).x`,
};

export interface Narrowing {
  /** The bits of a value, in the low bits of a u32. */
  readonly encode: (value: string) => string;
  readonly functions: readonly string[];
}

export const narrowings: Readonly<Partial<Record<DType, Narrowing>>> = {
  i8: { encode: (value) => `(bitcast<u32>(${value}) & 0xffu)`, functions: [] },
  u8: { encode: (value) => `(${value} & 0xffu)`, functions: [] },
  bool: { encode: (value) => `u32(${value})`, functions: [] },
  i16: { encode: (value) => `(bitcast<u32>(${value}) & 0xffffu)`, functions: [] },
  u16: { encode: (value) => `(${value} & 0xffffu)`, functions: [] },
  bf16: { encode: (value) => `encode_bf16(${value})`, functions: ["encode_bf16"] },
  f16: { encode: (value) => `encode_f16(${value})`, functions: ["encode_f16"] },
};
