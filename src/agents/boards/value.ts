import { AikoError } from "../../errors.ts";
import {
  binary,
  cast,
  constant,
  type Expression,
  type ScalarType,
  select,
  unary,
} from "../../expression/index.ts";

type NumberType = "f32" | "i32" | "u32";

/** A value, or a number that stands for one of the same type. */
export type Operand<T extends ScalarType> = Value<T> | (T extends "bool" ? boolean : number);

/**
 * A value that agents compute, on the GPU or on the CPU: nothing happens when it is described. Numbers follow the rules of
 * `aikoryu/expression`: f32 is rounded after each operation, integers wrap, `over` of integers truncates. Sums, products,
 * quotients, roots and comparisons are the same everywhere; `sin`, `exp` and the like agree to a few units in the last place.
 */
export class Value<T extends ScalarType = ScalarType> {
  /** @internal */
  readonly expression: Expression;
  readonly type: T;

  /** @internal */
  constructor(expression: Expression) {
    this.expression = expression;
    this.type = expression.type as T;
  }

  plus(other: Operand<T>): Value<T> {
    return this.#binary("add", other);
  }
  minus(other: Operand<T>): Value<T> {
    return this.#binary("subtract", other);
  }
  times(other: Operand<T>): Value<T> {
    return this.#binary("multiply", other);
  }
  over(other: Operand<T>): Value<T> {
    return this.#binary("divide", other);
  }
  /** What is left after `over`, with the sign of this. */
  remainder(other: Operand<T>): Value<T> {
    return this.#binary("remainder", other);
  }
  /** From 0 before `other`, where `other` is positive. */
  modulo(other: Operand<T>): Value<T> {
    return this.#binary("modulo", other);
  }
  atMost(other: Operand<T>): Value<T> {
    return this.#binary("minimum", other);
  }
  atLeast(other: Operand<T>): Value<T> {
    return this.#binary("maximum", other);
  }
  less(other: Operand<T>): Value<"bool"> {
    return this.#binary("less", other);
  }
  lessEqual(other: Operand<T>): Value<"bool"> {
    return this.#binary("lessEqual", other);
  }
  greater(other: Operand<T>): Value<"bool"> {
    return this.#binary("greater", other);
  }
  greaterEqual(other: Operand<T>): Value<"bool"> {
    return this.#binary("greaterEqual", other);
  }
  equal(other: Operand<T>): Value<"bool"> {
    return this.#binary("equal", other);
  }
  notEqual(other: Operand<T>): Value<"bool"> {
    return this.#binary("notEqual", other);
  }

  /** Of bool. */
  and(other: Operand<T>): Value<"bool"> {
    return this.#binary("and", other);
  }
  or(other: Operand<T>): Value<"bool"> {
    return this.#binary("or", other);
  }
  not(): Value<"bool"> {
    return new Value(unary("not", this.expression));
  }

  /** Bit by bit; of integers. */
  bitAnd(other: Operand<T>): Value<T> {
    return this.#binary("bitAnd", other);
  }
  bitOr(other: Operand<T>): Value<T> {
    return this.#binary("bitOr", other);
  }
  bitXor(other: Operand<T>): Value<T> {
    return this.#binary("bitXor", other);
  }
  shiftLeft(other: Operand<T>): Value<T> {
    return this.#binary("shiftLeft", other);
  }
  shiftRight(other: Operand<T>): Value<T> {
    return this.#binary("shiftRight", other);
  }

  negate(): Value<T> {
    return this.#unary("negate");
  }
  abs(): Value<T> {
    return this.#unary("abs");
  }
  sign(): Value<T> {
    return this.#unary("sign");
  }
  floor(): Value<T> {
    return this.#unary("floor");
  }
  ceil(): Value<T> {
    return this.#unary("ceil");
  }
  /** Halves to even. */
  round(): Value<T> {
    return this.#unary("round");
  }
  sqrt(): Value<T> {
    return this.#unary("sqrt");
  }
  exp(): Value<T> {
    return this.#unary("exp");
  }
  log(): Value<T> {
    return this.#unary("log");
  }
  sin(): Value<T> {
    return this.#unary("sin");
  }
  cos(): Value<T> {
    return this.#unary("cos");
  }
  tanh(): Value<T> {
    return this.#unary("tanh");
  }

  /** Of a bool: `yes` where it holds, else `no`. */
  choose<R extends ScalarType>(yes: Value<R>, no: Operand<R>): Value<R> {
    return new Value(select(this.expression, yes.expression, expressionOf(no, yes.type)));
  }

  /** As another type: floats are truncated and saturate, integers wrap, bool is 0 or 1. */
  as<R extends NumberType>(type: R): Value<R> {
    return new Value(cast(this.expression, type));
  }

  #unary(operator: Parameters<typeof unary>[0]): Value<T> {
    return new Value(unary(operator, this.expression));
  }

  #binary<R extends ScalarType>(operator: Parameters<typeof binary>[0], other: Operand<T>): Value<R> {
    return new Value(binary(operator, this.expression, expressionOf(other, this.type)));
  }
}

/** The expression of a value, or of a number that becomes one of the type. Throws INVALID_ARGUMENT for anything else. */
export function expressionOf<T extends ScalarType>(value: Operand<T>, type: T): Expression {
  if (value instanceof Value) return value.expression;
  if (typeof value === "number" || typeof value === "boolean") return constant(value, type);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${String(value)} is no value that agents can compute`,
    hint: "Make it of fields with plus, times, choose and so on, or pass a number.",
  });
}

/** The expression of a result, which must have a type. Throws INVALID_ARGUMENT naming it. */
export function typedExpression(value: unknown, type: ScalarType, name: string): Expression {
  if (value instanceof Value || typeof value === "number" || typeof value === "boolean") {
    const expression = expressionOf(value as Operand<ScalarType>, type);
    if (expression.type === type) return expression;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${name} is ${type}, not ${expression.type}`,
      hint: `Convert it: value.as("${type}").`,
    });
  }
  throw new AikoError("INVALID_ARGUMENT", { message: `${name} is ${type}, not ${String(value)}` });
}
