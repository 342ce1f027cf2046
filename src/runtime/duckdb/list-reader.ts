import type { ListColumn } from "../../core/column.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import type { ColumnReader } from "./column-reader.ts";
import { Growing } from "./growing.ts";
import type { Native } from "./native.ts";
import type { EngineType } from "./types.ts";
import { isSet, ValidityReader } from "./validity-reader.ts";

/** A `duckdb_list_entry`: where in the vector of items, and how many. */
const entryBytes = 16;
const mostItems = 2 ** 31 - 1;

/** Lists of one vector may lie anywhere in its vector of items. */
export class ListReader implements ColumnReader {
  readonly #native: Native;
  readonly #type: Extract<EngineType, { layout: "list" }>;
  readonly #items: ColumnReader;
  readonly #validity: ValidityReader;
  readonly #offsets: Growing;
  readonly #entries: Growing;
  #rows = 0;
  #used = 0;

  constructor(
    native: Native,
    type: Extract<EngineType, { layout: "list" }>,
    rows: number,
    items: ColumnReader,
  ) {
    this.#native = native;
    this.#type = type;
    this.#items = items;
    this.#validity = new ValidityReader(native);
    this.#offsets = new Growing(native, 4 * (rows + 1));
    this.#entries = new Growing(native, 2048 * entryBytes);
  }

  append(vector: Handle, first: number, count: number): void {
    const { library } = this.#native;
    const nulls = this.#validity.append(vector, first, count);
    this.#offsets.reserve(4 * (this.#rows + count + 1), 4 * (this.#rows + 1));
    this.#entries.reserve(count * entryBytes, 0);
    const from = Number(library.vector_get_data(vector)) + first * entryBytes;
    this.#native.copy(this.#entries.address, from, count * entryBytes);
    const words = new Uint32Array(this.#entries.bytes.buffer, 0, count * 4);
    const offsets = new Int32Array(this.#offsets.bytes.buffer, 4 * this.#rows, count + 1);
    const items = library.list_vector_get_child(vector);
    offsets[0] = this.#used;
    let start = 0;
    let length = 0;
    for (let row = 0; row < count; row++) {
      const listed = words[4 * row + 2] ?? 0;
      const own = nulls !== undefined && !isSet(nulls, first + row) ? 0 : listed;
      const at = (words[4 * row + 1] ?? 0) * 2 ** 32 + (words[4 * row] ?? 0);
      if (own > 0 && at !== start + length) {
        if (length > 0) this.#items.append(items, start, length);
        start = at;
        length = 0;
      }
      length += own;
      this.#used += own;
      if (this.#used > mostItems) throw tooManyItems();
      offsets[row + 1] = this.#used;
    }
    if (length > 0) this.#items.append(items, start, length);
    this.#rows += count;
  }

  finish(): ListColumn {
    const offsets = this.#offsets.take(4 * (this.#rows + 1));
    if (this.#rows === 0) offsets.fill(0);
    return {
      layout: "list",
      type: this.#type.type,
      length: this.#rows,
      offsets: new Int32Array(offsets.buffer, offsets.byteOffset, this.#rows + 1),
      items: this.#items.finish(),
      validity: this.#validity.finish(),
      nullCount: this.#validity.nullCount,
    };
  }
}

function tooManyItems(): AikoError {
  return new AikoError("RESULT_TOO_LARGE", {
    message: `A list column of the result has more than ${mostItems} items, the most that its offsets reach`,
    hint: "Read the result in batches, or select fewer rows.",
  });
}
