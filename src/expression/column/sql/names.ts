import type { ColumnType, TimeUnit } from "../../../core/column-type.ts";
import { ticksPerSecond } from "../types.ts";

const plain: Readonly<Partial<Record<ColumnType["kind"], string>>> = {
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

const timestamps: Readonly<Record<TimeUnit, string>> = {
  s: "TIMESTAMP_S",
  ms: "TIMESTAMP_MS",
  us: "TIMESTAMP",
  ns: "TIMESTAMP_NS",
};

/**
 * The engine's name of a type. Durations are counts of their unit. Times with a zone are microseconds there: those of other
 * units are held without it, in UTC.
 */
export function sqlType(type: ColumnType): string {
  if (type.kind === "decimal") return `DECIMAL(${type.precision}, ${type.scale})`;
  if (type.kind === "timestamp") return isZoned(type) ? "TIMESTAMPTZ" : timestamps[type.unit];
  if (type.kind === "list") return `${sqlType(type.item)}[]`;
  return plain[type.kind] ?? "VARCHAR";
}

function isZoned(type: ColumnType): boolean {
  return type.kind === "timestamp" && type.timeZone !== undefined && type.unit === "us";
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  const parts = text.split("\u0000").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? (parts[0] ?? "''") : `(${parts.join(" || chr(0) || ")})`;
}

/** A time as the count of its unit since 1970, or of days for a date. */
export function ticksOf(text: string, type: ColumnType): string {
  if (type.kind === "date") return `(${text} - DATE '1970-01-01')`;
  if (type.kind !== "timestamp") return text;
  if (type.unit === "ns") return `epoch_ns(${text})`;
  const step = 1_000_000n / ticksPerSecond[type.unit];
  return step === 1n ? `epoch_us(${text})` : floored(`epoch_us(${text})`, step);
}

/** The time of a count. */
export function timeOf(ticks: string, type: ColumnType): string {
  if (type.kind === "date") return `(DATE '1970-01-01' + CAST(${ticks} AS INTEGER))`;
  if (type.kind !== "timestamp") return ticks;
  if (type.unit === "ns") return `make_timestamp_ns(${ticks})`;
  const step = 1_000_000n / ticksPerSecond[type.unit];
  const micros = `make_timestamp(${step === 1n ? ticks : `${ticks} * ${step}`})`;
  return type.unit === "us" && type.timeZone === undefined ? micros : `CAST(${micros} AS ${sqlType(type)})`;
}

/** An integer divided by a positive one, rounded down. */
export function floored(text: string, by: bigint): string {
  if (by === 1n) return text;
  return `CAST((CAST(${text} AS HUGEINT) - ((${text} % ${by}) + ${by}) % ${by}) // ${by} AS BIGINT)`;
}
