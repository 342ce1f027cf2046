import { binary, constant, select, unary } from "./build.ts";
import type { Expression } from "./expression.ts";

const one = (x: Expression) => constant(1, x.type);
const zero = (x: Expression) => constant(0, x.type);

export function reciprocal(x: Expression): Expression {
  return binary("divide", one(x), x);
}

export function square(x: Expression): Expression {
  return binary("multiply", x, x);
}

/** `max(x, 0)`; NaN stays. */
export function relu(x: Expression): Expression {
  return select(binary("lessEqual", x, zero(x)), zero(x), x);
}

export function sigmoid(x: Expression): Expression {
  return binary("divide", one(x), binary("add", one(x), unary("exp", unary("negate", x))));
}

export function silu(x: Expression): Expression {
  return binary("divide", x, binary("add", one(x), unary("exp", unary("negate", x))));
}

/** `log(1 + exp(x))`, without overflow. */
export function softplus(x: Expression): Expression {
  const tail = unary("log1p", unary("exp", unary("negate", unary("abs", x))));
  return binary("add", binary("maximum", x, zero(x)), tail);
}

/** `x * Phi(x)`, exact: with the error function. Hendrycks and Gimpel 2016. */
export function gelu(x: Expression): Expression {
  const inner = unary("erf", binary("multiply", x, constant(Math.SQRT1_2, x.type)));
  return binary("multiply", binary("multiply", x, constant(0.5, x.type)), binary("add", inner, one(x)));
}

/** Gelu's approximation by tanh, from the same paper. */
export function geluTanh(x: Expression): Expression {
  const cubic = binary("multiply", constant(0.044715, x.type), binary("multiply", x, square(x)));
  const inner = binary("multiply", constant(Math.sqrt(2 / Math.PI), x.type), binary("add", x, cubic));
  return binary(
    "multiply",
    binary("multiply", x, constant(0.5, x.type)),
    binary("add", unary("tanh", inner), one(x)),
  );
}

/** Between `low` and `high`; NaN stays. */
export function clip(x: Expression, low: Expression, high: Expression): Expression {
  return binary("minimum", binary("maximum", x, low), high);
}

export function finite(x: Expression): Expression {
  return unary("not", binary("or", unary("isNan", x), unary("isInfinite", x)));
}
