import { AikoError } from "../../errors.ts";
import { kernelText } from "../source.ts";
import type { FixedMemory, FixedPhysical, Memory } from "./column.ts";

/** One integer of a column that is compared as a whole: all of a value, or the high or low word of an `i128`. */
export interface KeyPart {
  readonly column: FixedMemory;
  readonly part: "whole" | "high" | "low";
}

/** The rows that count, in order: all, or those in a list. */
export interface RowSet {
  readonly count: number;
  readonly rows?: Memory | undefined;
}

const unsigned = 0;
const signed = 1;
const float = 2;

const kinds: Readonly<Record<Exclude<FixedPhysical, "i128">, readonly [kind: number, bits: number]>> = {
  bits: [unsigned, 1],
  i8: [signed, 8],
  u8: [unsigned, 8],
  i16: [signed, 16],
  u16: [unsigned, 16],
  i32: [signed, 32],
  u32: [unsigned, 32],
  i64: [signed, 64],
  u64: [unsigned, 64],
  f32: [float, 32],
  f64: [float, 64],
};

/** Bits of a value. */
export function bitsOf(physical: FixedPhysical): number {
  return physical === "i128" ? 128 : kinds[physical][1];
}

/** The parts of a column from the most significant on. */
export function keyParts(column: FixedMemory): readonly KeyPart[] {
  const parts = column.physical === "i128" ? (["high", "low"] as const) : (["whole"] as const);
  return parts.map((part) => ({ column, part }));
}

/** Bytes of the unsigned integers that a part's keys are. */
export function keyBytes({ column }: KeyPart): 4 | 8 {
  return bitsOf(column.physical) < 64 ? 4 : 8;
}

/**
 * WGSL for a kernel whose uniform `parameters` begins with `column: Column`: the bindings `values` (1), `validity` (2) and
 * `rows` (3), `row_at(position)`, `is_valid(row)`, and `key_of_row(row)`, an unsigned integer `U` in the order of the
 * values: NaN above all, -0 as +0. `raw_of_row(row)` is the value's bits, `raw_from_ordered(key)` gives them back.
 */
export function keyText({ column }: KeyPart, { rows }: RowSet): string {
  return `${orderedText(column.physical)}${rowText(column, rows !== undefined)}`;
}

/** The part of it that does not read: `Column`, `U`, `ordered` and `raw_from_ordered`. */
export function orderedText(physical: FixedPhysical): string {
  return [
    "const float_values = 2u;\n",
    "struct Column { kind: u32, log_bits: u32, flip: u32, offset: u32 }\n",
    kernelText(bitsOf(physical) < 64 ? "columns/keys-narrow.wgsl" : "columns/keys-wide.wgsl"),
  ].join("");
}

/** The part of it that reads. */
export function rowText({ physical, validity }: FixedMemory, listed: boolean): string {
  const bits = bitsOf(physical);
  return [
    bits < 32 ? packedText : `fn raw_of_row(row: u32) -> U { return values[${places[bits] ?? "row"}]; }\n`,
    "fn key_of_row(row: u32) -> U { return ordered(raw_of_row(row)); }\n",
    setText(validity !== undefined, listed),
  ].join("");
}

/** `is_valid(row)` and `row_at(position)`. */
export function setText(nullable: boolean, listed: boolean): string {
  const valid = nullable ? validityText : "fn is_valid(row: u32) -> bool { return true; }\n";
  return `${valid}${listed ? listedText : "fn row_at(at: u32) -> u32 { return at; }\n"}`;
}

const places: Readonly<Record<number, string>> = {
  32: "row & 0x7fffffffu",
  64: "row & 0x7fffffffu",
  128: "(row & 0x7fffffffu) * 2u + parameters.column.offset",
};

const packedText = `fn raw_of_row(row: u32) -> u32 {
  let log_bits = parameters.column.log_bits;
  let log_rows = 5u - log_bits;
  let word = values[(row & 0x7fffffffu) >> log_rows];
  return (word >> ((row & ((1u << log_rows) - 1u)) << log_bits)) & (0xffffffffu >> (32u - (1u << log_bits)));
}
`;
const validityText = `@group(0) @binding(2) var<storage, read> validity: array<u32>;
fn is_valid(row: u32) -> bool {
  return ((validity[(row & 0x7fffffffu) >> 5u] >> (row & 31u)) & 1u) != 0u;
}
`;
const listedText = `@group(0) @binding(3) var<storage, read> rows: array<u32>;
fn row_at(at: u32) -> u32 { return rows[at & 0x7fffffffu]; }
`;

/** What `Column` of `keyText` holds. */
export function keyParameters({ column: { physical }, part }: KeyPart): readonly number[] {
  const [kind, bits] = physical === "i128" ? [part === "high" ? signed : unsigned, 64] : kinds[physical];
  const flip = kind === signed ? 2 ** (Math.min(bits, 32) - 1) : 0;
  return [kind, Math.log2(bits), flip, part === "high" ? 1 : 0];
}

export function keyBindings({ column }: KeyPart, { rows }: RowSet): Record<string, Memory> {
  const { values, validity } = column;
  return {
    values,
    ...(validity === undefined ? {} : { validity }),
    ...(rows === undefined ? {} : { rows }),
  };
}

const mostRows = 2 ** 31;

export function checkRows(count: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= mostRows) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A column cannot have ${count} rows: it has at most ${mostRows}`,
  });
}
