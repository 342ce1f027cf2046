import type { DictionaryColumn, TextColumn } from "../../core/column.ts";
import type { Handle } from "../../core/native.ts";
import type { ColumnReader } from "./column-reader.ts";
import { Growing } from "./growing.ts";
import type { Native } from "./native.ts";
import type { EngineType } from "./types.ts";
import { isSet, ValidityReader } from "./validity-reader.ts";

type EnumType = Extract<EngineType, { layout: "enum" }>;

/** Numbers the values of an ENUM anew, in the order of their bytes. */
export class EnumReader implements ColumnReader {
  readonly #native: Native;
  readonly #bytes: number;
  readonly #validity: ValidityReader;
  readonly #codes: Growing;
  readonly #scratch: Growing;
  readonly #dictionary: TextColumn;
  readonly #ranks: Uint32Array;
  #rows = 0;

  constructor(native: Native, { bytes, texts }: EnumType, rows: number) {
    this.#native = native;
    this.#bytes = bytes;
    this.#validity = new ValidityReader(native);
    this.#codes = new Growing(native, 4 * rows);
    this.#scratch = new Growing(native, 2048 * bytes);
    const sorted = texts
      .map((text, index) => ({ bytes: Buffer.from(text), index }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    this.#dictionary = textColumn(sorted.map((entry) => entry.bytes));
    this.#ranks = new Uint32Array(texts.length);
    for (const [rank, { index }] of sorted.entries()) this.#ranks[index] = rank;
  }

  append(vector: Handle, first: number, count: number): void {
    const nulls = this.#validity.append(vector, first, count);
    const row = this.#rows;
    this.#rows += count;
    this.#codes.reserve(4 * this.#rows, 4 * row);
    this.#scratch.reserve(count * this.#bytes, 0);
    const from = Number(this.#native.library.vector_get_data(vector)) + first * this.#bytes;
    this.#native.copy(this.#scratch.address, from, count * this.#bytes);
    const codes = codesIn(this.#scratch.bytes.buffer, this.#bytes, count);
    const ranks = new Uint32Array(this.#codes.bytes.buffer, 4 * row, count);
    for (let index = 0; index < count; index++) {
      const isNull = nulls !== undefined && !isSet(nulls, first + index);
      ranks[index] = isNull ? 0 : (this.#ranks[codes[index] ?? 0] ?? 0);
    }
  }

  finish(): DictionaryColumn {
    const bytes = this.#codes.take(4 * this.#rows);
    return {
      layout: "dictionary",
      type: { kind: "utf8" },
      length: this.#rows,
      codes: new Uint32Array(bytes.buffer, bytes.byteOffset, this.#rows),
      dictionary: this.#dictionary,
      validity: this.#validity.finish(),
      nullCount: this.#validity.nullCount,
    };
  }
}

function codesIn(buffer: ArrayBufferLike, bytes: number, count: number) {
  if (bytes === 1) return new Uint8Array(buffer, 0, count);
  return bytes === 2 ? new Uint16Array(buffer, 0, count) : new Uint32Array(buffer, 0, count);
}

function textColumn(texts: readonly Uint8Array[]): TextColumn {
  const offsets = new Int32Array(texts.length + 1);
  for (const [index, text] of texts.entries()) offsets[index + 1] = (offsets[index] ?? 0) + text.length;
  const bytes = new Uint8Array(Buffer.concat(texts));
  return { layout: "text", type: { kind: "utf8" }, length: texts.length, offsets, bytes, nullCount: 0 };
}
