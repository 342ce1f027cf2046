import { AikoError } from "../../../errors.ts";
import type { Expression } from "../../ir.ts";
import { countOf } from "../../layout.ts";
import { bool, elementScalar, f16, f32, i32, isFloat, type ScalarType, type Type, u32, type VectorType } from "../../types.ts";
import { emitBuiltin } from "./builtins.ts";
import { elementPlace, load, memberPlace, type Place, place, pointerText } from "./places.ts";
import { isWide, laneName, scalarLiteral } from "./types.ts";
import { isImpure, needsCount, type Writer } from "./writer.ts";

/** A WGSL value as a C expression; statements it needs first go to the writer. */
export function value(writer: Writer, expression: Expression): string {
  const { types } = writer;
  switch (expression.kind) {
    case "constant":
      return constant(writer, expression.type, expression.data);
    case "override":
      return scalarLiteral(expression.override.data ?? 0, expression.type as ScalarType);
    case "value":
      return writer.value(expression.value);
    case "load":
      return load(place(writer, expression.from));
    case "addressOf":
      return pointerText(writer, place(writer, expression.operand));
    case "unary":
      return unary(expression.operator, expression.type, value(writer, expression.operand), types.value(expression.type));
    case "binary":
      return binary(writer, expression);
    case "convert":
      return convert(writer, expression.operand.type, expression.type, value(writer, expression.operand));
    case "bitcast":
      return `as_${types.value(expression.type)}(${value(writer, expression.operand)})`;
    case "swizzle":
      return `${parenthesize(value(writer, expression.base))}.s${expression.components.join("")}`;
    case "index":
      return index(writer, expression);
    case "member":
      return load(memberPlace(path(writer, expression.base), expression.struct, expression.member));
    case "construct":
      return construct(writer, expression);
    case "call":
      return call(writer, expression);
    case "builtin":
      return emitBuiltin(writer, expression);
    default:
      throw new AikoError("INTERNAL", { message: `a ${expression.kind} stands where a value is needed` });
  }
}

export function parenthesize(text: string): string {
  return /^[\w.]+$/.test(text) || /^\((?:[^()]|\([^()]*\))*\)$/.test(text) ? text : `(${text})`;
}

function constant(writer: Writer, type: Type, data: Parameters<Writer["types"]["literal"]>[1]): string {
  const direct = type.kind === "scalar" || type.kind === "vector" || (type.kind === "matrix" && isWide(type));
  if (direct) return writer.types.literal(type, data);
  const temporary = writer.names.temporary();
  writer.line(`${writer.types.value(type)} ${temporary} = ${writer.unit.constant(type, data)};`);
  return temporary;
}

/** Operands in WGSL's order: left to right, also where C would leave it open. */
export function operands(writer: Writer, list: readonly Expression[]): string[] {
  const lastImpure = list.findLastIndex(isImpure);
  return list.map((expression, position) => {
    const text = value(writer, expression);
    const settled = expression.kind === "constant" || expression.kind === "value" || /^t\d+$/.test(text);
    return position < lastImpure && !settled ? writer.spill(expression.type, text) : text;
  });
}

/** A value as memory whose parts have names: arrays, structures and matrices are reached this way. */
export function path(writer: Writer, expression: Expression): Place {
  const { type } = expression;
  if (expression.kind === "member") return memberPlace(path(writer, expression.base), expression.struct, expression.member);
  if (expression.kind === "index" && expression.base.type.kind === "array") {
    return elementPlace(writer, path(writer, expression.base), expression.index, undefined);
  }
  if (expression.kind === "constant") {
    return { text: writer.unit.constant(type, expression.data), type, space: "constant", readOnly: true };
  }
  const text = value(writer, expression);
  const name = /^\w+$/.test(text) ? text : writer.spill(type, text);
  return { text: name, type, space: "function", readOnly: true };
}

function index(writer: Writer, expression: Expression & { kind: "index" }): string {
  const { base, index: at } = expression;
  const known = at.kind === "constant" ? Number(at.data) : undefined;
  if (base.type.kind === "vector") {
    const [whole = "", position = ""] = operands(writer, [base, at]);
    if (known !== undefined) return laneBool(base.type, `${parenthesize(whole)}.s${known}`);
    return laneBool(base.type, `${writer.helpers.lane(base.type)}(${whole}, ${clampIndex(writer, at, position, base.type.size)})`);
  }
  if (base.type.kind === "matrix" && isWide(base.type)) {
    const [whole = "", position = ""] = operands(writer, [base, at]);
    if (known !== undefined) return writer.helpers.columnOf(base.type, parenthesize(whole), known);
    return `${writer.helpers.column(base.type)}(${whole}, ${clampIndex(writer, at, position, base.type.columns)})`;
  }
  return load(elementPlace(writer, path(writer, base), at, undefined));
}

/** A lane of a bool vector is -1 or 0; a bool is 1 or 0. */
function laneBool(type: VectorType, text: string): string {
  return type.element === bool ? `(${text} != 0)` : text;
}

