import type { Device, Kernel } from "../../device/device.ts";
import { type KernelOptions, workOptions } from "../axis.ts";
import { inRows } from "../grid.ts";
import { kernelOn, kernelText } from "../source.ts";
import type { Memory } from "./column.ts";
import type { KeyRange } from "./key-range.ts";
import { type KeyPart, keyBindings, keyBytes, keyParameters, keyText, type RowSet } from "./order-keys.ts";

export interface KeyOrder {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Some bits of the integer that stands for a row in sorting. */
export interface KeyField {
  readonly key: KeyPart;
  readonly bits: number;
  readonly base: bigint;
  /** Added to every value that is not null. */
  readonly offset: 0 | 1;
  readonly nulls: bigint;
  readonly descending: boolean;
  /** The field says only whether there is a value. */
  readonly onlyNulls: boolean;
}

/** Fields side by side in at most 64 bits, the least significant first. */
export interface KeyWord {
  readonly fields: readonly KeyField[];
  readonly bits: number;
}

/** What tells the rows of one key apart, from the most significant field on; nothing where all are the same. */
export function keyFields(
  parts: readonly KeyPart[],
  ranges: readonly KeyRange[],
  count: number,
  { descending, nullsFirst }: KeyOrder,
): readonly KeyField[] {
  const fields: KeyField[] = [];
  for (const [index, key] of parts.entries()) {
    const range = ranges[index];
    if (range === undefined || range.valid === 0) continue;
    const span = range.greatest - range.least;
    const base = descending ? range.greatest : range.least;
    const hasNulls = index === 0 && range.valid < count;
    const field = { key, base, descending, onlyNulls: false, offset: 0, nulls: 0n } as const;
    const valueBits = bitLength(span);
    if (hasNulls && valueBits === 64) {
      const offset = nullsFirst ? 1 : 0;
      fields.push({ ...field, bits: 1, onlyNulls: true, offset, nulls: BigInt(1 - offset) });
    } else if (hasNulls) {
      const nulls = nullsFirst ? 0n : span + 1n;
      fields.push({ ...field, bits: bitLength(span + 1n), offset: nullsFirst ? 1 : 0, nulls });
      continue;
    }
    if (valueBits > 0) fields.push({ ...field, bits: valueBits });
  }
  return fields;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** Fields from the most significant on, in words from the least significant on. */
export function keyWords(fields: readonly KeyField[]): readonly KeyWord[] {
  const words: { fields: KeyField[]; bits: number }[] = [];
  for (const field of fields.toReversed()) {
    const word = words.at(-1);
    if (word !== undefined && word.bits + field.bits <= 64) {
      word.fields.push(field);
      word.bits += field.bits;
    } else {
      words.push({ fields: [field], bits: field.bits });
    }
  }
  return words;
}

export function wordBytes({ bits }: KeyWord): 4 | 8 {
  return bits <= 32 ? 4 : 8;
}

/** Enqueues what makes one word of each row in the set. */
export async function makeWords(
  device: Device,
  word: KeyWord,
  set: RowSet,
  words: Memory,
  options: KernelOptions,
): Promise<void> {
  let shift = 0;
  for (const [index, field] of word.fields.entries()) {
    const kernel = await kernelFor(device, field, word, set, "make_words");
    const parameters = parametersOf(field, set.count, { shift, adds: index > 0 });
    const bindings = { parameters, ...keyBindings(field.key, set), words };
    device.dispatch(kernel, bindings, inRows(Math.ceil(set.count / 64)), workOptions(options));
    shift += field.bits;
  }
}

/** Enqueues a bitmap of the rows whose word, of one field, is at most `most`. */
export async function markWords(
  device: Device,
  word: KeyWord,
  count: number,
  most: bigint,
  mask: Memory,
  options: KernelOptions,
): Promise<void> {
  const [field] = word.fields;
  if (field === undefined) return;
  const set = { count };
  const kernel = await kernelFor(device, field, word, set, "mark_words");
  const bindings = { parameters: parametersOf(field, count, { most }), ...keyBindings(field.key, set), mask };
  device.dispatch(kernel, bindings, inRows(Math.ceil(count / 32 / 64)), workOptions(options));
}

function kernelFor(
  device: Device,
  field: KeyField,
  word: KeyWord,
  set: RowSet,
  entryPoint: "make_words" | "mark_words",
): Promise<Kernel> {
  const text = [
    keyText(field.key, set),
    `alias W = ${wordBytes(word) === 8 ? "u64" : "u32"};\n`,
    fromWords("key_from", keyBytes(field.key)),
    fromWords("word_from", wordBytes(word)),
    kernelText("columns/key-words.wgsl"),
  ].join("");
  return kernelOn(device, text, { entryPoint, label: entryPoint });
}

interface WordParameters {
  readonly shift?: number;
  readonly adds?: boolean;
  readonly most?: bigint;
}

function parametersOf(
  field: KeyField,
  count: number,
  { shift = 0, adds = false, most = 0n }: WordParameters,
): Uint32Array {
  const flags = (field.descending ? 1 : 0) | (adds ? 2 : 0) | (field.onlyNulls ? 4 : 0);
  const wide = [field.base, field.nulls, most].flatMap(halves);
  return Uint32Array.of(...keyParameters(field.key), count, shift, flags, field.offset, ...wide, 0, 0);
}

function fromWords(name: string, bytes: 4 | 8): string {
  return bytes === 8
    ? `fn ${name}(words: vec2<u32>) -> u64 { return bitcast<u64>(words); }\n`
    : `fn ${name}(words: vec2<u32>) -> u32 { return words.x; }\n`;
}

function halves(value: bigint): [number, number] {
  return [Number(value & 0xffff_ffffn), Number(value >> 32n)];
}
