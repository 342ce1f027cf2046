import type { TextColumn } from "../../core/column.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import type { ColumnReader } from "./column-reader.ts";
import { Growing } from "./growing.ts";
import type { Native } from "./native.ts";
import { isSet, ValidityReader } from "./validity-reader.ts";

/** A `duckdb_string_t`: a length, then either up to twelve bytes or four of them and an address. */
const stringBytes = 16;
const mostInline = 12;
/** Copies are made in words, which may end after the text. */
const slack = 16;
const mostBytes = 2 ** 31 - 1 - slack;
/** Longer ones are copied by a call. */
const fewWords = 64;

/**
 * Short texts are copied from the vector word by word. Long ones lie one after another in DuckDB's memory, mostly, and come
 * over in runs: four calls for 2,048 rows of a result that was materialized.
 */
export class TextReader implements ColumnReader {
  readonly #native: Native;
  readonly #expected: number;
  readonly #validity: ValidityReader;
  readonly #offsets: Growing;
  readonly #bytes: Growing;
  readonly #strings: Growing;
  readonly #staging: Growing;
  #rows = 0;
  #used = 0;

  constructor(native: Native, rows: number) {
    this.#native = native;
    this.#expected = rows;
    this.#validity = new ValidityReader(native);
    this.#offsets = new Growing(native, 4 * (rows + 1));
    this.#bytes = new Growing(native, 4096);
    this.#strings = new Growing(native, 2048 * stringBytes);
    this.#staging = new Growing(native, 4096);
  }

  append(vector: Handle, first: number, count: number): void {
    const nulls = this.#validity.append(vector, first, count);
    this.#strings.reserve(count * stringBytes, 0);
    const from = Number(this.#native.library.vector_get_data(vector)) + first * stringBytes;
    this.#native.copy(this.#strings.address, from, count * stringBytes);
    const strings = new Uint32Array(this.#strings.bytes.buffer, 0, count * 4);
    if (nulls !== undefined) {
      for (let row = 0; row < count; row++) if (!isSet(nulls, first + row)) strings[4 * row] = 0;
    }
    const { inlined, long } = totals(strings);
    this.#reserve(count, inlined + long);
    const offsets = new Int32Array(this.#offsets.bytes.buffer, this.#rows * 4, count + 1);
    offsets[0] = this.#used;
    if (long === 0) copyInlined(strings, offsets, this.#bytes.bytes);
    else if (inlined === 0) {
      this.#copyRuns(strings, this.#bytes.address + this.#used);
      addLengths(strings, offsets);
    } else {
      this.#staging.reserve(long + slack, 0);
      this.#copyRuns(strings, this.#staging.address);
      merge(strings, this.#staging.bytes, offsets, this.#bytes.bytes);
    }
    this.#rows += count;
    this.#used += inlined + long;
  }

  finish(): TextColumn {
    const offsets = this.#offsets.take(4 * (this.#rows + 1));
    if (this.#rows === 0) offsets.fill(0);
    return {
      layout: "text",
      type: { kind: "utf8" },
      length: this.#rows,
      offsets: new Int32Array(offsets.buffer, offsets.byteOffset, this.#rows + 1),
      bytes: this.#bytes.take(this.#used),
      validity: this.#validity.finish(),
      nullCount: this.#validity.nullCount,
    };
  }

  #reserve(count: number, bytes: number): void {
    const rows = this.#rows + count;
    this.#offsets.reserve(4 * (rows + 1), 4 * (this.#rows + 1));
    const needed = this.#used + bytes;
    if (needed > mostBytes) {
      throw new AikoError("RESULT_TOO_LARGE", {
        message: `A text column of the result has more than ${mostBytes} bytes, the most that its offsets reach`,
        hint: "Read the result in batches, or select fewer rows.",
      });
    }
    if (needed + slack <= this.#bytes.bytes.length) return;
    const likely = Math.ceil((1.05 * needed * this.#expected) / rows);
    this.#bytes.reserve(Math.min(mostBytes, Math.max(needed, likely)) + slack, this.#used);
  }

  /** Copies the long ones, one after another. */
  #copyRuns(strings: Uint32Array, to: number): void {
    let at = to;
    let start = 0;
    let bytes = 0;
    for (let word = 0; word < strings.length; word += 4) {
      const length = strings[word] ?? 0;
      if (length <= mostInline) continue;
      const address = (strings[word + 3] ?? 0) * 2 ** 32 + (strings[word + 2] ?? 0);
      if (address !== start + bytes) {
        this.#native.copy(at, start, bytes);
        at += bytes;
        start = address;
        bytes = 0;
      }
      bytes += length;
    }
    this.#native.copy(at, start, bytes);
  }
}

function totals(strings: Uint32Array): { inlined: number; long: number } {
  let inlined = 0;
  let long = 0;
  for (let word = 0; word < strings.length; word += 4) {
    const length = strings[word] ?? 0;
    if (length <= mostInline) inlined += length;
    else long += length;
  }
  return { inlined, long };
}

function addLengths(strings: Uint32Array, offsets: Int32Array): void {
  let at = offsets[0] ?? 0;
  for (let row = 0, word = 0; word < strings.length; word += 4) {
    at += strings[word] ?? 0;
    offsets[++row] = at;
  }
}

function copyInlined(strings: Uint32Array, offsets: Int32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  let at = offsets[0] ?? 0;
  for (let row = 0, word = 0; word < strings.length; word += 4) {
    view.setUint32(at, strings[word + 1] ?? 0, true);
    view.setUint32(at + 4, strings[word + 2] ?? 0, true);
    view.setUint32(at + 8, strings[word + 3] ?? 0, true);
    at += strings[word] ?? 0;
    offsets[++row] = at;
  }
}

function merge(strings: Uint32Array, staging: Uint8Array, offsets: Int32Array, bytes: Uint8Array): void {
  const from = new DataView(staging.buffer);
  const view = new DataView(bytes.buffer);
  let at = offsets[0] ?? 0;
  let staged = 0;
  for (let row = 0, word = 0; word < strings.length; word += 4) {
    const length = strings[word] ?? 0;
    if (length <= mostInline) {
      view.setUint32(at, strings[word + 1] ?? 0, true);
      view.setUint32(at + 4, strings[word + 2] ?? 0, true);
      view.setUint32(at + 8, strings[word + 3] ?? 0, true);
    } else {
      if (length <= fewWords) {
        for (let byte = 0; byte < length; byte += 4) {
          view.setUint32(at + byte, from.getUint32(staged + byte, true), true);
        }
      } else bytes.set(staging.subarray(staged, staged + length), at);
      staged += length;
    }
    at += length;
    offsets[++row] = at;
  }
}
