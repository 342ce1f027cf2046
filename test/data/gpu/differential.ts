import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { HostTable } from "#src/core/column.js";
import { type ColumnType, physicalOf, type Schema } from "#src/core/column-type.js";
import { type Value, valueText } from "#src/expression/column/cast-value.js";
import { literalToSql } from "#src/expression/column/sql/literal.js";
import { sqlType, ticksOf } from "#src/expression/column/sql/names.js";
import { agrees } from "../../expression/agree.js";
import type { RandomTable, Sample } from "./random-plans.js";
import { cellsOf } from "./tables.js";

type Row = readonly (string | null)[];

/** DuckDB with the tables, as the oracle of queries over them. */
export class Oracle {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async of(tables: readonly RandomTable[]): Promise<Oracle> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run("SET TimeZone='UTC'");
    // It leaves out what cannot matter, errors among it.
    await connection.run("PRAGMA disable_optimizer");
    for (const { name, schema, columns } of tables) {
      const fields = schema.map((field) => `"${field.name}" ${sqlType(field.type)}`);
      await connection.run(`CREATE TABLE ${name} (${fields.join(", ")})`);
      const rows = columns[0]?.length ?? 0;
      const values = Array.from({ length: rows }, (_, row) => {
        const cells = columns.map((cells, at) => literalToSql(cells[row] ?? null, schema[at]?.type ?? int64));
        return `(${cells.join(", ")})`;
      });
      if (rows > 0) await connection.run(`INSERT INTO ${name} VALUES ${values.join(", ")}`);
    }
    return new Oracle(instance, connection);
  }

  /** Texts of the values, or the engine's error. */
  async rows({ sql, plan }: Sample): Promise<readonly Row[] | Error> {
    const outputs = plan.schema.map(({ type }, at) => `CAST(${ticksOf(`c${at}`, type)} AS VARCHAR)`);
    try {
      const read = await this.#connection.runAndReadAll(`SELECT ${outputs.join(", ")} FROM (${sql})`);
      return read.getRows().map((row) => row.map((text) => (text === null ? null : String(text))));
    } catch (error) {
      return error as Error;
    }
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

const int64 = { kind: "int64" } as const;

/** What differs first, in words: multisets of rows, or rows in order. Floats within 1e-9 of each other are equal. */
export function difference(
  { columns, rows }: HostTable,
  theirs: readonly Row[],
  { schema, ordered }: { readonly schema: Schema; readonly ordered: boolean },
): string | undefined {
  if (rows !== theirs.length) return `${rows} rows, the engine's ${theirs.length}`;
  const cells = columns.map(cellsOf);
  const ours = Array.from({ length: rows }, (_, row) => cells.map((column) => column[row] ?? null));
  const types = schema.map(({ type }) => type);
  const keyed = ours.map((row) => ({
    row,
    key: row.map((cell, at) => keyOf(textOf(cell, types[at] ?? int64), types[at] ?? int64)),
  }));
  const known = theirs.map((row) => ({ row, key: row.map((cell, at) => keyOf(cell, types[at] ?? int64)) }));
  if (!ordered) {
    keyed.sort((a, b) => compareKeys(a.key, b.key));
    known.sort((a, b) => compareKeys(a.key, b.key));
  }
  for (const [at, { row }] of keyed.entries()) {
    const other = known[at]?.row ?? [];
    const wrong = row.findIndex(
      (cell, column) => !agrees(cell, other[column] ?? null, types[column] ?? int64),
    );
    if (wrong >= 0)
      return `row ${at}: ours ${row.map(String).join(" | ")}, the engine's ${other.join(" | ")}`;
  }
  return undefined;
}

/** As the engine writes it: times are counts of their unit. */
function textOf(cell: Value | null, type: ColumnType): string | null {
  if (cell === null) return null;
  return ["date", "timestamp", "duration"].includes(type.kind) ? String(cell) : valueText(cell, type);
}

/** Floats come last, so that rows that differ in their last digits only are in the same place. */
function keyOf(text: string | null, type: ColumnType): string | number {
  const physical = physicalOf(type);
  if (physical !== "f32" && physical !== "f64") return text === null ? "" : `=${text}`;
  if (text === null) return -Number.MAX_VALUE;
  const number = Number(text.replace(/^(-?)inf$/, "$1Infinity").replace(/^-?nan$/, "NaN"));
  return Number.isNaN(number) ? Number.MAX_VALUE : Number(number.toPrecision(6)) + 0;
}

function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const kind of ["string", "number"]) {
    for (const [at, left] of a.entries()) {
      const right = b[at] ?? "";
      if (typeof left !== kind || left === right) continue;
      return left < right ? -1 : 1;
    }
  }
  return 0;
}
