import type { Expression as Ast } from "../ast.ts";
import type { Span } from "../diagnostics.ts";
import type { Expression } from "../ir.ts";
import {
  abstractFloat,
  abstractInt,
  bitsOf,
  bool,
  concretize,
  elementScalar,
  f16,
  f32,
  f64,
  i32,
  i64,
  isAbstract,
  isInteger,
  isUnsigned,
  isWideInteger,
  pointerTo,
  referenceTo,
  type ScalarType,
  type Type,
  typeName,
  u32,
  u64,
  vectorOf,
} from "../types.ts";
import { checkCall } from "./calls.ts";
import { binaryTypes, unaryResult } from "./operators.ts";
import { didYouMean, type Scope } from "./scope.ts";
import { lookupType, memberIndex } from "./types.ts";

/** Types one expression; its parts are checked through the scope. */
export function checkExpression(scope: Scope, ast: Ast): Expression {
  switch (ast.kind) {
    case "literal":
      return literal(scope, ast.text, ast.span);
    case "identifier":
      return name(scope, ast);
    case "call":
      return checkCall(scope, ast);
    case "unary": {
      if (ast.operator === "-" && ast.operand.kind === "literal" && isLowestWide(ast.operand.text))
        return { kind: "constant", type: i64, span: ast.span, data: -(2n ** 63n) };
      const operand = scope.value(ast.operand);
      const type = unaryResult(ast.operator, operand.type);
      if (type === undefined)
        throw scope.error(ast.span, `'${ast.operator}' does not apply to ${typeName(operand.type)}`);
      return { kind: "unary", operator: ast.operator, operand, type, span: ast.span };
    }
    case "binary":
      return binary(scope, ast);
    case "index":
      return index(scope, ast);
    case "member":
      return member(scope, ast);
    case "addressOf":
      return addressOf(scope, scope.expression(ast.operand), ast.span);
    case "dereference": {
      const operand = scope.expression(ast.operand);
      if (operand.type.kind !== "pointer")
        throw scope.error(ast.span, `'*' needs a pointer, found ${typeName(operand.type)}`);
      return dereference(operand);
    }
  }
}

/** The one literal that fits only with a minus before it: abstract integers end at 2^63 - 1, too. */
function isLowestWide(text: string): boolean {
  return text.endsWith("li") && BigInt(text.slice(0, -2)) === 2n ** 63n;
}

const suffixTypes: Readonly<Record<string, ScalarType>> = {
  i: i32,
  u: u32,
  f: f32,
  h: f16,
  li: i64,
  lu: u64,
  lf: f64,
};

function literal(scope: Scope, text: string, span: Span): Expression {
  if (text === "true" || text === "false")
    return { kind: "constant", type: bool, span, data: text === "true" };
  const hex = /^0[xX]/.test(text);
  const isFloatText = hex ? /[.pP]/.test(text) : /[.eEfh]/.test(text);
  const suffix = (hex && !isFloatText ? /l?[iu]$/ : /l?[iufh]$/).exec(text)?.[0] ?? "";
  const digits = text.slice(0, text.length - suffix.length);
  if (isFloatText) return floatLiteral(scope, digits, suffixTypes[suffix] ?? abstractFloat, hex, span);
  const value = BigInt(digits);
  const type = suffixTypes[suffix] ?? abstractInt;
  const bits = bitsOf(type);
  const highest = 2n ** BigInt(isUnsigned(type) ? bits : bits - 1) - 1n;
  if (value > highest)
    throw scope.error(span, `'${text}' does not fit ${typeName(type)}`, biggerType(value, type));
  return { kind: "constant", type, span, data: bits === 64 ? value : Number(value) };
}

function biggerType(value: bigint, type: ScalarType): string | undefined {
  if (value >= 2n ** 64n) return undefined;
  return type === abstractInt || type === i64 ? `Write ${value}lu.` : undefined;
}

function floatLiteral(scope: Scope, digits: string, type: ScalarType, hex: boolean, span: Span): Expression {
  if (type === f16 && !scope.features.has("f16")) {
    throw scope.error(
      span,
      "an f16 literal is used but f16 is not enabled",
      "Begin the file with: enable f16;",
    );
  }
  const { value, exact } = hex ? hexFloat(digits) : { value: Number(digits), exact: false };
  const constant: Expression = { kind: "constant", type: abstractFloat, span, data: value };
  if (!Number.isFinite(value)) throw scope.error(span, `'${digits}' is too large for ${typeName(type)}`);
  if (hex && ((type === f32 && Math.fround(value) !== value) || (type === f64 && !exact)))
    throw scope.error(span, `'${digits}' has more digits than ${typeName(type)} holds`);
  return scope.convert(constant, type) ?? constant;
}

