import { type ColumnType, narrowDecimalDigits, type TimeUnit } from "../../core/column-type.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import type { Native } from "./native.ts";

/** `duckdb_type`, by number. */
const names = [
  "INVALID",
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
  "FLOAT",
  "DOUBLE",
  "TIMESTAMP",
  "DATE",
  "TIME",
  "INTERVAL",
  "HUGEINT",
  "VARCHAR",
  "BLOB",
  "DECIMAL",
  "TIMESTAMP_S",
  "TIMESTAMP_MS",
  "TIMESTAMP_NS",
  "ENUM",
  "LIST",
  "STRUCT",
  "MAP",
  "UUID",
  "UNION",
  "BIT",
  "TIME WITH TIME ZONE",
  "TIMESTAMP WITH TIME ZONE",
  "UHUGEINT",
  "ARRAY",
  "ANY",
  "BIGNUM",
  "NULL",
  "STRING_LITERAL",
  "INTEGER_LITERAL",
  "TIME_NS",
  "GEOMETRY",
  "VARIANT",
] as const;

type TypeName = (typeof names)[number];

const simple: Partial<Record<TypeName, ColumnType>> = {
  BOOLEAN: { kind: "bool" },
  TINYINT: { kind: "int8" },
  SMALLINT: { kind: "int16" },
  INTEGER: { kind: "int32" },
  BIGINT: { kind: "int64" },
  UTINYINT: { kind: "uint8" },
  USMALLINT: { kind: "uint16" },
  UINTEGER: { kind: "uint32" },
  UBIGINT: { kind: "uint64" },
  FLOAT: { kind: "float32" },
  DOUBLE: { kind: "float64" },
  DATE: { kind: "date" },
  VARCHAR: { kind: "utf8" },
  ENUM: { kind: "utf8" },
  HUGEINT: { kind: "decimal", precision: 38, scale: 0 },
  UHUGEINT: { kind: "decimal", precision: 38, scale: 0 },
  TIMESTAMP_S: { kind: "timestamp", unit: "s" },
  TIMESTAMP_MS: { kind: "timestamp", unit: "ms" },
  TIMESTAMP: { kind: "timestamp", unit: "us" },
  TIMESTAMP_NS: { kind: "timestamp", unit: "ns" },
  "TIMESTAMP WITH TIME ZONE": { kind: "timestamp", unit: "us", timeZone: "UTC" },
  NULL: { kind: "int32" },
};

/** How DuckDB holds a column, and what it is for us. */
export type EngineType =
  | {
      readonly layout: "copied" | "bool" | "text" | "hugeint" | "uhugeint";
      readonly type: ColumnType;
      /** Of a value in a vector. */
      readonly bytes: number;
    }
  /** Decimals of up to nine digits are narrower in vectors than in columns. */
  | { readonly layout: "widened"; readonly type: ColumnType; readonly bytes: 2 | 4 }
  | {
      readonly layout: "enum";
      readonly type: ColumnType;
      readonly bytes: number;
      readonly texts: readonly string[];
    }
  | { readonly layout: "list"; readonly type: ColumnType; readonly bytes: 16; readonly item: EngineType };

const widths: Partial<Record<TypeName, number>> = {
  BOOLEAN: 1,
  TINYINT: 1,
  UTINYINT: 1,
  SMALLINT: 2,
  USMALLINT: 2,
  INTEGER: 4,
  UINTEGER: 4,
  FLOAT: 4,
  DATE: 4,
  NULL: 4,
  VARCHAR: 16,
  HUGEINT: 16,
  UHUGEINT: 16,
};

