import { type ColumnType, physicalOf } from "../../core/column-type.ts";
import { dtypes } from "../../core/dtype.ts";
import type { Handle } from "../../core/native.ts";
import { Growing } from "./growing.ts";
import type { Native } from "./native.ts";
import { copyBits, countBits, isSet } from "./validity-reader.ts";

/** An array of another thread. Addresses mean the same in every thread. */
export interface SentArray {
  readonly address: number;
  readonly byteLength: number;
}

interface SentBase {
  readonly type: ColumnType;
  readonly length: number;
  readonly validity?: SentArray | undefined;
}

export type SentColumn = SentBase &
  (
    | { readonly layout: "fixed"; readonly values: SentArray }
    | { readonly layout: "text"; readonly offsets: SentArray; readonly bytes: SentArray }
    | { readonly layout: "dictionary"; readonly codes: SentArray; readonly dictionary: SentColumn }
    | { readonly layout: "list"; readonly offsets: SentArray; readonly items: SentColumn }
  );

const wordBytes = 4;
const entryBytes = 16;
const mostInline = 12;

/**
 * Writes rows of a column into vectors. Texts of more than twelve bytes stay where they are: a vector refers to them, and
 * appending it copies them.
 */
export class VectorWriter {
  readonly #native: Native;
  readonly #column: SentColumn;
  /** Bitmaps, offsets or codes, then texts, then what goes into the vector. */
  readonly #first: Growing;
  readonly #second: Growing;
  readonly #entries: Growing;
  readonly #items: VectorWriter | undefined;
  readonly #dictionary: Uint32Array;

  constructor(native: Native, column: SentColumn) {
    this.#native = native;
    this.#column = column;
    this.#first = new Growing(native, 1024);
    this.#second = new Growing(native, 1024);
    this.#entries = new Growing(native, 1024);
    this.#items = column.layout === "list" ? new VectorWriter(native, column.items) : undefined;
    const { length } = column.layout === "dictionary" ? column.dictionary : { length: 0 };
    this.#dictionary = new Uint32Array(4 * length);
    if (column.layout === "dictionary" && column.dictionary.layout === "text") {
      this.#strings(column.dictionary, 0, length);
      this.#dictionary.set(new Uint32Array(this.#entries.bytes.buffer, 0, 4 * length));
    }
  }

  write(vector: Handle, first: number, count: number): void {
    const { library } = this.#native;
    if (count === 0) return;
    this.#writeValidity(vector, first, count);
    const to = library.vector_get_data(vector);
    const column = this.#column;
    switch (column.layout) {
      case "fixed":
        this.#writeFixed(column.values, to, first, count);
        break;
      case "text":
        this.#strings(column, first, count);
        this.#native.copy(to, this.#entries.address, count * entryBytes);
        break;
      case "dictionary":
        this.#writeCodes(column.codes, to, first, count);
        break;
      case "list":
        this.#writeLists(column.offsets, vector, to, first, count);
    }
  }

