import type { Data } from "../../evaluate/value.ts";
import { list } from "../../evaluate/value.ts";
import type { Expression } from "../../ir.ts";
import { countOf } from "../../layout.ts";
import {
  abstractFloat,
  abstractInt,
  bool,
  f16,
  f32,
  i32,
  type ScalarType,
  type StructType,
  type Type,
  u32,
} from "../../types.ts";

/** Names as this text spells them: the user's own, made unique where they hide something predeclared. */
export type Spell = (entity: object, name: string) => string;

export function typeText(type: Type, spell: Spell, promote = false): string {
  const inner = (part: Type) => typeText(part, spell, promote);
  switch (type.kind) {
    case "scalar":
      return type.name;
    case "vector":
      return `vec${type.size}<${inner(type.element)}>`;
    case "matrix":
      return `mat${type.columns}x${type.rows}<${inner(type.element)}>`;
    case "array":
      return type.count === undefined
        ? `array<${inner(type.element)}>`
        : `array<${inner(type.element)}, ${countOf(type.count)}>`;
    case "struct":
      return spell(type, type.name);
    case "atomic":
      return `atomic<${inner(type.element)}>`;
    case "pointer": {
      const access = type.space === "storage" ? `, ${promote ? "read_write" : type.access}` : "";
      return `ptr<${type.space}, ${inner(type.store)}${access}>`;
    }
    default:
      return "";
  }
}

export function literal(type: Type, data: Data, spell: Spell): string {
  switch (type.kind) {
    case "scalar":
      return scalarText(type, data);
    case "vector":
      return `${typeText(type, spell)}(${list(data)
        .map((item) => scalarText(type.element, item))
        .join(", ")})`;
    case "matrix":
      return `${typeText(type, spell)}(${list(data)
        .flatMap((column) => list(column).map((item) => scalarText(type.element, item)))
        .join(", ")})`;
    case "array":
      return `${typeText(type, spell)}(${list(data)
        .map((item) => literal(type.element, item, spell))
        .join(", ")})`;
    case "struct":
      if (type.builtin) return resultText(type, data, spell);
      return `${typeText(type, spell)}(${type.members.map((member, index) => literal(member.type, list(data)[index] ?? 0, spell)).join(", ")})`;
    default:
      return "";
  }
}

/** The results of frexp and modf have no constructor: the call that gives them stands for them. */
function resultText(type: StructType, data: Data, spell: Spell): string {
  const [first, second] = type.members;
  const [fraction = 0, rest = 0] = list(data);
  const name = second?.name === "exp" ? "frexp" : "modf";
  const join = (a: Data, b: Data) => (name === "frexp" ? Number(a) * 2 ** Number(b) : Number(a) + Number(b));
  const argument =
    typeof fraction === "object"
      ? fraction.map((item, at) => join(item, list(rest)[at] ?? 0))
      : join(fraction, rest);
  return first === undefined ? "" : `${name}(${literal(first.type, argument, spell)})`;
}

function scalarText(type: ScalarType, data: Data): string {
  switch (type) {
    case bool:
      return String(data);
    case i32:
      return Number(data) === -2147483648 ? "i32(-2147483648)" : `${data}i`;
    case u32:
      return `${data}u`;
    case abstractInt:
      return String(data);
    case f32:
    case f16:
    case abstractFloat: {
      const value = Number(data);
      const digits = Object.is(value, -0) ? "-0.0" : String(value);
      const float = /[.e]/.test(digits) ? digits : `${digits}.0`;
      return `${float}${type === f32 ? "f" : type === f16 ? "h" : ""}`;
    }
    default:
      return String(data);
  }
}

/** Everything composite stands in parentheses: the tree is the meaning. */
export function expressionText(expression: Expression, spell: Spell): string {
  const inner = (part: Expression) => expressionText(part, spell);
  switch (expression.kind) {
    case "constant": {
      const text = literal(expression.type, expression.data, spell);
      return text.startsWith("-") ? `(${text})` : text;
    }
    case "override":
      return spell(expression.override, expression.override.name);
    case "variable":
      return spell(expression.variable, expression.variable.name);
    case "value":
      return spell(expression.value, expression.value.name);
    case "load":
      return inner(expression.from);
    case "addressOf":
      return `(&${inner(expression.operand)})`;
    case "dereference":
      return `(*${inner(expression.operand)})`;
    case "index":
      return isLane(expression)
        ? `${inner(expression.base)}.${letters([Number(expression.index.data)])}`
        : `${inner(expression.base)}[${inner(expression.index)}]`;
    case "member":
      return `${inner(expression.base)}.${expression.struct.members[expression.member]?.name ?? ""}`;
    case "swizzle":
      return `${inner(expression.base)}.${letters(expression.components)}`;
    case "unary":
      return `(${expression.operator}${inner(expression.operand)})`;
    case "binary":
      return `(${chained(expression, inner(expression.left))} ${expression.operator} ${inner(expression.right)})`;
    case "convert":
      return `${typeText(expression.type, spell)}(${inner(expression.operand)})`;
    case "bitcast":
      return `bitcast<${typeText(expression.type, spell)}>(${inner(expression.operand)})`;
    case "construct":
      return `${typeText(expression.type, spell)}(${expression.args.map(inner).join(", ")})`;
    case "call":
      return `${spell(expression.function, expression.function.name)}(${expression.args.map(inner).join(", ")})`;
    case "builtin":
      return `${expression.name}(${expression.args.map(inner).join(", ")})`;
  }
}

/** `(a + b) + c` is `a + b + c`: long chains would nest deeper than compilers read. */
function chained(expression: Expression & { kind: "binary" }, left: string): string {
  const joins =
    expression.left.kind === "binary" &&
    chains.some(
      (set) =>
        set.includes(expression.operator) &&
        expression.left.kind === "binary" &&
        set.includes(expression.left.operator),
    );
  return joins ? left.slice(1, -1) : left;
}

const chains: readonly (readonly string[])[] = [
  ["+", "-"],
  ["*", "/", "%"],
  ["&"],
  ["|"],
  ["^"],
  ["&&"],
  ["||"],
];

function isLane(
  expression: Expression & { kind: "index" },
): expression is Expression & { kind: "index"; index: Expression & { kind: "constant" } } {
  const { base, index } = expression;
  const whole = base.type.kind === "reference" ? base.type.store : base.type;
  return whole.kind === "vector" && index.kind === "constant";
}

function letters(components: readonly number[]): string {
  return components.map((component) => "xyzw".charAt(component)).join("");
}