/** Reads a logical type. Throws UNSUPPORTED for those that no column of ours holds. */
export function readType(native: Native, type: Handle, column: string): EngineType {
  const { library } = native;
  const name = names[library.get_type_id(type)] ?? "INVALID";
  switch (name) {
    case "DECIMAL": {
      const precision = library.decimal_width(type);
      const decimal: ColumnType = { kind: "decimal", precision, scale: library.decimal_scale(type) };
      if (precision <= 9) return { layout: "widened", type: decimal, bytes: precision <= 4 ? 2 : 4 };
      return { layout: "copied", type: decimal, bytes: precision <= narrowDecimalDigits ? 8 : 16 };
    }
    case "ENUM": {
      const bytes = widths[names[library.enum_internal_type(type)] ?? "INVALID"] ?? 4;
      const texts = Array.from({ length: library.enum_dictionary_size(type) }, (_, index) =>
        native.takeText(library.enum_dictionary_value(type, index)),
      );
      return { layout: "enum", type: { kind: "utf8" }, bytes, texts };
    }
    case "LIST":
      return native.withType(library.list_type_child_type(type), (child) => {
        const item = readType(native, child, column);
        if (item.layout === "list") throw foreignType(column, "LIST of LIST");
        return { layout: "list", type: { kind: "list", item: item.type }, bytes: 16, item };
      });
  }
  const known = simple[name];
  if (known === undefined) throw foreignType(column, name);
  const bytes = widths[name] ?? 8;
  switch (name) {
    case "BOOLEAN":
      return { layout: "bool", type: known, bytes };
    case "VARCHAR":
      return { layout: "text", type: known, bytes };
    case "HUGEINT":
      return { layout: "hugeint", type: known, bytes };
    case "UHUGEINT":
      return { layout: "uhugeint", type: known, bytes };
    default:
      return { layout: "copied", type: known, bytes };
  }
}

export function foreignType(column: string, name?: string): AikoError {
  return new AikoError("UNSUPPORTED", {
    message: `Column "${column}" has ${name === undefined ? "a type of DuckDB" : `DuckDB's type ${name}`}, which columns do not hold`,
    hint: `Cast it in the query: CAST("${column}" AS VARCHAR), or leave it out.`,
  });
}

const timestamps: Readonly<Record<TimeUnit, TypeName>> = {
  s: "TIMESTAMP_S",
  ms: "TIMESTAMP_MS",
  us: "TIMESTAMP",
  ns: "TIMESTAMP_NS",
};

const sqlNames: Partial<Record<ColumnType["kind"], TypeName>> = {
  bool: "BOOLEAN",
  int8: "TINYINT",
  int16: "SMALLINT",
  int32: "INTEGER",
  int64: "BIGINT",
  uint8: "UTINYINT",
  uint16: "USMALLINT",
  uint32: "UINTEGER",
  uint64: "UBIGINT",
  float32: "FLOAT",
  float64: "DOUBLE",
  date: "DATE",
  utf8: "VARCHAR",
  duration: "BIGINT",
};

/**
 * How SQL calls a type: `DECIMAL(12, 2)`, `BIGINT[]`. Durations are BIGINT; DuckDB has zoned timestamps in microseconds
 * only, so those of other units are without a zone, in UTC.
 */
export function sqlType(type: ColumnType): string {
  if (type.kind === "decimal") return `DECIMAL(${type.precision}, ${type.scale})`;
  if (type.kind === "list") return `${sqlType(type.item)}[]`;
  return plainName(type);
}

function plainName(type: ColumnType): TypeName {
  if (type.kind !== "timestamp") return sqlNames[type.kind] ?? "INVALID";
  return type.timeZone !== undefined && type.unit === "us"
    ? "TIMESTAMP WITH TIME ZONE"
    : timestamps[type.unit];
}

/** Makes a logical type, to be destroyed by the caller. */
export function createType(native: Native, type: ColumnType): Handle {
  const { library } = native;
  if (type.kind === "decimal") return library.create_decimal_type(type.precision, type.scale);
  if (type.kind !== "list") return library.create_logical_type(names.indexOf(plainName(type)));
  return native.withType(createType(native, type.item), (item) => library.create_list_type(item));
}