/** An index as `uint`, kept inside `count` elements unless the kernel is compiled unchecked. */
export function clampIndex(writer: Writer, at: Expression, text: string, count: number | string): string {
  if (at.kind === "constant" && typeof count === "number") return String(Number(at.data));
  const unsigned = at.type === u32 ? text : at.kind === "constant" ? `${Number(at.data)}u` : `(uint)(${text})`;
  if (writer.unit.options.unchecked) return unsigned;
  const last = typeof count === "number" ? `${count - 1}u` : `${count} - 1u`;
  return `min(${unsigned}, ${last})`;
}

function unary(operator: string, type: Type, operand: string, t: string): string {
  const scalar = elementScalar(type);
  if (operator === "!") return type.kind === "vector" ? `(~${parenthesize(operand)})` : `(!${parenthesize(operand)})`;
  if (operator === "-" && scalar === i32) return `as_${t}(0u - as_${t.replace("int", "uint")}(${operand}))`;
  return `(${operator}${parenthesize(operand)})`;
}

function binary(writer: Writer, expression: Expression & { kind: "binary" }): string {
  const { operator, left, right } = expression;
  if (operator === "&&" || operator === "||") return shortCircuit(writer, expression);
  const [a = "", b = ""] = operands(writer, [left, right]);
  return combine(writer, operator, left.type, a, right.type, b, expression.type, right.kind === "constant");
}

function shortCircuit(writer: Writer, expression: Expression & { kind: "binary" }): string {
  const left = value(writer, expression.left);
  let right = "";
  const lines = writer.capture(() => {
    right = value(writer, expression.right);
  });
  if (lines.length === 0) return `(${left} ${expression.operator} ${right})`;
  const result = writer.spill(bool, left);
  writer.line(`if (${expression.operator === "&&" ? result : `!${result}`}) {`);
  writer.lines(lines);
  writer.line(`${result} = ${right};`);
  writer.line("}");
  return result;
}

