import { bool, elementScalar, isFloat, isSigned, isWideInteger, type Type, u32, u64 } from "../../types.ts";
import { rounded } from "./half.ts";
import type { Writer } from "./writer.ts";

export function parenthesize(text: string): string {
  return /^[\w.]+$/.test(text) || /^\((?:[^()]|\([^()]*\))*\)$/.test(text) ? text : `(${text})`;
}

export function unary(writer: Writer, operator: string, type: Type, operand: string): string {
  const { dialect, types } = writer;
  if (operator === "!")
    return type.kind === "vector" ? `(~${parenthesize(operand)})` : `(!${parenthesize(operand)})`;
  if (operator === "-" && isSigned(type))
    return dialect.reinterpret(
      types.value(type),
      `0u - ${dialect.reinterpret(types.unsigned(type), operand)}`,
    );
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
  const { types, helpers, dialect } = writer;
  if (leftType.kind === "matrix" || rightType.kind === "matrix")
    return rounded(types, result, matrix(writer, operator, leftType, a, rightType, b, result));
  const scalar = elementScalar(leftType);
  const t = types.value(result);
  switch (operator) {
    case "+":
    case "-":
    case "*": {
      if (!isSigned(leftType)) return rounded(types, result, `(${a} ${operator} ${b})`);
      const unsigned = (type: Type, text: string) => dialect.reinterpret(types.unsigned(type), text);
      return dialect.reinterpret(t, `${unsigned(leftType, a)} ${operator} ${unsigned(rightType, b)}`);
    }
    case "/":
    case "%": {
      if (scalar !== undefined && isFloat(scalar)) {
        if (operator === "/") return rounded(types, result, `(${a} / ${b})`);
        const helper = helpers.generic("modulo", result, "a b", () => "return a - b * trunc(a / b);");
        return rounded(
          types,
          result,
          `${helper}(${splat(writer, leftType, result, a)}, ${splat(writer, rightType, result, b)})`,
        );
      }
      if (constantRight && (scalar === u32 || scalar === u64 || !b.includes("-1")))
        return `(${a} ${operator} ${b})`;
      const helper = operator === "/" ? helpers.divide(result) : helpers.remainder(result);
      return `${helper}(${splat(writer, leftType, result, a)}, ${splat(writer, rightType, result, b)})`;
    }
    case "<<":
    case ">>":
      return shift(writer, operator, leftType, a, b, constantRight);
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compared(writer, leftType.kind === "vector" ? leftType : rightType, `(${a} ${operator} ${b})`);
    default:
      return result === bool ? `(bool)(${a} ${operator} ${b})` : `(${a} ${operator} ${b})`;
  }
}

/** Counts are u32, also where the value is wider. */
function shift(
  writer: Writer,
  operator: string,
  type: Type,
  a: string,
  b: string,
  constantRight: boolean,
): string {
  const { types, dialect } = writer;
  const scalar = elementScalar(type);
  const wide = scalar !== undefined && isWideInteger(scalar);
  const t = types.value(type);
  const unsigned = types.unsigned(type);
  const masked = constantRight ? b : `(${b} & ${wide ? 63 : 31}u)`;
  const count = wide && type.kind === "vector" ? dialect.convert(unsigned, masked) : masked;
  if (!isSigned(type)) return `(${a} ${operator} ${count})`;
  if (operator === "<<") return dialect.reinterpret(t, `${dialect.reinterpret(unsigned, a)} << ${count}`);
  return `(${a} >> ${wide && type.kind === "scalar" ? count : dialect.reinterpret(t, count)})`;
}

/** A comparison of vectors as the lanes of int that stand for bool. */
export function compared(writer: Writer, type: Type, text: string): string {
  return type.kind === "vector" ? writer.dialect.mask(laneBytes(type), type.size, text) : text;
}

export function laneBytes(type: Type): number {
  return elementScalar(type)?.name.endsWith("64") ? 8 : 4;
}

function splat(writer: Writer, from: Type, to: Type, text: string): string {
  return from.kind === "scalar" && to.kind === "vector"
    ? writer.dialect.construct(writer.types.value(to), [text])
    : text;
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
  const wide = result.kind === "matrix" && writer.types.isWide(result);
  const scaled = leftType.kind === "scalar" || rightType.kind === "scalar";
  if (wide && (operator !== "*" || scaled)) return `(${a} ${operator} ${b})`;
  return `${writer.matrices.operator(operator, leftType, rightType, result)}(${a}, ${b})`;
}