function hexFloat(text: string): { value: number; exact: boolean } {
  const match = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?[0-9]+))?$/.exec(text);
  const [, whole = "", fraction = "", exponent = "0"] = match ?? [];
  const digits = BigInt(`0x${whole}${fraction}`).toString(2);
  const mantissa = digits.replace(/0+$/, "");
  if (mantissa === "") return { value: 0, exact: true };
  const power = Number(exponent) - 4 * fraction.length + digits.length - mantissa.length;
  const value =
    Number(BigInt(`0b${mantissa}`)) * 2 ** Math.max(power, -1074) * 2 ** Math.min(power + 1074, 0);
  return { value, exact: mantissa.length <= 53 && power >= -1074 };
}

function name(scope: Scope, ast: Ast & { kind: "identifier" }): Expression {
  const { span } = ast;
  const entity = scope.lookup(ast.name, span);
  if (entity === undefined) {
    if (lookupType(scope, ast) !== undefined)
      throw scope.error(span, `'${ast.name}' is a type, a value was expected`);
    throw scope.error(span, `'${ast.name}' is not declared`, scope.meant(ast.name));
  }
  if (ast.template !== undefined) throw scope.error(span, `'${ast.name}' takes no template arguments`);
  switch (entity.kind) {
    case "constant":
      return { ...entity.constant, span };
    case "override":
      scope.function?.overrides.add(entity.override);
      return { kind: "override", override: entity.override, type: entity.override.type, span };
    case "value":
      return { kind: "value", value: entity.value, type: entity.value.type, span };
    case "variable": {
      const { variable } = entity;
      if (scope.function === undefined)
        throw scope.error(span, `the variable '${ast.name}' cannot be used outside a function`);
      if (variable.space !== "function") scope.function.globals.add(variable);
      return {
        kind: "variable",
        variable,
        type: referenceTo(variable.space, variable.type, variable.access),
        span,
      };
    }
    default:
      throw scope.error(
        span,
        `'${ast.name}' is a ${entity.kind}, a value was expected`,
        entity.kind === "function" ? "Call it with ()." : undefined,
      );
  }
}

function binary(scope: Scope, ast: Ast & { kind: "binary" }): Expression {
  const left = scope.value(ast.left);
  const decides = ast.operator === "&&" ? false : ast.operator === "||" ? true : undefined;
  if (decides !== undefined && left.kind === "constant" && left.data === decides)
    return checkSkipped(scope, ast, left);
  const right = scope.value(ast.right);
  return combine(scope, ast.operator, left, right, ast.span);
}

/** The left side of && or || decides: the right side is typed, but its constants are never computed. */
function checkSkipped(scope: Scope, ast: Ast & { kind: "binary" }, left: Expression): Expression {
  const right = scope.unevaluated().value(ast.right);
  scope.expect(right, bool, "the right side");
  return { ...left, span: ast.span };
}

const operandHints: Readonly<Record<string, string>> = {
  "&&": "Both sides are bool: bool(…).",
  "||": "Both sides are bool: bool(…).",
  "<<": "The value is an integer and the count u32: u32(…).",
  ">>": "The value is an integer and the count u32: u32(…).",
};

/** Types and folds `left operator right`; compound assignment uses it, too. */
export function combine(
  scope: Scope,
  operator: (Ast & { kind: "binary" })["operator"],
  left: Expression,
  right: Expression,
  span: Span,
): Expression {
  const types = binaryTypes(operator, left.type, right.type);
  if (types === undefined) {
    const scalars = left.type.kind === "scalar" && right.type.kind === "scalar";
    const converted =
      operandHints[operator] ?? `Convert one side, for example ${typeName(concretize(left.type))}(…).`;
    throw scope.error(
      span,
      `'${operator}' does not take ${typeName(left.type)} and ${typeName(right.type)}`,
      scalars ? converted : undefined,
    );
  }
  checkConstantOperand(scope, operator, types.left, right, span);
  return {
    kind: "binary",
    operator,
    left: scope.expect(left, types.left, "the left side"),
    right: scope.expect(right, types.right, "the right side"),
    type: types.result,
    span,
  };
}

/** Division by a constant zero and shifts by a constant count too large are errors even where the other side is not constant. */
function checkConstantOperand(
  scope: Scope,
  operator: string,
  left: Type,
  right: Expression,
  span: Span,
): void {
  if (right.kind !== "constant" || !scope.evaluates) return;
  const scalar = right.type.kind === "vector" ? right.type.element : right.type;
  const items = typeof right.data === "object" ? right.data : [right.data];
  const width = bitsOf(elementScalar(left) ?? i32);
  if (
    (operator === "/" || operator === "%") &&
    isInteger(scalar) &&
    items.some((item) => Number(item) === 0)
  ) {
    throw scope.error(span, "this divides by zero");
  }
  if (
    (operator === "<<" || operator === ">>") &&
    items.some((item) => Number(item) >= width) &&
    !isAbstract(left)
  ) {
    throw scope.error(span, `a shift count must be less than ${width}, the width of the value`);
  }
}