/** `a operator b` with WGSL's meaning: integers wrap, shift counts are masked, division is defined everywhere. */
export function combine(
  writer: Writer, operator: string, leftType: Type, a: string, rightType: Type, b: string, result: Type, constantRight = false,
): string {
  const { types, helpers } = writer;
  if (leftType.kind === "matrix" || rightType.kind === "matrix") return matrix(writer, operator, leftType, a, rightType, b, result);
  const scalar = elementScalar(leftType);
  const t = types.value(result);
  switch (operator) {
    case "+":
    case "-":
    case "*": {
      if (scalar !== i32) return `(${a} ${operator} ${b})`;
      const unsigned = (type: Type, text: string) => `as_${types.value(type).replace("int", "uint")}(${text})`;
      return `as_${t}(${unsigned(leftType, a)} ${operator} ${unsigned(rightType, b)})`;
    }
    case "/":
    case "%": {
      if (scalar !== undefined && isFloat(scalar)) {
        if (operator === "/") return `(${a} / ${b})`;
        const helper = helpers.generic("modulo", result, "a b", () => "return a - b * trunc(a / b);");
        return `${helper}(${splat(t, leftType, result, a)}, ${splat(t, rightType, result, b)})`;
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
      return result.kind === "vector" && scalar === f16 ? `convert_int${result.size}(${a} ${operator} ${b})` : `(${a} ${operator} ${b})`;
    default:
      return result === bool ? `(bool)(${a} ${operator} ${b})` : `(${a} ${operator} ${b})`;
  }
}

function splat(t: string, from: Type, to: Type, text: string): string {
  return from.kind === "scalar" && to.kind === "vector" ? `(${t})(${text})` : text;
}

function matrix(writer: Writer, operator: string, leftType: Type, a: string, rightType: Type, b: string, result: Type): string {
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
    if (isWide(from)) return `convert_${t}(${text})`;
    const whole = /^\w+$/.test(text) ? text : writer.spill(from, text);
    const column = `${laneName(to.element)}${to.rows}`;
    const columns = Array.from({ length: to.columns }, (_, at) => `convert_${column}(${writer.helpers.columnOf(from, whole, at)})`);
    return `${writer.helpers.makeMatrix(to)}(${columns.join(", ")})`;
  }
  if (target === bool) return to.kind === "vector" ? compareZero(from, to, text) : `(${text} != 0)`;
  if (to.kind === "vector") {
    if (source === bool) return target === i32 ? `(-${parenthesize(text)})` : target === u32 ? `as_${t}(-${parenthesize(text)})` : `convert_${t}(-${parenthesize(text)})`;
    if (source === i32 || source === u32) return target === i32 || target === u32 ? `as_${t}(${text})` : `convert_${t}(${text})`;
  }
  if (source !== undefined && isFloat(source) && (target === i32 || target === u32)) return saturate(writer, from, to, text);
  return to.kind === "vector" ? `convert_${t}(${text})` : `(${t})(${text})`;
}

function compareZero(from: Type, to: Type & { kind: "vector" }, text: string): string {
  const compared = `(${text} != 0)`;
  return elementScalar(from) === f16 ? `convert_int${to.size}(${compared})` : compared;
}

/** Floats become the nearest value that both types hold, as Dawn does; NaN becomes the lowest. */
function saturate(writer: Writer, from: Type, to: Type, text: string): string {
  const wide = from.kind === "vector" ? { ...from, element: f32 } : f32;
  const float = elementScalar(from) === f16 ? convert(writer, from, wide, text) : text;
  const t = writer.types.value(wide);
  const target = writer.types.value(to);
  const [low, high] = target.startsWith("u") ? ["0.0f", "4294967040.0f"] : ["-2147483648.0f", "2147483520.0f"];
  const helper = writer.helpers.need(`to_${target}`, () => `static inline ${target} to_${target}(${t} x) { return convert_${target}(fmin(fmax(x, (${t})(${low})), (${t})(${high}))); }`);
  return `${helper}(${float})`;
}

function construct(writer: Writer, expression: Expression & { kind: "construct" }): string {
  const { type, args } = expression;
  const { types, helpers } = writer;
  if (type.kind === "scalar") return scalarLiteral(type === bool ? false : 0, type);
  if (type.kind === "vector") {
    if (args.length === 0) return `(${types.value(type)})(0)`;
    const parts = operands(writer, args).map((text, at) => (type.element === bool && args[at]?.type === bool ? `-(int)(${text})` : text));
    return `(${types.value(type)})(${parts.join(", ")})`;
  }
  if (args.length === 0) return zeroed(writer, type);
  const parts = operands(writer, args);
  if (type.kind === "matrix") {
    if (isWide(type)) return `(${types.value(type)})(${parts.join(", ")})`;
    if (args[0]?.type.kind === "vector") return `${helpers.makeMatrix(type)}(${parts.join(", ")})`;
    const column = `${laneName(type.element)}${type.rows}`;
    const columns = Array.from({ length: type.columns }, (_, at) => `(${column})(${parts.slice(at * type.rows, (at + 1) * type.rows).join(", ")})`);
    return `${helpers.makeMatrix(type)}(${columns.join(", ")})`;
  }
  const whole: Place = { text: writer.names.temporary(), type, space: "function", readOnly: false };
  writer.line(`${types.value(type)} ${whole.text};`);
  parts.forEach((part, at) => {
    const target = type.kind === "struct" ? memberPlace(whole, type, at) : elementAt(writer, whole, at);
    storeInto(writer, target, part);
  });
  return whole.text;
}

export function elementAt(writer: Writer, whole: Place, at: number): Place {
  return elementPlace(writer, whole, { kind: "constant", type: u32, span: { start: 0, end: 0 }, data: at }, undefined);
}

function zeroed(writer: Writer, type: Type): string {
  if (type.kind === "matrix" && isWide(type)) return `(${writer.types.value(type)})(0)`;
  const name = writer.names.temporary();
  writer.line(`${writer.types.value(type)} ${name} = ${writer.types.zero(type)};`);
  return name;
}

function storeInto(writer: Writer, target: Place, text: string): void {
  writer.line(`${storeText(target, text)};`);
}

/** The C expression that stores a value in memory. */
export function storeText(target: Place, text: string): string {
  const { type } = target;
  if (target.asValue) return `${target.text} = ${text}`;
  if (type.kind === "vector" && type.size === 3) return `vstore3(${text}, 0, ${target.text})`;
  if (type.kind === "matrix" && isWide(type)) {
    const lanes = type.columns * type.rows;
    return `vstore${lanes}(${text}, 0, (${spaceOf(target)}${laneName(type.element)}*)&${target.text})`;
  }
  return `${target.text} = ${text}`;
}

export function spaceOf(target: Place): string {
  switch (target.space) {
    case "storage":
    case "uniform":
      return target.readOnly ? "const __global " : "__global ";
    case "workgroup":
      return "__local ";
    case "constant":
      return "__constant ";
    default:
      return "";
  }
}

function call(writer: Writer, expression: Expression & { kind: "call" }): string {
  const text = callText(writer, expression);
  return expression.function.impure ? writer.spill(expression.type, text) : text;
}

/** The call itself, with the module variables and array lengths that the function needs passed along. */
export function callText(writer: Writer, expression: Expression & { kind: "call" }): string {
  const target = expression.function;
  const args = operands(writer, expression.args);
  const hidden: string[] = [];
  for (const variable of writer.unit.names.ordered(target.globals)) {
    const name = writer.variable(variable);
    hidden.push(name);
    if (needsCount(variable.type)) hidden.push(`${name}count`);
  }
  if (writer.unit.polling.has(target)) hidden.push("stop");
  const explicit = expression.args.flatMap((arg, position) => {
    const text = args[position] ?? "";
    return arg.type.kind === "pointer" && needsCount(arg.type.store) ? [text, writer.count(arg)] : [text];
  });
  return `${writer.unit.names.of(target, target.name)}(${[...hidden, ...explicit].join(", ")})`;
}

export function elementCount(type: Type): number | undefined {
  if (type.kind === "vector") return type.size;
  if (type.kind === "matrix") return type.columns;
  return type.kind === "array" && type.count !== undefined ? countOf(type.count) : undefined;
}
