import type { Table as ArrowTable } from "apache-arrow";
import type { HostTable } from "../core/column.ts";
import { tableProblem } from "../core/column-check.ts";
import { schemaOf, tableBytes } from "../core/column-make.ts";
import { sliceTable } from "../core/column-slice.ts";
import type { Schema } from "../core/column-type.ts";
import { suggest } from "../core/suggest.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import { AikoError } from "../errors.ts";
import type { OperationReport } from "../runtime/index.ts";
import type { Columns } from "./columns.ts";
import { Column } from "./table-column.ts";
import { type BoxOptions, boxText } from "./values/box.ts";
import { type JsonValue, jsonReader } from "./values/json.ts";
import { readerOf } from "./values/read.ts";
import type { AnyKinds, CellValue, ColumnKinds, RowOf, ValueOptions } from "./values/types.ts";

type AnyRow = Record<string, CellValue>;

const piece = 64;

/** Rows and columns in the host's memory: what a dataframe's `collect` gives. `S` says the columns' kinds where they are known. */
export class Table<S extends ColumnKinds = AnyKinds> implements Iterable<RowOf<S>>, AsyncIterable<RowOf<S>> {
  readonly rows: number;
  readonly schema: Schema;
  readonly columnNames: readonly (keyof S & string)[];
  /** Where and how it was computed, if that was asked for. */
  readonly report: OperationReport | undefined;
  /** The columns in Apache Arrow's layout, not to be changed. */
  readonly data: HostTable;

  /** Throws INVALID_ARGUMENT for columns whose layout is wrong. */
  constructor(data: HostTable, report?: OperationReport) {
    const problem = tableProblem(data);
    if (problem !== undefined) {
      throw new AikoError("INVALID_ARGUMENT", { message: `Not a table: ${problem}` });
    }
    this.data = data;
    this.rows = data.rows;
    this.schema = schemaOf(data);
    this.columnNames = data.names;
    this.report = report;
  }

  /** The rows of columns, downloaded where only a device has them; the columns are disposed. */
  static async of(columns: Columns, report?: OperationReport): Promise<Table> {
    try {
      return new Table(await columns.host(), report);
    } finally {
      columns.dispose();
    }
  }

  get byteLength(): number {
    return tableBytes(this.data);
  }

  /** Throws INVALID_ARGUMENT for a name that is none of the columns. */
  column<N extends keyof S & string>(name: N): Column<S[N]> {
    const at = this.columnNames.indexOf(name);
    const data = this.data.columns[at];
    if (data !== undefined) return new Column<S[N]>(name, data);
    const near = suggest(name, this.columnNames);
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The table has no column ${JSON.stringify(name)}`,
      hint:
        near === undefined
          ? `It has: ${this.columnNames.slice(0, 20).join(", ")}.`
          : `Did you mean ${JSON.stringify(near)}?`,
    });
  }

  /** The row at a place, counted from the end where negative; undefined where there is none. */
  at(row: number): RowOf<S> | undefined {
    const place = row < 0 ? row + this.rows : row;
    if (!Number.isInteger(place) || place < 0 || place >= this.rows) return undefined;
    return this.#rowReader()(place) as RowOf<S>;
  }

  /** All rows as objects, which takes long for many: `for await` gives them without holding other work up. */
  toRows(): RowOf<S>[];
  toRows(options: ValueOptions): AnyRow[];
  toRows(options?: ValueOptions): AnyRow[] {
    const read = this.#rowReader(options);
    return Array.from({ length: this.rows }, (_, row) => read(row));
  }

  *[Symbol.iterator](): Generator<RowOf<S>, void, undefined> {
    const read = this.#rowReader();
    for (let row = 0; row < this.rows; row++) yield read(row) as RowOf<S>;
  }

  /** Row after row, with pauses in which other work runs. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RowOf<S>, void, undefined> {
    const read = this.#rowReader();
    for (let row = 0; row < this.rows; row++) {
      if (row % piece === 0) while (isTurnLong()) await nextTurn();
      yield read(row) as RowOf<S>;
    }
  }

  /** Rows from `start` to before `end`, as `Array.slice` counts them; of the same memory. */
  slice(start = 0, end = this.rows): Table<S> {
    const place = (at: number) => Math.min(this.rows, Math.max(0, Math.trunc(at < 0 ? at + this.rows : at)));
    const first = place(start);
    return new Table<S>(sliceTable(this.data, first, Math.max(0, place(end) - first)));
  }

  /** A table of apache-arrow over the same memory where it has the layout. Rejects with ENGINE_MISSING without the package. */
  async toArrow(): Promise<ArrowTable> {
    const { tableToArrow } = await import("./arrow/to-arrow.ts");
    return tableToArrow(this.data);
  }

  /** The first rows in a box that fits the terminal, types under names. */
  toString(options: BoxOptions = {}): string {
    return boxText(this.data, options);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /**
   * Rows that JSON.stringify writes: 64-bit integers that a number does not hold exactly, decimals and times are text; null
   * stands for NaN and infinities.
   */
  toJSON(): Record<string, JsonValue>[] {
    const readers = this.data.columns.map((column) => jsonReader(column));
    const read = rowMaker(this.data.names, readers);
    return Array.from({ length: this.rows }, (_, row) => read(row));
  }

  #rowReader(options?: ValueOptions): (row: number) => AnyRow {
    const readers = this.data.columns.map((column, at) =>
      readerOf(column, this.columnNames[at] ?? "", options),
    );
    return rowMaker(this.data.names, readers);
  }
}

/** Makes objects with the keys in the table's order; a column named `__proto__` is a key like others. */
function rowMaker<V>(
  names: readonly string[],
  readers: readonly ((row: number) => V)[],
): (row: number) => Record<string, V> {
  if (names.includes("__proto__")) {
    return (row) => Object.fromEntries(names.map((name, at) => [name, readers[at]?.(row) as V]));
  }
  return (row) => {
    const object: Record<string, V> = {};
    for (let at = 0; at < names.length; at++) object[names[at] as string] = readers[at]?.(row) as V;
    return object;
  };
}
