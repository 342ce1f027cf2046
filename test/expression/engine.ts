import { DuckDBInstance } from "@duckdb/node-api";
import type { ColumnType } from "#src/core/column-type.js";
import type { Value } from "#src/expression/column/cast-value.js";
import { quoteName } from "#src/expression/column/index.js";
import { literalToSql } from "#src/expression/column/sql/literal.js";
import { sqlType, ticksOf } from "#src/expression/column/sql/names.js";

/** DuckDB with one table of the given columns. */
export async function engineWith(
  names: readonly string[],
  types: readonly ColumnType[],
  columns: readonly (readonly (Value | null)[])[],
) {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("SET TimeZone='UTC'");
  const rows = columns[0]?.length ?? 0;
  const fields = names.map((name, at) => `${quoteName(name)} ${sqlType(types[at] ?? { kind: "int64" })}`);
  await connection.run(`CREATE TABLE t (row INTEGER, ${fields.join(", ")})`);
  const values = Array.from({ length: rows }, (_, row) => {
    const cells = columns.map((column, at) =>
      literalToSql(column[row] ?? null, types[at] ?? { kind: "int64" }),
    );
    return `(${[row, ...cells].join(", ")})`;
  });
  await connection.run(`INSERT INTO t VALUES ${values.join(", ")}`);
  return {
    /** Texts of the values, or the engine's error. */
    async column(sql: string, type: ColumnType, row?: number): Promise<(string | null)[] | Error> {
      const counted = ticksOf("x", type);
      const where = row === undefined ? "" : ` WHERE row = ${row}`;
      try {
        const read = await connection.runAndReadAll(
          `SELECT CAST(${counted} AS VARCHAR) FROM (SELECT row, ${sql} AS x FROM t${where}) ORDER BY row`,
        );
        return read.getRows().map(([text]) => (text === null ? null : String(text)));
      } catch (error) {
        return error as Error;
      }
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
