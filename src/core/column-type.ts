import type { DType } from "./dtype.ts";

export type TimeUnit = "s" | "ms" | "us" | "ns";

export type IntegerKind = "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64";

/** What the rows of a column mean. Any of them may be null. */
export type ColumnType =
  | { readonly kind: "bool" | IntegerKind | "float32" | "float64" | "date" | "utf8" }
  /** An integer times 10 ** -scale; 1 to 38 digits. */
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  /** Since 1970-01-01T00:00:00, in UTC where a time zone is named. */
  | { readonly kind: "timestamp"; readonly unit: TimeUnit; readonly timeZone?: string | undefined }
  | { readonly kind: "duration"; readonly unit: TimeUnit }
  | { readonly kind: "list"; readonly item: ColumnType };

export type ColumnKind = ColumnType["kind"];

/**
 * How a value is held, as in Apache Arrow's columnar format: `bits` are bitmaps, least significant bit first; `i128` is
 * two 64-bit words, the low one first; `text` is offsets and UTF-8 bytes; `list` is offsets and a column of items.
 */
export type Physical = Exclude<DType, "f16" | "bf16" | "bool"> | "bits" | "i128" | "text" | "list";

/** Decimals of up to so many digits are 64-bit integers. */
export const narrowDecimalDigits = 18;

const physicals: Readonly<Partial<Record<ColumnKind, Physical>>> = {
  bool: "bits",
  int8: "i8",
  int16: "i16",
  int32: "i32",
  int64: "i64",
  uint8: "u8",
  uint16: "u16",
  uint32: "u32",
  uint64: "u64",
  float32: "f32",
  float64: "f64",
  date: "i32",
  timestamp: "i64",
  duration: "i64",
  utf8: "text",
  list: "list",
};

export function physicalOf(type: ColumnType): Physical {
  if (type.kind === "decimal") return type.precision <= narrowDecimalDigits ? "i64" : "i128";
  return physicals[type.kind] ?? "text";
}

/** As people write it: `decimal(12, 2)`, `timestamp(us, Europe/Berlin)`, `list(int64)`. */
export function typeText(type: ColumnType): string {
  switch (type.kind) {
    case "decimal":
      return `decimal(${type.precision}, ${type.scale})`;
    case "timestamp":
      return `timestamp(${type.timeZone === undefined ? type.unit : `${type.unit}, ${type.timeZone}`})`;
    case "duration":
      return `duration(${type.unit})`;
    case "list":
      return `list(${typeText(type.item)})`;
    default:
      return type.kind;
  }
}

export function sameType(a: ColumnType, b: ColumnType): boolean {
  return typeText(a) === typeText(b);
}

/** A column as a table describes it. */
export interface Field {
  readonly name: string;
  readonly type: ColumnType;
}

export type Schema = readonly Field[];
