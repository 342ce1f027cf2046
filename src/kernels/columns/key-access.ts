import { formatBytes } from "../../core/bytes.ts";
import type { Bindings, Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { scratch } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { inRows } from "../grid.ts";
import { chunkOf, kernelText, wantsLongThreads } from "../source.ts";
import type { ColumnOptions, FixedMemory, FixedPhysical } from "./column.ts";

const longThreads = 64;

/** How the rows of a column are shared out to threads: `each` in a row a thread. */
export interface RowGrid {
  readonly each: number;
  readonly threads: number;
  readonly groups: readonly [number, number];
}

/** `least` rows a thread on a GPU; on a CPU few threads with whole words of bitmaps. */
export function rowGrid(device: Device, count: number, least = 1): RowGrid {
  const long = wantsLongThreads(device);
  const each = long ? chunkOf(count, longThreads, 32) : least;
  const threads = Math.max(1, Math.ceil(count / each));
  return { each, threads, groups: inRows(long ? threads : Math.ceil(threads / 64)) };
}

/** Scratch memory that a kernel binds as a whole. Throws UNSUPPORTED where the device binds less at once. */
export function wholeScratch(device: Device, options: ColumnOptions, bytes: number, label: string): Scratch {
  assertBindable(device, bytes, label);
  return scratch(device, options, bytes, label);
}

export function assertBindable(device: Device, bytes: number, what: string): void {
  const { bindingBytes } = device.adapter.limits;
  if (bytes <= bindingBytes) return;
  throw new AikoError("UNSUPPORTED", {
    message: `A ${what} of ${formatBytes(bytes)} is more than the ${formatBytes(bindingBytes)} that ${device.label} binds at once`,
    hint: "Work on fewer rows at a time.",
  });
}

export function threadsText(device: Device): string {
  return `const threads = ${wantsLongThreads(device) ? 1 : 64}u;\n`;
}

/** What kernels that take `HashParameters` begin with. */
export function commonText(device: Device): string {
  return threadsText(device) + kernelText("columns/hash-common.wgsl");
}

export interface HashParameters {
  readonly count: number;
  readonly each: number;
  readonly width?: number;
  readonly seed?: number;
  readonly slots?: number;
  readonly mostProbes?: number;
  readonly nullWords?: number;
  readonly chunks?: number;
}

export function hashParameters(values: HashParameters): Uint32Array {
  const { count, each, width = 0, seed = 0, slots = 0, mostProbes = 0, nullWords = 0, chunks = 0 } = values;
  return Uint32Array.of(count, each, width, seed, slots, mostProbes, nullWords, chunks);
}

/** `is_valid` of a column that binds what `sourceOf` gives. */
export const validityText = `@group(0) @binding(2) var<storage, read> validity: array<u32>;
fn is_valid_in(has_nulls: u32, row: u32) -> bool {
  return has_nulls == 0u || ((validity[row / 32u] >> (row % 32u)) & 1u) != 0u;
}
`;

/** 32-bit words of a key. */
export function keyWords(physical: FixedPhysical): 1 | 2 | 4 {
  if (physical === "i128") return 4;
  return physical === "i64" || physical === "u64" || physical === "f64" ? 2 : 1;
}

const wordsOf: Readonly<Record<FixedPhysical, string>> = {
  bits: "vec4((values[row / 32u] >> (row % 32u)) & 1u, 0u, 0u, 0u)",
  i8: "vec4((values[row / 4u] >> (row % 4u * 8u)) & 0xffu, 0u, 0u, 0u)",
  u8: "vec4((values[row / 4u] >> (row % 4u * 8u)) & 0xffu, 0u, 0u, 0u)",
  i16: "vec4((values[row / 2u] >> (row % 2u * 16u)) & 0xffffu, 0u, 0u, 0u)",
  u16: "vec4((values[row / 2u] >> (row % 2u * 16u)) & 0xffffu, 0u, 0u, 0u)",
  i32: "vec4(values[row], 0u, 0u, 0u)",
  u32: "vec4(values[row], 0u, 0u, 0u)",
  i64: "vec4(values[row * 2u], values[row * 2u + 1u], 0u, 0u)",
  u64: "vec4(values[row * 2u], values[row * 2u + 1u], 0u, 0u)",
  i128: "vec4(values[row * 4u], values[row * 4u + 1u], values[row * 4u + 2u], values[row * 4u + 3u])",
  f32: "vec4(canonical_f32(values[row]), 0u, 0u, 0u)",
  f64: "vec4(canonical_f64(vec2(values[row * 2u], values[row * 2u + 1u])), 0u, 0u)",
};

const canonicalText = `fn canonical_f32(bits: u32) -> u32 {
  let size = bits & 0x7fffffffu;
  return select(select(bits, 0u, size == 0u), 0x7fc00000u, size > 0x7f800000u);
}
fn canonical_f64(bits: vec2<u32>) -> vec2<u32> {
  let high = bits.y & 0x7fffffffu;
  if (high > 0x7ff00000u || (high == 0x7ff00000u && bits.x != 0u)) { return vec2(0u, 0x7ff80000u); }
  return select(bits, vec2(0u), (high | bits.x) == 0u);
}
`;

/** A value as words that are equal exactly where values are: -0 is +0, and every NaN the same one. */
export function valueText(physical: FixedPhysical): string {
  const floats = physical === "f32" || physical === "f64" ? canonicalText : "";
  return `${floats}@group(0) @binding(1) var<storage, read> values: array<u32>;
const value_words = ${keyWords(physical)}u;
fn words_of(row: u32) -> vec4<u32> { return ${wordsOf[physical]}; }
`;
}

/** Keys of one and of two words are read as one number. */
const wholeKeys: Readonly<Record<number, string>> = { 1: "u32", 2: "vec2<u32>" };

function keysText(name: string, binding: number, width: number, access: string): string {
  const type = `array<${wholeKeys[width] ?? "u32"}>`;
  return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: ${type};
`;
}

function sameWords(width: number, other: string): string {
  if (width === 1) return `keys[a & 0x7fffffffu] == ${other}[b & 0x7fffffffu]`;
  if (width === 2) return `all(keys[a & 0x7fffffffu] == ${other}[b & 0x7fffffffu])`;
  return `are_same_${other}(a, b)`;
}

function loopText(width: number, other: string): string {
  if (width <= 2) return "";
  return `fn are_same_${other}(a: u32, b: u32) -> bool {
  for (var k = 0u; k < parameters.width; k++) {
    if (keys[a * parameters.width + k] != ${other}[b * parameters.width + k]) { return false; }
  }
  return true;
}
`;
}

function hashText(width: number): string {
  if (width === 1) return "  return mix(parameters.seed ^ keys[row & 0x7fffffffu]);";
  if (width === 2) {
    return "  let key = keys[row & 0x7fffffffu];\n  return mix(mix(parameters.seed ^ key.x) ^ key.y);";
  }
  return `  var h = parameters.seed;
  for (var k = 0u; k < parameters.width; k++) { h = mix(h ^ keys[row * parameters.width + k]); }
  return h;`;
}

/** `hash_of`, `is_same` and `is_null` of rows of words. */
export function wordsText(width: number, access: "read" | "read_write" = "read"): string {
  const word = ["keys[row]", "keys[row][k]"][width - 1] ?? "keys[row * parameters.width + k]";
  const words = width <= 2 ? `${width}u` : "parameters.width";
  return `${keysText("keys", 1, width, access)}${loopText(width, "keys")}fn hash_of(row: u32) -> u32 {
${hashText(width)}
}
fn is_same(a: u32, b: u32) -> bool { return ${sameWords(width, "keys")}; }
fn is_null(row: u32) -> bool {
  for (var k = ${words} - parameters.null_words; k < ${words}; k++) {
    if (${word} != 0u) { return true; }
  }
  return false;
}
`;
}

/** `copy_key` from the keys to `target`, which may be the keys themselves. */
export function copyText(width: number, target: "keys" | "parted"): string {
  const declared = target === "keys" ? "" : keysText(target, 4, width, "read_write");
  const copy =
    width <= 2
      ? `${target}[to] = keys[row];`
      : `for (var k = 0u; k < parameters.width; k++) {
    ${target}[to * parameters.width + k] = keys[row * parameters.width + k];
  }`;
  return `${declared}fn copy_key(row: u32, to: u32) {
  ${copy}
}
`;
}

/** `is_same_there` compares a row with what a slot of the other side's table names. */
export function otherWordsText(width: number): string {
  return `${keysText("other_keys", 3, width, "read")}${loopText(width, "other_keys")}fn is_same_there(a: u32, found: u32) -> bool {
  let b = row_of(found);
  return ${sameWords(width, "other_keys")};
}
`;
}

function textReader(side: string, offsets: number): string {
  return `@group(0) @binding(${offsets}) var<storage, read> ${side}offsets: array<i32>;
@group(0) @binding(${offsets + 1}) var<storage, read> ${side}bytes: array<u32>;
fn ${side}word(at: u32, end: u32) -> u32 {
  let shift = (at & 3u) * 8u;
  var word = ${side}bytes[at / 4u] >> shift;
  if (shift != 0u && (at & 0xfffffffcu) + 4u < end) { word |= ${side}bytes[at / 4u + 1u] << (32u - shift); }
  return select(word & ((1u << (((end - at) * 8u) & 31u)) - 1u), word, end - at >= 4u);
}
`;
}

function sameText(name: string, side: string, other: string): string {
  return `fn ${name}(row: u32, other: u32) -> bool {
  let start = u32(offsets[row]);
  let end = u32(offsets[row + 1u]);
  let other_start = u32(${side}offsets[${other}]);
  let other_end = u32(${side}offsets[${other} + 1u]);
  if (end - start != other_end - other_start) { return false; }
  for (var k = 0u; k < end - start; k += 4u) {
    if (word(start + k, end) != ${side}word(other_start + k, other_end)) { return false; }
  }
  return true;
}
`;
}

/** `hash_of`, `is_same` and `is_null` of texts. */
export function textText(): string {
  return `${textReader("", 1)}fn hash_of(row: u32) -> u32 {
  let start = u32(offsets[row]);
  let end = u32(offsets[row + 1u]);
  var h = mix(parameters.seed ^ (end - start));
  for (var at = start; at < end; at += 4u) { h = mix(h ^ word(at, end)); }
  return h;
}
${sameText("is_same", "", "other")}fn is_null(row: u32) -> bool { return false; }
`;
}

export function otherTextText(): string {
  return textReader("other_", 3) + sameText("is_same_there", "other_", "row_of(other)");
}

const allValid = Uint32Array.of(0xffff_ffff);

/** Bindings of a column: one text serves columns with and without nulls. */
export function sourceOf({ values, validity }: FixedMemory): Bindings {
  return { values, validity: validity ?? allValid };
}
