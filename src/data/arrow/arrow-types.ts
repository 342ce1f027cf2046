import type { ColumnType, TimeUnit } from "../../core/column-type.ts";
import type { HostArray } from "../../core/dtype.ts";
import { AikoError } from "../../errors.ts";

/** The parts of apache-arrow's objects that are read, by their names there: a program may bring a copy of its own. */
export interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly isSigned?: boolean;
  readonly precision?: number;
  readonly scale?: number;
  readonly unit?: number;
  readonly timezone?: string | null;
  readonly listSize?: number;
  readonly children?: readonly { readonly type: ArrowType }[];
  readonly dictionary?: ArrowType;
}

export interface ArrowData {
  readonly type: ArrowType;
  readonly length: number;
  /** Where its rows start in bitmaps; other buffers start with them. */
  readonly offset: number;
  readonly nullCount: number;
  readonly nullBitmap?: Uint8Array | null;
  readonly values?: ArrayBufferView & HostArray;
  readonly valueOffsets?: Int32Array | BigInt64Array;
  readonly children: readonly ArrowData[];
  readonly dictionary?: ArrowVector;
  readonly variadicBuffers?: readonly Uint8Array[];
}

export interface ArrowVector {
  readonly type: ArrowType;
  readonly length: number;
  readonly data: readonly ArrowData[];
}

/** What apache-arrow's Table and RecordBatch have in common with those of another copy of it. */
export interface ArrowTableLike {
  readonly numRows: number;
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: ArrowType }[] };
  getChildAt(index: number): unknown;
}

/** `Type` in https://github.com/apache/arrow/blob/main/format/Schema.fbs, as apache-arrow numbers it. */
export const typeIds = {
  dictionary: -1,
  null: 1,
  int: 2,
  float: 3,
  text: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  timestamp: 10,
  list: 12,
  fixedSizeList: 16,
  duration: 18,
  largeText: 20,
  largeList: 21,
  textView: 24,
} as const;

const otherTypes: Readonly<Record<number, string>> = {
  4: "bytes",
  9: "times of day",
  11: "intervals",
  13: "structures",
  14: "unions",
  15: "bytes of fixed length",
  17: "maps",
  19: "long bytes",
  23: "bytes",
};

const units: readonly TimeUnit[] = ["s", "ms", "us", "ns"];
const decimalWidths: readonly (number | undefined)[] = [32, 64, 128, undefined];

/** Throws UNSUPPORTED naming a column of a type that columns do not have. */
export function columnTypeOf(name: string, type: ArrowType): ColumnType {
  const unit = units[type.unit ?? -1] ?? "ms";
  switch (type.typeId) {
    case typeIds.bool:
      return { kind: "bool" };
    case typeIds.null:
      return { kind: "int32" };
    case typeIds.int:
      return { kind: `${type.isSigned ? "int" : "uint"}${(type.bitWidth ?? 32) as 8 | 16 | 32 | 64}` };
    case typeIds.float:
      return { kind: type.precision === 2 ? "float64" : "float32" };
    case typeIds.date:
      return { kind: "date" };
    case typeIds.timestamp:
      return { kind: "timestamp", unit, ...(type.timezone ? { timeZone: type.timezone } : {}) };
    case typeIds.duration:
      return { kind: "duration", unit };
    case typeIds.text:
    case typeIds.largeText:
    case typeIds.textView:
      return { kind: "utf8" };
    case typeIds.dictionary:
      return columnTypeOf(name, type.dictionary ?? { typeId: 0 });
    case typeIds.list:
    case typeIds.largeList:
    case typeIds.fixedSizeList:
      return { kind: "list", item: columnTypeOf(`${name}[]`, type.children?.[0]?.type ?? { typeId: 0 }) };
    case typeIds.decimal:
      return decimalType(name, type);
    default:
      throw unsupported(name, otherTypes[type.typeId] ?? `values of Arrow's type ${type.typeId}`);
  }
}

function decimalType(name: string, { precision = 38, scale = 0, bitWidth }: ArrowType): ColumnType {
  const fits = decimalWidths.includes(bitWidth) && precision >= 1 && precision <= 38;
  if (fits && scale >= 0 && scale <= precision) return { kind: "decimal", precision, scale };
  throw unsupported(name, `decimals of ${precision} digits, ${scale} of them after the point`);
}

function unsupported(name: string, what: string): AikoError {
  return new AikoError("UNSUPPORTED", {
    message: `The Arrow column ${JSON.stringify(name)} holds ${what}, which columns here do not`,
    hint: "Name the columns to take: { columns: [...] }; or cast this one first.",
  });
}
