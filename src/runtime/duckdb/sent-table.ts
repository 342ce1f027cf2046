import type { HostColumn, HostTable } from "../../core/column.ts";
import type { Koffi } from "../../core/ffi.ts";
import type { SentTable } from "./load-table.ts";
import type { SentArray, SentColumn } from "./vector-writer.ts";

/** The columns by address. DuckDB's names differ in more than their case and are not empty: `names` are theirs there. */
export function sendTable(
  koffi: Koffi,
  table: HostTable,
  name: string,
): { sent: SentTable; names: string[] } {
  const names = engineNames(table.names);
  const fields = table.columns.map(({ type }, index) => ({ name: names[index] ?? "", type }));
  const columns = table.columns.map((column) => sendColumn(koffi, column));
  return { sent: { name, fields, columns, rows: table.rows }, names };
}

function engineNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    const base = name === "" ? `column${index}` : name;
    let free = base;
    for (let count = 1; taken.has(free.toLowerCase()); count++) free = `${base}_${count}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

function sendColumn(koffi: Koffi, column: HostColumn): SentColumn {
  const send = (array: ArrayBufferView): SentArray => ({
    address: array.byteLength === 0 ? 0 : Number(koffi.address(array)),
    byteLength: array.byteLength,
  });
  const { type, length } = column;
  const validity = column.validity && column.nullCount > 0 ? send(column.validity) : undefined;
  const base = { type, length, validity };
  switch (column.layout) {
    case "fixed":
      return { ...base, layout: "fixed", values: send(column.values) };
    case "text":
      return { ...base, layout: "text", offsets: send(column.offsets), bytes: send(column.bytes) };
    case "dictionary":
      return {
        ...base,
        layout: "dictionary",
        codes: send(column.codes),
        dictionary: sendColumn(koffi, column.dictionary),
      };
    case "list":
      return {
        ...base,
        layout: "list",
        offsets: send(column.offsets),
        items: sendColumn(koffi, column.items),
      };
  }
}
