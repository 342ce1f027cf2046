import { AikoError } from "../../../errors.ts";
import type { Expression } from "../../ir.ts";
import { bool, type ScalarType, type Type, type VectorType } from "../../types.ts";
import { emitBuiltin } from "./builtins.ts";
import { decode, encode, isHalf } from "./half.ts";
import { combine, convert, parenthesize, unary } from "./operators.ts";
import {
  clampIndex,
  elementAt,
  elementPlace,
  load,
  memberPlace,
  type Place,
  place,
  pointerText,
  storeText,
} from "./places.ts";
import { isWide, laneName, scalarLiteral } from "./types.ts";
import { needsCount, type Writer } from "./writer.ts";

/** A WGSL value as a C expression; statements it needs first go to the writer. */
export function emitExpression(writer: Writer, expression: Expression): string {
  const { types } = writer;
  switch (expression.kind) {
    case "constant":
      return constant(writer, expression.type, expression.data);
    case "override":
      return scalarLiteral(expression.override.data ?? 0, expression.type as ScalarType);
    case "value":
      return writer.name(expression.value);
    case "load":
      return load(place(writer, expression.from));
    case "addressOf":
      return pointerText(writer, place(writer, expression.operand));
    case "unary":
      return unary(
        expression.operator,
        expression.type,
        writer.value(expression.operand),
        types.value(expression.type),
      );
    case "binary":
      return binary(writer, expression);
    case "convert":
      return convert(writer, expression.operand.type, expression.type, writer.value(expression.operand));
    case "bitcast":
      return bitcast(writer, expression);
    case "swizzle":
      return `${parenthesize(writer.value(expression.base))}.s${expression.components.join("")}`;
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

/** f16 takes part by its bits. */
function bitcast(writer: Writer, { operand, type }: Expression & { kind: "bitcast" }): string {
  const bits = encode(operand.type, writer.value(operand));
  return decode(
    type,
    isHalf(type) && isHalf(operand.type)
      ? bits
      : `as_${isHalf(type) ? halfBitsType(type) : writer.types.value(type)}(${bits})`,
  );
}

function halfBitsType(type: Type): string {
  return type.kind === "vector" ? `ushort${type.size}` : "ushort";
}

function constant(writer: Writer, type: Type, data: Parameters<Writer["types"]["literal"]>[1]): string {
  const direct = type.kind === "scalar" || type.kind === "vector" || (type.kind === "matrix" && isWide(type));
  if (direct) return writer.types.literal(type, data);
  const temporary = writer.names.temporary();
  writer.line(`${writer.types.value(type)} ${temporary} = ${writer.unit.constant(type, data)};`);
  return temporary;
}

/** A value as memory whose parts have names: arrays, structures and matrices are reached this way. */
export function path(writer: Writer, expression: Expression): Place {
  const { type } = expression;
  if (expression.kind === "member")
    return memberPlace(path(writer, expression.base), expression.struct, expression.member);
  if (expression.kind === "index" && expression.base.type.kind === "array") {
    return elementPlace(writer, path(writer, expression.base), expression.index, undefined);
  }
  if (expression.kind === "constant") {
    return { text: writer.unit.constant(type, expression.data), type, space: "constant", readOnly: true };
  }
  const text = writer.value(expression);
  const name = /^\w+$/.test(text) ? text : writer.spill(type, text);
  return { text: name, type, space: "function", readOnly: true };
}

function index(writer: Writer, expression: Expression & { kind: "index" }): string {
  const { base, index: at } = expression;
  const known = at.kind === "constant" ? Number(at.data) : undefined;
  if (base.type.kind === "vector") {
    const [whole = "", position = ""] = writer.operands([base, at]);
    if (known !== undefined) return laneBool(base.type, `${parenthesize(whole)}.s${known}`);
    return laneBool(
      base.type,
      `${writer.helpers.lane(base.type)}(${whole}, ${clampIndex(writer, at, position, base.type.size)})`,
    );
  }
  if (base.type.kind === "matrix" && isWide(base.type)) {
    const [whole = "", position = ""] = writer.operands([base, at]);
    if (known !== undefined) return writer.helpers.columnOf(base.type, parenthesize(whole), known);
    return `${writer.helpers.column(base.type)}(${whole}, ${clampIndex(writer, at, position, base.type.columns)})`;
  }
  return load(elementPlace(writer, path(writer, base), at, undefined));
}

/** A lane of a bool vector is -1 or 0; a bool is 1 or 0. */
function laneBool(type: VectorType, text: string): string {
  return type.element === bool ? `(${text} != 0)` : text;
}

function binary(writer: Writer, expression: Expression & { kind: "binary" }): string {
  const { operator, left, right } = expression;
  if (operator === "&&" || operator === "||") return shortCircuit(writer, expression);
  const [a = "", b = ""] = writer.operands([left, right]);
  const text = combine(
    writer,
    operator,
    left.type,
    a,
    right.type,
    b,
    expression.type,
    right.kind === "constant",
  );
  return nesting(text) > mostNested ? writer.spill(expression.type, text) : text;
}

/** Clang reads 256 brackets inside each other and no more. */
const mostNested = 100;

function nesting(text: string): number {
  let depth = 0;
  let most = 0;
  for (const char of text) {
    if (char === "(") most = Math.max(most, ++depth);
    else if (char === ")") depth--;
  }
  return most;
}

function shortCircuit(writer: Writer, expression: Expression & { kind: "binary" }): string {
  const left = writer.value(expression.left);
  let right = "";
  const lines = writer.capture(() => {
    right = writer.value(expression.right);
  });
  if (lines.length === 0) return `(${left} ${expression.operator} ${right})`;
  const result = writer.spill(bool, left);
  writer.line(`if (${expression.operator === "&&" ? result : `!${result}`}) {`);
  writer.lines(lines);
  writer.line(`${result} = ${right};`);
  writer.line("}");
  return result;
}

function construct(writer: Writer, expression: Expression & { kind: "construct" }): string {
  const { type, args } = expression;
  const { types, helpers } = writer;
  if (type.kind === "scalar") return scalarLiteral(type === bool ? false : 0, type);
  if (type.kind === "vector") {
    if (args.length === 0) return `(${types.value(type)})(0)`;
    const parts = writer
      .operands(args)
      .map((text, at) => (type.element === bool && args[at]?.type === bool ? `-(int)(${text})` : text));
    return `(${types.value(type)})(${parts.join(", ")})`;
  }
  if (args.length === 0) return zeroed(writer, type);
  const parts = writer.operands(args);
  if (type.kind === "matrix") {
    if (isWide(type)) return `(${types.value(type)})(${parts.join(", ")})`;
    if (args[0]?.type.kind === "vector") return `${helpers.makeMatrix(type)}(${parts.join(", ")})`;
    const column = `${laneName(type.element)}${type.rows}`;
    const columns = Array.from(
      { length: type.columns },
      (_, at) => `(${column})(${parts.slice(at * type.rows, (at + 1) * type.rows).join(", ")})`,
    );
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

function zeroed(writer: Writer, type: Type): string {
  if (type.kind === "matrix" && isWide(type)) return `(${writer.types.value(type)})(0)`;
  const name = writer.names.temporary();
  writer.line(`${writer.types.value(type)} ${name} = ${writer.types.zero(type)};`);
  return name;
}

function storeInto(writer: Writer, target: Place, text: string): void {
  writer.line(`${storeText(target, text)};`);
}

function call(writer: Writer, expression: Expression & { kind: "call" }): string {
  const text = callText(writer, expression);
  return expression.function.impure ? writer.spill(expression.type, text) : text;
}

/** The call itself, with the module variables and array lengths that the function needs passed along. */
export function callText(writer: Writer, expression: Expression & { kind: "call" }): string {
  const target = expression.function;
  const args = writer.operands(expression.args);
  const hidden: string[] = [];
  for (const variable of writer.unit.names.ordered(target.globals)) {
    const name = writer.name(variable);
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
