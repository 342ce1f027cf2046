import { type ColumnType, typeText } from "../../core/column-type.ts";
import { decimalBound, parseDecimal } from "../../core/decimal-text.ts";
import { parseDate, parseDuration, parseTimestamp, unitsPerSecond } from "../../core/time-text.ts";
import { AikoError, type ErrorCode } from "../../errors.ts";

/** What a JavaScript value is in a column's memory. */
export type Converter = (value: unknown, row: number) => number | bigint;

const dayMs = 86_400_000;

const bounds: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int8: [-128n, 127n],
  int16: [-32_768n, 32_767n],
  int32: [-2_147_483_648n, 2_147_483_647n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 255n],
  uint16: [0n, 65_535n],
  uint32: [0n, 4_294_967_295n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** For types of a fixed size. It throws INVALID_VALUE for what is of another sort, OVERFLOW for what does not fit. */
export function converterTo(type: ColumnType, name: string): Converter {
  const refuse = (value: unknown, row: number, why?: string, code: ErrorCode = "INVALID_VALUE") =>
    new AikoError(code, {
      message: `Row ${row} of ${JSON.stringify(name)}: ${shown(value)} ${why ?? `is no ${typeText(type)}`}`,
    });
  switch (type.kind) {
    case "bool":
      return (value, row) => {
        if (typeof value !== "boolean") throw refuse(value, row);
        return value ? 1 : 0;
      };
    case "float32":
    case "float64":
      return (value, row) => {
        if (typeof value === "number") return value;
        if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
        throw refuse(value, row);
      };
    case "decimal": {
      const { precision, scale } = type;
      const unit = decimalBound(scale);
      const bound = decimalBound(precision);
      return (value, row) => {
        const parsed =
          typeof value === "bigint"
            ? value * unit
            : typeof value === "string" || (typeof value === "number" && Number.isFinite(value))
              ? parseDecimal(String(value), precision, scale)
              : undefined;
        if (parsed === undefined) throw refuse(value, row);
        if (typeof parsed === "string") {
          throw refuse(
            value,
            row,
            parsed,
            parsed.startsWith("has more digits") ? "OVERFLOW" : "INVALID_VALUE",
          );
        }
        if (parsed > -bound && parsed < bound) return parsed;
        throw refuse(value, row, `does not fit ${typeText(type)}`, "OVERFLOW");
      };
    }
    case "date":
      return (value, row) => {
        const days =
          typeof value === "string"
            ? parseDate(value)
            : value instanceof Date
              ? value.getTime() / dayMs
              : undefined;
        if (days === undefined || Number.isNaN(days)) throw refuse(value, row);
        if (!Number.isInteger(days)) throw refuse(value, row, "has a time of day, which a date has not");
        if (Math.abs(days) < 2 ** 31) return days;
        throw refuse(value, row, "does not fit a date", "OVERFLOW");
      };
    case "timestamp":
      return (value, row) => {
        const units = stampOf(value, type.unit);
        if (units === undefined) throw refuse(value, row);
        if (BigInt.asIntN(64, units) === units) return units;
        throw refuse(value, row, `does not fit ${typeText(type)}`, "OVERFLOW");
      };
    case "duration":
      return (value, row) => {
        const units = typeof value === "string" ? parseDuration(value, type.unit) : integerOf(value);
        if (units === undefined) throw refuse(value, row);
        if (BigInt.asIntN(64, units) === units) return units;
        throw refuse(value, row, `does not fit ${typeText(type)}`, "OVERFLOW");
      };
    default: {
      const [least, most] = bounds[type.kind] ?? [0n, -1n];
      const isWide = type.kind === "int64" || type.kind === "uint64";
      const [low, high] = [Number(least), Number(most)];
      return (value, row) => {
        if (
          !isWide &&
          typeof value === "number" &&
          Number.isInteger(value) &&
          value >= low &&
          value <= high
        ) {
          return value;
        }
        const integer = integerOf(value);
        if (integer === undefined) throw refuse(value, row);
        if (integer >= least && integer <= most) return isWide ? integer : Number(integer);
        throw refuse(value, row, `does not fit ${type.kind}`, "OVERFLOW");
      };
    }
  }
}

/** Units of a Date, a text or a bigint; undefined where the unit does not hold it exactly. */
function stampOf(value: unknown, unit: "s" | "ms" | "us" | "ns"): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "string") return parseTimestamp(value, unit);
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined;
  if (unit !== "s") return BigInt(value.getTime()) * BigInt(unitsPerSecond[unit] / 1000);
  return value.getTime() % 1000 === 0 ? BigInt(value.getTime() / 1000) : undefined;
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function shown(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  return Array.isArray(value) ? "an array" : `a value of the type ${typeof value}`;
}
