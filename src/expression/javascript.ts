import {
  type BinaryOperator,
  type ConstantValue,
  type Expression,
  isWide,
  nodesOf,
  type ScalarType,
  type UnaryOperator,
} from "./expression.ts";

export interface JavascriptOptions {
  /** The text that stands for an input. bool is held as a boolean, 64-bit integers as bigints, the rest as numbers. */
  readonly input: (index: number, type: ScalarType) => string;
  /** The text that stands for constant number `at`. */
  readonly constant: (at: number) => string;
}

export interface JavascriptCode {
  /** Statements that give names to values; functions of `javascript-functions.ts` are called on `f`. */
  readonly body: string;
  readonly results: readonly string[];
  readonly constants: readonly ConstantValue[];
}

/** Renders expressions as JavaScript with the same meaning as `toWgsl`. What they share is computed once. */
export function toJavascript(expressions: readonly Expression[], options: JavascriptOptions): JavascriptCode {
  const texts = new Map<Expression, string>();
  const names = new Map<string, string>();
  const body: string[] = [];
  const constants: ConstantValue[] = [];
  const textOf = (node: Expression) => texts.get(node) ?? "";
  for (const node of nodesOf(expressions)) {
    if (node.kind === "input") texts.set(node, options.input(node.index, node.type));
    else if (node.kind === "constant") {
      texts.set(node, options.constant(constants.length));
      constants.push(node.value);
    } else {
      const text = computed(node, textOf);
      let name = names.get(text);
      if (name === undefined) {
        name = `v${names.size}`;
        names.set(text, name);
        body.push(`const ${name} = ${text};`);
      }
      texts.set(node, name);
    }
  }
  return { body: body.join("\n"), results: expressions.map(textOf), constants };
}

type Computed = Exclude<Expression, { readonly kind: "input" | "constant" }>;

function computed(node: Computed, textOf: (node: Expression) => string): string {
  switch (node.kind) {
    case "unary":
      return unary(node.operator, node.operand.type, textOf(node.operand));
    case "binary":
      return binary(node.operator, node.left.type, textOf(node.left), textOf(node.right));
    case "select":
      return `${textOf(node.condition)} ? ${textOf(node.yes)} : ${textOf(node.no)}`;
    case "cast":
      return cast(node.operand.type, node.type, textOf(node.operand));
    case "narrow":
      return narrow(node.to, textOf(node.operand));
  }
}

/** Wraps or rounds a result to its type. */
function settle(type: ScalarType, text: string): string {
  switch (type) {
    case "f32":
      return `Math.fround(${text})`;
    case "i32":
      return `(${text}) | 0`;
    case "u32":
      return `(${text}) >>> 0`;
    case "i64":
      return `BigInt.asIntN(64, ${text})`;
    case "u64":
      return `BigInt.asUintN(64, ${text})`;
    default:
      return text;
  }
}

function unary(operator: UnaryOperator, type: ScalarType, x: string): string {
  const isReal = type === "f32" || type === "f64";
  switch (operator) {
    case "negate":
      return settle(type, `-${x}`);
    case "not":
      return `!${x}`;
    case "bitNot":
      return settle(type, `~${x}`);
    case "abs":
      return isWide(type) ? settle(type, `${x} < 0n ? -${x} : ${x}`) : settle(type, `Math.abs(${x})`);
    case "sign":
      return isWide(type) ? `f.bigSign(${x})` : `f.sign(${x})`;
    case "round":
    case "erf":
      return isReal ? settle(type, `f.${operator}(${x})`) : x;
    case "isNan":
      return `${x} !== ${x}`;
    case "isInfinite":
      return `Math.abs(${x}) === Infinity`;
    case "truncate":
      return `Math.trunc(${x})`;
    default:
      return settle(type, `Math.${operator}(${x})`);
  }
}

const wholeFunctions: Readonly<Partial<Record<BinaryOperator, string>>> = {
  divide: "divide",
  remainder: "remainder",
  floorDivide: "wholeFloorDivide",
  modulo: "wholeModulo",
  power: "wholePower",
  minimum: "minimum",
  maximum: "maximum",
};

const bigFunctions: Readonly<Partial<Record<BinaryOperator, string>>> = {
  divide: "bigDivide",
  remainder: "bigRemainder",
  floorDivide: "bigFloorDivide",
  modulo: "bigModulo",
  power: "bigPower",
  minimum: "bigMinimum",
  maximum: "bigMaximum",
};

const realFunctions: Readonly<Partial<Record<BinaryOperator, string>>> = {
  floorDivide: "f.floorDivide",
  modulo: "f.modulo",
  power: "f.power",
  minimum: "Math.min",
  maximum: "Math.max",
  atan2: "Math.atan2",
};

const infix: Readonly<Partial<Record<BinaryOperator, string>>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  remainder: "%",
  bitAnd: "&",
  bitOr: "|",
  bitXor: "^",
};

const tests: Readonly<Partial<Record<BinaryOperator, string>>> = {
  equal: "===",
  notEqual: "!==",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
  and: "&&",
  or: "||",
  xor: "!==",
};

function binary(operator: BinaryOperator, type: ScalarType, a: string, b: string): string {
  const test = tests[operator];
  if (test !== undefined) return `${a} ${test} ${b}`;
  if (operator === "shiftLeft" || operator === "shiftRight") return shift(operator, type, a, b);
  if (type === "f32" || type === "f64") {
    const named = realFunctions[operator];
    return settle(type, named === undefined ? `${a} ${infix[operator]} ${b}` : `${named}(${a}, ${b})`);
  }
  const named = (isWide(type) ? bigFunctions : wholeFunctions)[operator];
  if (named !== undefined) return settle(type, `f.${named}(${a}, ${b})`);
  if (operator === "multiply" && !isWide(type)) return settle(type, `Math.imul(${a}, ${b})`);
  return settle(type, `${a} ${infix[operator]} ${b}`);
}

function shift(operator: "shiftLeft" | "shiftRight", type: ScalarType, a: string, b: string): string {
  const symbol = operator === "shiftLeft" ? "<<" : type === "u32" ? ">>>" : ">>";
  return settle(type, isWide(type) ? `${a} ${symbol} (${b} & 63n)` : `${a} ${symbol} ${b}`);
}

function cast(from: ScalarType, to: ScalarType, x: string): string {
  if (to === "bool") return isWide(from) ? `${x} !== 0n` : `${x} !== 0`;
  if (from === "bool") return isWide(to) ? `${x} ? 1n : 0n` : `${x} ? 1 : 0`;
  const isReal = from === "f32" || from === "f64";
  if (isReal) {
    if (to === "f32" || to === "f64") return settle(to, x);
    return `f.to${to.toUpperCase()}(${x})`;
  }
  if (!isWide(from)) return isWide(to) ? settle(to, `BigInt(${x})`) : settle(to, x);
  if (to === "f32") return `f.bigToF32(${x})`;
  if (to === "f64") return `Number(${x})`;
  return isWide(to) ? settle(to, x) : settle(to, `Number(BigInt.asIntN(32, ${x}))`);
}

function narrow(to: string, x: string): string {
  switch (to) {
    case "f16":
      return `f.narrowF16(${x})`;
    case "bf16":
      return `f.narrowBf16(${x})`;
    case "i8":
      return `${x} << 24 >> 24`;
    case "i16":
      return `${x} << 16 >> 16`;
    case "u8":
      return `${x} & 255`;
    default:
      return `${x} & 65535`;
  }
}