  #writeValidity(vector: Handle, first: number, count: number): void {
    const { validity } = this.#column;
    if (validity === undefined) return;
    const from = this.#bits(validity, first, count);
    const skip = first & 7;
    if (countBits(from, skip, count) === count) return;
    this.#second.reserve(Math.ceil(count / 64) * 8, 0);
    const bits = this.#second.bytes.fill(0);
    copyBits(from, skip, count, bits, 0);
    const { library } = this.#native;
    library.vector_ensure_validity_writable(vector);
    const to = library.vector_get_validity(vector);
    if (to) this.#native.copy(to, this.#second.address, Math.ceil(count / 8));
  }

  /** The bytes that hold bits `first` to `first + count`. */
  #bits({ address }: SentArray, first: number, count: number): Uint8Array {
    const start = first >>> 3;
    return this.#read(this.#first, address + start, Math.ceil((first + count) / 8) - start);
  }

  #read(into: Growing, from: number, byteLength: number): Uint8Array {
    into.reserve(byteLength, 0);
    this.#native.copy(into.address, from, byteLength);
    return into.bytes;
  }

  #writeFixed({ address }: SentArray, to: Handle, first: number, count: number): void {
    const { type } = this.#column;
    const physical = physicalOf(type);
    if (physical === "bits") {
      const from = this.#bits({ address, byteLength: 0 }, first, count);
      this.#entries.reserve(count, 0);
      const { bytes } = this.#entries;
      for (let row = 0; row < count; row++) bytes[row] = isSet(from, (first & 7) + row) ? 1 : 0;
      this.#native.copy(to, this.#entries.address, count);
      return;
    }
    const bytes =
      physical === "i128" ? 16 : physical === "text" || physical === "list" ? 0 : dtypes[physical].bytes;
    if (type.kind !== "decimal" || type.precision > 9) {
      this.#native.copy(to, address + first * bytes, count * bytes);
      return;
    }
    const from = new Int32Array(this.#read(this.#first, address + first * 8, count * 8).buffer, 0, 2 * count);
    this.#entries.reserve(count * 4, 0);
    const { buffer } = this.#entries.bytes;
    const into = type.precision <= 4 ? new Int16Array(buffer, 0, count) : new Int32Array(buffer, 0, count);
    for (let row = 0; row < count; row++) into[row] = from[2 * row] ?? 0;
    this.#native.copy(to, this.#entries.address, into.byteLength);
  }

  /** Fills the entries with a `duckdb_string_t` for each row. */
  #strings(column: SentColumn & { layout: "text" }, first: number, count: number): void {
    this.#entries.reserve(count * entryBytes, 0);
    const offsets = new Int32Array(
      this.#read(this.#first, column.offsets.address + first * wordBytes, (count + 1) * wordBytes).buffer,
      0,
      count + 1,
    );
    const start = offsets[0] ?? 0;
    const length = (offsets[count] ?? 0) - start;
    this.#second.reserve(length + mostInline, 0);
    const bytes = this.#read(this.#second, column.bytes.address + start, length);
    fillStrings(
      offsets,
      bytes,
      column.bytes.address,
      new Uint32Array(this.#entries.bytes.buffer, 0, 4 * count),
    );
  }

  #writeCodes({ address }: SentArray, to: Handle, first: number, count: number): void {
    const codes = new Uint32Array(
      this.#read(this.#first, address + first * wordBytes, count * wordBytes).buffer,
      0,
      count,
    );
    this.#entries.reserve(count * entryBytes, 0);
    const words = new Uint32Array(this.#entries.bytes.buffer, 0, 4 * count);
    const texts = this.#dictionary;
    for (let row = 0; row < count; row++) {
      const from = 4 * (codes[row] ?? 0);
      words[4 * row] = texts[from] ?? 0;
      words[4 * row + 1] = texts[from + 1] ?? 0;
      words[4 * row + 2] = texts[from + 2] ?? 0;
      words[4 * row + 3] = texts[from + 3] ?? 0;
    }
    this.#native.copy(to, this.#entries.address, count * entryBytes);
  }

  #writeLists({ address }: SentArray, vector: Handle, to: Handle, first: number, count: number): void {
    const { library } = this.#native;
    const offsets = new Int32Array(
      this.#read(this.#first, address + first * wordBytes, (count + 1) * wordBytes).buffer,
      0,
      count + 1,
    );
    const start = offsets[0] ?? 0;
    const items = (offsets[count] ?? 0) - start;
    this.#entries.reserve(count * entryBytes, 0);
    const words = new Uint32Array(this.#entries.bytes.buffer, 0, 4 * count).fill(0);
    for (let row = 0; row < count; row++) {
      words[4 * row] = (offsets[row] ?? 0) - start;
      words[4 * row + 2] = (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
    }
    this.#native.copy(to, this.#entries.address, count * entryBytes);
    library.list_vector_reserve(vector, items);
    library.list_vector_set_size(vector, items);
    this.#items?.write(library.list_vector_get_child(vector), start, items);
  }
}

function fillStrings(offsets: Int32Array, bytes: Uint8Array, address: number, words: Uint32Array): void {
  const view = new DataView(bytes.buffer);
  const start = offsets[0] ?? 0;
  for (let row = 0, word = 0; word < words.length; row++, word += 4) {
    const offset = offsets[row] ?? 0;
    const at = offset - start;
    const length = (offsets[row + 1] ?? 0) - offset;
    words[word] = length;
    words[word + 1] = length === 0 ? 0 : view.getUint32(at, true) & mask(length);
    if (length > mostInline) {
      const place = address + offset;
      words[word + 2] = place % 2 ** 32;
      words[word + 3] = Math.floor(place / 2 ** 32);
    } else {
      words[word + 2] = length <= 4 ? 0 : view.getUint32(at + 4, true) & mask(length - 4);
      words[word + 3] = length <= 8 ? 0 : view.getUint32(at + 8, true) & mask(length - 8);
    }
  }
}

/** The unused bytes of a short text must be 0. */
function mask(bytes: number): number {
  return bytes >= 4 ? -1 : (1 << (8 * bytes)) - 1;
}
