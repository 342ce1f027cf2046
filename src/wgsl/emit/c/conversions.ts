import {
  bool,
  elementScalar,
  f16,
  f32,
  f64,
  isFloat,
  isInteger,
  isWideInteger,
  type Type,
  u32,
  withElement,
} from "../../types.ts";
import { rounded } from "./half.ts";
import { compared, parenthesize } from "./operators.ts";
import type { Writer } from "./writer.ts";

/** Conversion by value: integers wrap, floats saturate to integers, everything rounds to the nearest float. */
export function convert(writer: Writer, from: Type, to: Type, text: string): string {
  const { types } = writer;
  const source = elementScalar(from);
  const target = elementScalar(to);
  if (source === target || source === undefined || target === undefined) return text;
  if (from.kind === "matrix" && to.kind === "matrix") {
    if (types.isWide(from)) return rounded(types, to, text);
    const whole = /^\w+$/.test(text) ? text : writer.spill(from, text);
    const columns = Array.from({ length: to.columns }, (_, at) => writer.matrices.columnOf(from, whole, at));
    return `${writer.matrices.make(to)}(${columns.join(", ")})`;
  }
  if (target === bool) return compared(writer, from, `(${text} != 0)`);
  if (target === f16) {
    const single = withElement(to, f32);
    if (source === f64) return rounded(types, to, `${toOdd(writer, from, single)}(${text})`);
    return rounded(types, to, source === f32 ? text : convert(writer, from, single, text));
  }
  if (source === f16) return convert(writer, withElement(from, f32), to, text);
  if (isFloat(source) && isInteger(target)) return `${writer.helpers.saturate(from, to)}(${text})`;
  return to.kind === "vector" ? lanes(writer, from, to, text) : `(${types.value(to)})(${text})`;
}

/** Between vectors, but for floats to integers. */
function lanes(writer: Writer, from: Type, to: Type, text: string): string {
  const { dialect, types } = writer;
  const t = types.value(to);
  const source = elementScalar(from);
  const target = elementScalar(to) ?? bool;
  if (source === bool) {
    const ones = `-${parenthesize(text)}`;
    if (target === u32) return dialect.reinterpret(t, ones);
    return isInteger(target) && !isWideInteger(target) ? `(${ones})` : dialect.convert(t, ones);
  }
  const sameWidth =
    source !== undefined &&
    isInteger(source) &&
    isInteger(target) &&
    isWideInteger(source) === isWideInteger(target);
  return sameWidth ? dialect.reinterpret(t, text) : dialect.convert(t, text);
}

/**
 * f64 to f32 such that rounding on to f16 gives what rounding at once would: what is not exact becomes the neighbour
 * whose last bit is odd (Boldo and Melquiond, 2008).
 */
function toOdd({ helpers, dialect }: Writer, from: Type, to: Type): string {
  return helpers.lanewise("to_odd", from, to, () => {
    const bits = dialect.reinterpret("uint", "f");
    const neighbour = dialect.reinterpret("float", "bits + (fabs((double)f) < fabs(x) ? 1u : 0xffffffffu)");
    return `float f = (float)x; uint bits = ${bits}; return (double)f == x || x != x || (bits & 1u) != 0u ? f : ${neighbour};`;
  });
}
