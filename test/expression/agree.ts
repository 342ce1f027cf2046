import { type ColumnType, physicalOf } from "#src/core/column-type.js";
import { type Value, valueText } from "#src/expression/column/cast-value.js";

/** Compares a value with the engine's text: floats within a few units in the last place of their type. */
export function agrees(ours: Value | null, theirs: string | null, type: ColumnType): boolean {
  if (ours === null || theirs === null) return ours === theirs;
  const physical = physicalOf(type);
  if (physical === "f64" || physical === "f32") {
    const [a, b] = [
      Number(ours),
      Number(theirs.replace(/^(-?)inf$/, "$1Infinity").replace(/^-?nan$/, "NaN")),
    ];
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) === Number.isNaN(b);
    if (a === b) return true;
    return Math.abs(a - b) <= (physical === "f32" ? 1e-6 : 1e-9) * Math.max(Math.abs(a), Math.abs(b));
  }
  if (type.kind === "date" || type.kind === "timestamp" || type.kind === "duration")
    return String(ours) === theirs;
  return valueText(ours, type) === theirs;
}

/** What differs first, in words. */
export function difference(
  ours: readonly (Value | null)[],
  theirs: readonly (string | null)[],
  type: ColumnType,
): string | undefined {
  const row = ours.findIndex((value, at) => !agrees(value, theirs[at] ?? null, type));
  return row < 0 ? undefined : `row ${row}: ours ${String(ours[row])}, the engine's ${theirs[row]}`;
}

/** What differs first between two of our own; rows that fail in the first are not looked at. */
export function sameValues(
  expected: readonly (Value | null | undefined)[],
  found: readonly (Value | null)[],
  type: ColumnType,
): string | undefined {
  const isFloat = type.kind === "float32" || type.kind === "float64";
  const text = (value: Value | null) =>
    value === null ? null : isFloat ? String(value) : agreedText(value, type);
  const row = expected.findIndex(
    (value, at) => value !== undefined && !agrees(found[at] ?? null, text(value), type),
  );
  return row < 0
    ? undefined
    : `row ${row}: on the host ${String(expected[row])}, on the device ${String(found[row])}`;
}

function agreedText(value: Value, type: ColumnType): string {
  return type.kind === "date" || type.kind === "timestamp" || type.kind === "duration"
    ? String(value)
    : valueText(value, type);
}
