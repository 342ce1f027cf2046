import type { HostColumn, HostTable } from "#src/core/column.js";

/** Values of a column, read by the definition of its layout; null, bigint for integers and decimals, else as JavaScript has them. */
export function columnValues(column: HostColumn): unknown[] {
  const items = column.layout === "list" ? columnValues(column.items) : [];
  return Array.from({ length: column.length }, (_, row) =>
    isNull(column, row) ? null : valueAt(column, row, items),
  );
}

export function tableValues(table: HostTable): Record<string, unknown[]> {
  return Object.fromEntries(
    table.columns.map((column, index) => [table.names[index] ?? "", columnValues(column)]),
  );
}

function isNull({ validity }: HostColumn, row: number): boolean {
  return validity !== undefined && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;
}

function valueAt(column: HostColumn, row: number, items: readonly unknown[]): unknown {
  switch (column.layout) {
    case "fixed": {
      const { values, type } = column;
      if (type.kind === "bool") return ((Number(values[row >> 3]) >> (row & 7)) & 1) === 1;
      if (type.kind === "decimal" && type.precision > 18) {
        const [low, high] = [BigInt(values[2 * row] ?? 0), BigInt(values[2 * row + 1] ?? 0)];
        return (BigInt.asIntN(64, high) << 64n) | BigInt.asUintN(64, low);
      }
      const value = values[row];
      return type.kind.startsWith("float") ? value : BigInt(value ?? 0);
    }
    case "text":
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
        column.bytes.subarray(column.offsets[row], column.offsets[row + 1]),
      );
    case "dictionary":
      return valueAt(column.dictionary, column.codes[row] ?? -1, []);
    case "list":
      return items.slice(column.offsets[row], column.offsets[row + 1]);
  }
}