function addressOf(scope: Scope, operand: Expression, span: Span): Expression {
  if (operand.type.kind !== "reference")
    throw scope.error(span, "'&' needs a variable or a part of one", "Values have no address.");
  if (operand.kind === "swizzle" || (operand.kind === "index" && baseStore(operand.base).kind === "vector")) {
    throw scope.error(span, "a component of a vector has no address", "Copy it into a variable.");
  }
  const { space, store, access } = operand.type;
  return { kind: "addressOf", operand, type: pointerTo(space, store, access), span };
}

export function dereference(operand: Expression): Expression {
  if (operand.type.kind !== "pointer") return operand;
  if (operand.kind === "addressOf") return operand.operand;
  const { space, store, access } = operand.type;
  return { kind: "dereference", operand, type: referenceTo(space, store, access), span: operand.span };
}

function baseStore(base: Expression): Type {
  return base.type.kind === "reference" ? base.type.store : base.type;
}

/** The type of a part: a reference to it where the whole is one. */
function part(base: Expression, type: Type): Type {
  return base.type.kind === "reference" ? referenceTo(base.type.space, type, base.type.access) : type;
}

function index(scope: Scope, ast: Ast & { kind: "index" }): Expression {
  const base = dereference(scope.expression(ast.base));
  const position = scope.value(ast.index);
  const whole = baseStore(base);
  const at = scope.convert(position, i32) ?? scope.convert(position, u32);
  if (at === undefined || !isInteger(position.type)) {
    throw scope.error(
      ast.index.span,
      `an index must be i32 or u32, found ${typeName(position.type)}`,
      isWideInteger(position.type) ? "Convert it: u32(…)." : undefined,
    );
  }
  const { element, count } = elementsOf(scope, whole, ast.base.span);
  if (at.kind === "constant" && (Number(at.data) < 0 || (count !== undefined && Number(at.data) >= count))) {
    const range = count === undefined ? "it must not be negative" : `valid indices are 0 to ${count - 1}`;
    throw scope.error(ast.index.span, `index ${at.data} is out of bounds`, `${typeName(whole)}: ${range}.`);
  }
  const settled =
    base.kind === "constant" && at.kind !== "constant"
      ? (scope.convert(base, concretize(base.type)) ?? base)
      : base;
  const type = part(settled, settled === base ? element : elementsOf(scope, settled.type, ast.span).element);
  return { kind: "index", base: settled, index: at, type, span: ast.span };
}

function elementsOf(scope: Scope, whole: Type, span: Span): { element: Type; count: number | undefined } {
  switch (whole.kind) {
    case "vector":
      return { element: whole.element, count: whole.size };
    case "matrix":
      return { element: vectorOf(whole.rows, whole.element), count: whole.columns };
    case "array":
      return { element: whole.element, count: typeof whole.count === "number" ? whole.count : undefined };
    default:
      throw scope.error(span, `${typeName(whole)} has no elements to index`);
  }
}

const letterSets = ["xyzw", "rgba"];

function member(scope: Scope, ast: Ast & { kind: "member" }): Expression {
  const base = dereference(scope.expression(ast.base));
  const whole = baseStore(base);
  if (whole.kind === "struct") {
    const position = memberIndex(whole, ast.name);
    const found = whole.members[position];
    if (found === undefined) {
      throw scope.error(
        ast.nameSpan,
        `${whole.name} has no member '${ast.name}'`,
        didYouMean(
          ast.name,
          whole.members.map((item) => item.name),
        ),
      );
    }
    return {
      kind: "member",
      base,
      struct: whole,
      member: position,
      type: part(base, found.type),
      span: ast.span,
    };
  }
  if (whole.kind !== "vector")
    throw scope.error(ast.nameSpan, `${typeName(whole)} has no member '${ast.name}'`);
  const letters = letterSets.find((set) => [...ast.name].every((letter) => set.includes(letter)));
  const components = [...ast.name].map((letter) => letters?.indexOf(letter) ?? -1);
  if (
    letters === undefined ||
    ast.name.length > 4 ||
    components.some((component) => component >= whole.size)
  ) {
    throw scope.error(
      ast.nameSpan,
      `'.${ast.name}' does not name components of ${typeName(whole)}`,
      "Use one set of letters: xyzw or rgba.",
    );
  }
  const [only] = components;
  if (components.length === 1 && only !== undefined) {
    const at: Expression = { kind: "constant", type: i32, span: ast.nameSpan, data: only };
    return { kind: "index", base, index: at, type: part(base, whole.element), span: ast.span };
  }
  const value = scope.load(base);
  return {
    kind: "swizzle",
    base: value,
    components,
    type: vectorOf(components.length, whole.element),
    span: ast.span,
  };
}
