import type { HostColumn } from "../../core/column.ts";
import type { Handle } from "../../core/native.ts";
import { EnumReader } from "./enum-reader.ts";
import { FixedReader } from "./fixed-reader.ts";
import { ListReader } from "./list-reader.ts";
import type { Native } from "./native.ts";
import { TextReader } from "./text-reader.ts";
import type { EngineType } from "./types.ts";

/** Turns vectors into one column. */
export interface ColumnReader {
  /** Adds rows `first` to `first + count` of a vector. */
  append(vector: Handle, first: number, count: number): void;
  finish(): HostColumn;
}

/** `rows` are expected; more may come. */
export function columnReader(native: Native, type: EngineType, rows: number): ColumnReader {
  switch (type.layout) {
    case "text":
      return new TextReader(native, rows);
    case "enum":
      return new EnumReader(native, type, rows);
    case "list":
      return new ListReader(native, type, rows, columnReader(native, type.item, rows));
    default:
      return new FixedReader(native, type, rows);
  }
}
