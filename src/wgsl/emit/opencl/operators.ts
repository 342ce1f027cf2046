import { bool, elementScalar, f16, f32, i32, isFloat, type Type, u32, withElement } from "../../types.ts";
import { rounded } from "./half.ts";
import { isWide } from "./types.ts";
import type { Writer } from "./writer.ts";

export function parenthesize(text: string): string {
  return /^[\w.]+$/.test(text) || /^\((?:[^()]|\([^()]*\))*\)$/.test(text) ? text : `(${text})`;
}

export function unary(operator: string, type: Type, operand: string, t: string): string {
  const scalar = elementScalar(type);
  if (operator === "!")
    return type.kind === "vector" ? `(~${parenthesize(operand)})` : `(!${parenthesize(operand)})`;
  if (operator === "-" && scalar === i32) return `as_${t}(0u - as_${t.replace("int", "uint")}(${operand}))`;
  return `(${operator}${parenthesize(operand)})`;
}

/** `a operator b` with WGSL's meaning: integers wrap, shift counts are masked, division is defined everywhere. */
export function combine(
  writer: Writer,
  operator: string,
  leftType: Type,
  a: string,
  rightType: Type,
  b: string,
  result: Type,
  constantRight = false,
): string {
  const { types, helpers } = writer;
  if (leftType.kind === "matrix" || rightType.kind === "matrix")
    return rounded(result, matrix(writer, operator, leftType, a, rightType, b, result));
  const scalar = elementScalar(leftType);
  const t = types.value(result);
  switch (operator) {
    case "+":
    case "-":
    case "*": {
      if (scalar !== i32) return rounded(result, `(${a} ${operator} ${b})`);
      const unsigned = (type: Type, text: string) =>
        `as_${types.value(type).replace("int", "uint")}(${text})`;
      return `as_${t}(${unsigned(leftType, a)} ${operator} ${unsigned(rightType, b)})`;
    }
    case "/":
    case "%": {
      if (scalar !== undefined && isFloat(scalar)) {
        if (operator === "/") return rounded(result, `(${a} / ${b})`);
        const helper = helpers.generic("modulo", result, "a b", () => "return a - b * trunc(a / b);");
        return rounded(
          result,
          `${helper}(${splat(t, leftType, result, a)}, ${splat(t, rightType, result, b)})`,
        );
      }
      if (constantRight && (scalar === u32 || !b.includes("-1"))) return `(${a} ${operator} ${b})`;
      const helper = operator === "/" ? helpers.divide(result) : helpers.remainder(result);
      return `${helper}(${splat(t, leftType, result, a)}, ${splat(t, rightType, result, b)})`;
    }
    case "<<":
    case ">>": {
      const count = constantRight ? b : `(${b} & 31u)`;
      if (scalar === u32) return `(${a} ${operator} ${count})`;
      const unsigned = t.replace("int", "uint");
      return operator === "<<" ? `as_${t}(as_${unsigned}(${a}) << ${count})` : `(${a} >> as_${t}(${count}))`;
    }
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return `(${a} ${operator} ${b})`;
    default:
      return result === bool ? `(bool)(${a} ${operator} ${b})` : `(${a} ${operator} ${b})`;
  }
}

function splat(t: string, from: Type, to: Type, text: string): string {
  return from.kind === "scalar" && to.kind === "vector" ? `(${t})(${text})` : text;
}

function matrix(
  writer: Writer,
  operator: string,
  leftType: Type,
  a: string,
  rightType: Type,
  b: string,
  result: Type,
): string {
  const wide = result.kind === "matrix" && isWide(result);
  const scaled = leftType.kind === "scalar" || rightType.kind === "scalar";
  if (wide && (operator !== "*" || scaled)) return `(${a} ${operator} ${b})`;
  return `${writer.helpers.matrixOperator(operator, leftType, rightType, result)}(${a}, ${b})`;
}

export function convert(writer: Writer, from: Type, to: Type, text: string): string {
  const source = elementScalar(from);
  const target = elementScalar(to);
  const t = writer.types.value(to);
  if (source === target) return text;
  if (from.kind === "matrix" && to.kind === "matrix") {
    if (isWide(from)) return rounded(to, text);
    const whole = /^\w+$/.test(text) ? text : writer.spill(from, text);
    const columns = Array.from({ length: to.columns }, (_, at) => writer.helpers.columnOf(from, whole, at));
    return `${writer.helpers.makeMatrix(to)}(${columns.join(", ")})`;
  }
  if (target === bool) return `(${text} != 0)`;
  if (target === f16)
    return rounded(to, source === f32 ? text : convert(writer, from, withElement(to, f32), text));
  if (source === f16) return target === f32 ? text : saturate(writer, withElement(from, f32), to, text);
  if (to.kind === "vector") {
    if (source === bool)
      return target === i32
        ? `(-${parenthesize(text)})`
        : target === u32
          ? `as_${t}(-${parenthesize(text)})`
          : `convert_${t}(-${parenthesize(text)})`;
    if (source === i32 || source === u32)
      return target === i32 || target === u32 ? `as_${t}(${text})` : `convert_${t}(${text})`;
  }
  if (source !== undefined && isFloat(source) && (target === i32 || target === u32))
    return saturate(writer, from, to, text);
  return to.kind === "vector" ? `convert_${t}(${text})` : `(${t})(${text})`;
}

/** Floats become the nearest value that both types hold, as Dawn does; NaN becomes the lowest. */
function saturate(writer: Writer, from: Type, to: Type, text: string): string {
  const t = writer.types.value(from);
  const target = writer.types.value(to);
  const [low, high] = target.startsWith("u")
    ? ["0.0f", "4294967040.0f"]
    : ["-2147483648.0f", "2147483520.0f"];
  const helper = writer.helpers.need(
    `to_${target}`,
    () =>
      `static inline ${target} to_${target}(${t} x) { return convert_${target}(fmin(fmax(x, (${t})(${low})), (${t})(${high}))); }`,
  );
  return `${helper}(${text})`;
}
