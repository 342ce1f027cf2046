import {
  type BinaryOperator,
  type ConstantValue,
  type Expression,
  isFloat,
  isWide,
  nodesOf,
  type ScalarType,
  type UnaryOperator,
} from "./expression.ts";
import { hasWgslFunction, wgslFunctions } from "./wgsl-functions.ts";

export interface Constant {
  readonly value: ConstantValue;
  readonly type: ScalarType;
}

export interface WgslOptions {
  /** The text that stands for an input: a name, best. */
  readonly input: (index: number, type: ScalarType) => string;
  /** The text that stands for constant number `at`. They are data, so that one kernel serves for all their values. */
  readonly constant: (at: number, type: ScalarType) => string;
}

export interface WgslCode {
  /** Statements that give names to values. */
  readonly body: string;
  /** The text of each expression's value, after the body. */
  readonly results: readonly string[];
  /** Names of the functions that the body calls, for `wgslFunctions`. */
  readonly functions: ReadonlySet<string>;
  readonly constants: readonly Constant[];
}

/** Renders expressions as WGSL statements. What they share is computed once. */
export function toWgsl(expressions: readonly Expression[], options: WgslOptions): WgslCode {
  const writer = new Writer(options);
  for (const node of nodesOf(expressions)) writer.add(node);
  const { body, functions, constants } = writer;
  return {
    body: body.join("\n"),
    results: expressions.map((each) => writer.textOf(each)),
    functions,
    constants,
  };
}

/** The functions that rendered code needs, as module-scope text. */
export function functionsText(...codes: readonly { readonly functions: ReadonlySet<string> }[]): string {
  return wgslFunctions(new Set(codes.flatMap(({ functions }) => [...functions])));
}

class Writer {
  readonly body: string[] = [];
  readonly functions = new Set<string>();
  readonly constants: Constant[] = [];
  readonly #options: WgslOptions;
  readonly #texts = new Map<Expression, string>();
  readonly #names = new Map<string, string>();

  constructor(options: WgslOptions) {
    this.#options = options;
  }

  textOf(node: Expression): string {
    return this.#texts.get(node) ?? "";
  }

  add(node: Expression): void {
    this.#texts.set(node, this.#text(node));
  }

  #text(node: Expression): string {
    switch (node.kind) {
      case "input":
        return this.#options.input(node.index, node.type);
      case "constant":
        return this.#constant(node);
      case "unary":
        return this.#named(this.#unary(node.operator, node.operand.type, this.textOf(node.operand)));
      case "binary": {
        const [a, b] = [this.textOf(node.left), this.textOf(node.right)];
        return this.#named(this.#binary(node.operator, node.left.type, a, b));
      }
      case "select": {
        const [condition, yes, no] = [node.condition, node.yes, node.no].map((part) => this.textOf(part));
        return this.#named(`select(${no}, ${yes}, ${condition})`);
      }
      case "cast":
        return this.#named(this.#cast(node.operand.type, node.type, this.textOf(node.operand)));
      case "narrow":
        return this.#named(this.#call(`narrow_${node.to}`, this.textOf(node.operand)));
    }
  }

  /** One name for each different text. */
  #named(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `v${this.#names.size}`;
    this.#names.set(text, name);
    this.body.push(`let ${name} = ${text};`);
    return name;
  }

  #constant({ value, type }: Constant): string {
    const key = `${type} ${Object.is(value, -0) ? "-0" : value}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const text = this.#options.constant(this.constants.length, type);
    this.constants.push({ value, type });
    this.#names.set(key, text);
    return text;
  }

  #call(name: string, ...args: readonly string[]): string {
    this.functions.add(name);
    return `${name}(${args.join(", ")})`;
  }

  #unary(operator: UnaryOperator, type: ScalarType, x: string): string {
    const own = `${snakeCase(operator)}_${type}`;
    if (hasWgslFunction(own)) return this.#call(own, x);
    switch (operator) {
      case "negate":
        return type === "u32" || type === "u64" ? `${type}(0) - ${x}` : `-${x}`;
      case "not":
        return `!${x}`;
      case "bitNot":
        return `~${x}`;
      case "truncate":
        return `trunc(${x})`;
      case "sign":
        return type === "u32" || type === "u64" ? `min(${x}, ${type}(1))` : `sign(${x})`;
      default:
        return `${operator}(${x})`;
    }
  }

  #binary(operator: BinaryOperator, type: ScalarType, a: string, b: string): string {
    const own = `${snakeCase(operator)}_${type}`;
    if (hasWgslFunction(own)) return this.#call(own, a, b);
    switch (operator) {
      case "minimum":
        return `min(${a}, ${b})`;
      case "maximum":
        return `max(${a}, ${b})`;
      case "atan2":
        return `atan2(${a}, ${b})`;
      case "notEqual":
        // Dawn takes `a != b` to be false where one is NaN.
        return isFloat(type) ? `!(${a} == ${b})` : `${a} != ${b}`;
      case "shiftLeft":
      case "shiftRight":
        return `${a} ${infix[operator]} u32(${b})`;
      default:
        return `${a} ${infix[operator]} ${b}`;
    }
  }

  #cast(from: ScalarType, to: ScalarType, x: string): string {
    if (to === "bool") return isFloat(from) ? `!(${x} == 0.0)` : `${x} != ${from}(0)`;
    const own = `cast_${from}_${to}`;
    return hasWgslFunction(own) ? this.#call(own, x) : `${to}(${x})`;
  }
}

const infix: Readonly<Partial<Record<BinaryOperator, string>>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  remainder: "%",
  equal: "==",
  notEqual: "!=",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
  and: "&",
  or: "|",
  xor: "!=",
  bitAnd: "&",
  bitOr: "|",
  bitXor: "^",
  shiftLeft: "<<",
  shiftRight: ">>",
};

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A constant as the words of 4 bytes that `constantText` reads. */
export function constantWords({ value, type }: Constant): readonly number[] {
  if (type === "f32") return [...new Uint32Array(Float32Array.of(Number(value)).buffer)];
  if (type === "f64") return [...new Uint32Array(Float64Array.of(Number(value)).buffer)];
  if (isWide(type)) return [...new Uint32Array(BigInt64Array.of(BigInt.asIntN(64, BigInt(value))).buffer)];
  return [Number(value) >>> 0];
}

/** How many words a constant of a type takes. */
export function wordsOf(type: ScalarType): 1 | 2 {
  return type === "f64" || isWide(type) ? 2 : 1;
}

/** The WGSL text of a constant that is held in words of type u32. */
export function constantText(type: ScalarType, words: readonly string[]): string {
  const [low = "", high = ""] = words;
  if (wordsOf(type) === 2) return `bitcast<${type}>(vec2<u32>(${low}, ${high}))`;
  if (type === "bool") return `(${low} != 0u)`;
  return type === "u32" ? low : `bitcast<${isFloat(type) ? "f32" : "i32"}>(${low})`;
}
