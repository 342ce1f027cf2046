import { AikoError } from "../../../errors.ts";
import type { Data } from "../../evaluate/value.ts";
import type { Expression } from "../../ir.ts";
import { bool, type Type, type VectorType } from "../../types.ts";
import { emitBuiltin } from "./builtins.ts";
import { convert } from "./conversions.ts";
import { decode, encode } from "./half.ts";
import { literal, zero } from "./literals.ts";
import { combine, parenthesize, unary } from "./operators.ts";
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
import { needsCount, type Writer } from "./writer.ts";

/** A WGSL value as a C expression; statements it needs first go to the writer. */
export function emitExpression(writer: Writer, expression: Expression): string {
  const { types } = writer;
  switch (expression.kind) {
    case "constant":
      return constant(writer, expression.type, expression.data);
    case "override":
      return literal(types, expression.type, expression.override.data ?? 0);
    case "value":
      return writer.name(expression.value);
    case "load":
      return load(writer, place(writer, expression.from));
    case "addressOf":
      return pointerText(writer, place(writer, expression.operand));
    case "unary":
      return unary(writer, expression.operator, expression.type, writer.value(expression.operand));
    case "binary":
      return binary(writer, expression);
    case "convert":
      return convert(writer, expression.operand.type, expression.type, writer.value(expression.operand));
    case "bitcast":
      return bitcast(writer, expression);
    case "swizzle":
      return writer.dialect.swizzle(parenthesize(writer.value(expression.base)), expression.components);
    case "index":
      return index(writer, expression);
    case "member":
      return load(writer, memberPlace(path(writer, expression.base), expression.struct, expression.member));
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
  const { types, dialect } = writer;
  const bits = encode(types, operand.type, writer.value(operand));
  if (types.isHalf(type) && types.isHalf(operand.type)) return decode(types, type, bits);
  const memory = type.kind === "vector" ? dialect.vector("ushort", type.size) : "ushort";
  return decode(types, type, dialect.reinterpret(types.isHalf(type) ? memory : types.value(type), bits));
}

function constant(writer: Writer, type: Type, data: Data): string {
  const direct =
    type.kind === "scalar" || type.kind === "vector" || (type.kind === "matrix" && writer.types.isWide(type));
  if (direct) return literal(writer.types, type, data);
  const temporary = writer.names.temporary();
  writer.declare(writer.types.value(type), temporary, writer.unit.constant(type, data));
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
    if (known !== undefined) return laneBool(base.type, writer.dialect.lane(parenthesize(whole), known));
    return laneBool(
      base.type,
      `${writer.helpers.lane(base.type)}(${whole}, ${clampIndex(writer, at, position, base.type.size)})`,
    );
  }
  if (base.type.kind === "matrix" && writer.types.isWide(base.type)) {
    const [whole = "", position = ""] = writer.operands([base, at]);
    if (known !== undefined) return writer.matrices.columnOf(base.type, parenthesize(whole), known);
    return `${writer.matrices.column(base.type)}(${whole}, ${clampIndex(writer, at, position, base.type.columns)})`;
  }
  return load(writer, elementPlace(writer, path(writer, base), at, undefined));
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
  const { types, dialect } = writer;
  if (type.kind === "scalar") return literal(types, type, type === bool ? false : 0);
  if (type.kind === "vector") {
    if (args.length === 0) return dialect.construct(types.value(type), ["0"]);
    const parts = writer
      .operands(args)
      .map((text, at) => (type.element === bool && args[at]?.type === bool ? `-(int)(${text})` : text));
    return dialect.construct(types.value(type), parts);
  }
  if (args.length === 0) return zeroed(writer, type);
  const parts = writer.operands(args);
  if (type.kind === "matrix") {
    if (writer.types.isWide(type)) return dialect.construct(types.value(type), parts);
    if (args[0]?.type.kind === "vector") return `${writer.matrices.make(type)}(${parts.join(", ")})`;
    const column = types.vector(type.element, type.rows);
    const columns = Array.from({ length: type.columns }, (_, at) =>
      dialect.construct(column, parts.slice(at * type.rows, (at + 1) * type.rows)),
    );
    return `${writer.matrices.make(type)}(${columns.join(", ")})`;
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
  if (type.kind === "matrix" && writer.types.isWide(type))
    return writer.dialect.construct(writer.types.value(type), ["0"]);
  const name = writer.names.temporary();
  writer.declare(writer.types.value(type), name, zero(writer.types, type));
  return name;
}

function storeInto(writer: Writer, target: Place, text: string): void {
  writer.line(`${storeText(writer, target, text)};`);
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
  if (writer.unit.polling.has(target)) hidden.push(...writer.dialect.watchdog.arguments);
  const explicit = expression.args.flatMap((arg, position) => {
    const text = args[position] ?? "";
    return arg.type.kind === "pointer" && needsCount(arg.type.store) ? [text, writer.count(arg)] : [text];
  });
  return `${writer.unit.names.of(target, target.name)}(${[...hidden, ...explicit].join(", ")})`;
}
