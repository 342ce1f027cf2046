import type { ColumnType } from "../../../core/column-type.ts";
import { isFloat, isInteger, isTime, ticksPerSecond } from "../types.ts";
import { floored, sqlType, ticksOf, timeOf } from "./names.ts";

/** A cast by the engine's own rules, or by counts of days and ticks where the engine rounds times another way. */
export function castToSql(text: string, from: ColumnType, to: ColumnType, orNull: boolean): string {
  const cast = (inner: string, type: string) => `${orNull ? "TRY_CAST" : "CAST"}(${inner} AS ${type})`;
  if (isCount(from) && isInteger(to)) return cast(ticksOf(text, from), sqlType(to));
  if (isInteger(from) && isCount(to)) {
    const ticks = cast(text, to.kind === "date" ? "INTEGER" : "BIGINT");
    return timeOf(ticks, to);
  }
  if (isCount(from) && isCount(to) && from.kind === to.kind && from.kind !== "date") {
    return timeOf(rescaledTicks(ticksOf(text, from), from, to, cast), to);
  }
  if (from.kind === "date" && to.kind === "timestamp") {
    const ticks = `CAST(${ticksOf(text, from)} AS HUGEINT) * ${86_400n * ticksPerSecond[to.unit]}`;
    return timeOf(cast(ticks, "BIGINT"), to);
  }
  if (from.kind === "timestamp" && to.kind === "date") {
    return timeOf(floored(ticksOf(text, from), 86_400n * ticksPerSecond[from.unit]), to);
  }
  // The engine takes the range before it rounds: 127.5 becomes -128.
  if (isFloat(from) && isInteger(to)) return cast(`round_even(${text}, 0)`, sqlType(to));
  if (isFloat(from) && to.kind === "utf8") return `replace(${cast(text, "VARCHAR")}, '-nan', 'nan')`;
  return cast(text, sqlType(to));
}

function isCount(type: ColumnType): boolean {
  return isTime(type) || type.kind === "duration";
}

function rescaledTicks(
  ticks: string,
  from: ColumnType,
  to: ColumnType,
  cast: (inner: string, type: string) => string,
): string {
  const perSecond = (type: ColumnType) =>
    type.kind === "timestamp" || type.kind === "duration" ? ticksPerSecond[type.unit] : 1n;
  const [a, b] = [perSecond(from), perSecond(to)];
  if (a === b) return ticks;
  return a > b ? floored(ticks, a / b) : cast(`CAST(${ticks} AS HUGEINT) * ${b / a}`, "BIGINT");
}
