import type { ColumnType, IntegerKind, TimeUnit } from "../../core/column-type.ts";
import { suggest } from "../../core/suggest.ts";
import { AikoError } from "../../errors.ts";

const plain: Readonly<Record<string, ColumnType>> = {
  bool: { kind: "bool" },
  boolean: { kind: "bool" },
  ...Object.fromEntries(
    (["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as IntegerKind[]).map(
      (kind) => [kind, { kind }],
    ),
  ),
  tinyint: { kind: "int8" },
  smallint: { kind: "int16" },
  int: { kind: "int32" },
  integer: { kind: "int32" },
  bigint: { kind: "int64" },
  float32: { kind: "float32" },
  float: { kind: "float32" },
  real: { kind: "float32" },
  float64: { kind: "float64" },
  double: { kind: "float64" },
  utf8: { kind: "utf8" },
  text: { kind: "utf8" },
  string: { kind: "utf8" },
  varchar: { kind: "utf8" },
  date: { kind: "date" },
  decimal: { kind: "decimal", precision: 18, scale: 3 },
  timestamp: { kind: "timestamp", unit: "us" },
  duration: { kind: "duration", unit: "us" },
};

const names = [...Object.keys(plain), "list"];

/** A type as `typeText` writes it or SQL names it: `decimal(12, 2)`, `timestamp(us, UTC)`, `bigint`. Throws INVALID_ARGUMENT. */
export function parseType(text: string): ColumnType {
  if (typeof text !== "string") throw refused(String(text), "a type is text such as int64");
  const match = /^\s*(\w+)\s*(?:\(([\s\S]*)\))?\s*$/.exec(text);
  const name = match?.[1]?.toLowerCase() ?? "";
  const inner = match?.[2];
  if (name === "list" && inner !== undefined) return listOf(text, inner);
  const found = Object.hasOwn(plain, name) ? plain[name] : undefined;
  if (match === null || found === undefined) {
    const close = suggest(name, names);
    throw refused(text, close === undefined ? `types are ${names.join(", ")}` : `did you mean ${close}?`);
  }
  return inner === undefined
    ? found
    : withArguments(
        text,
        found,
        inner.split(",").map((each) => each.trim()),
      );
}

/** A type, or what a text says. */
export function typeOf(to: string | ColumnType): ColumnType {
  return typeof to === "string" ? parseType(to) : to;
}

function listOf(text: string, inner: string): ColumnType {
  if (/list/i.test(inner)) throw refused(text, "lists hold values, not lists");
  return { kind: "list", item: parseType(inner) };
}

function withArguments(text: string, type: ColumnType, given: readonly string[]): ColumnType {
  const [first = "", second] = given;
  if (given.length > 2) throw refused(text, "it has too many arguments");
  switch (type.kind) {
    case "decimal":
      return decimalOf(text, first, second ?? "0");
    case "timestamp":
      return {
        kind: "timestamp",
        unit: unitOf(text, first),
        ...(second === undefined ? {} : zoneOf(text, second)),
      };
    case "duration":
      if (second === undefined) return { kind: "duration", unit: unitOf(text, first) };
  }
  throw refused(text, `${type.kind} takes no such arguments`);
}

function decimalOf(text: string, digits: string, places: string): ColumnType {
  const [precision, scale] = [Number(digits), Number(places)];
  if (
    /^\d+$/.test(digits) &&
    /^\d+$/.test(places) &&
    precision >= 1 &&
    precision <= 38 &&
    scale <= precision
  ) {
    return { kind: "decimal", precision, scale };
  }
  throw refused(text, "decimal(digits, places) has 1 to 38 digits, and at most as many places");
}

function unitOf(text: string, unit: string): TimeUnit {
  if (unit === "s" || unit === "ms" || unit === "us" || unit === "ns") return unit;
  throw refused(text, "units are s, ms, us and ns");
}

function zoneOf(text: string, timeZone: string): { readonly timeZone: string } {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
    return { timeZone };
  } catch {
    throw refused(text, "it names no time zone, as UTC or Europe/Berlin");
  }
}

function refused(text: string, why: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message: `"${text}" is no type of a column: ${why}` });
}
