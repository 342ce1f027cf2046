import { elementType } from "../../onnx/index.ts";
import { broadcast, type Value } from "../builder.ts";
import {
  allow,
  float,
  floats,
  int,
  invalid,
  type Lower,
  type NodeContext,
  refuse,
  required,
  text,
} from "../context.ts";
import { type DType, isDType, isFloat, isInteger } from "../types.ts";

const sameTypes = ({ node }: NodeContext, values: readonly Value[]) => {
  for (const { dtype } of values) {
    if (dtype !== values[0]?.dtype)
      invalid(node, `its inputs are ${values.map((value) => value.dtype).join(" and ")}`);
  }
};

/** Older operator sets line the second input up at an axis instead of at the end. */
const refuseOldBroadcast = (context: NodeContext) => {
  if (context.opset < 6) refuse(context.node, `operator set ${context.opset}`);
};

const unary =
  (operation: string, only?: readonly DType[]): Lower =>
  (context, inputs) => {
    const x = required(context, inputs, 0);
    if (only !== undefined) allow(context, x, only);
    return context.builder.apply(operation, x.dtype, x);
  };

const numeric: readonly DType[] = [...floats, "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
const whole: readonly DType[] = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
const unsigned: readonly DType[] = ["u8", "u16", "u32", "u64"];

const binary =
  (operation: string, types: readonly DType[], result?: DType): Lower =>
  (context, inputs) => {
    refuseOldBroadcast(context);
    const a = required(context, inputs, 0);
    const b = required(context, inputs, 1);
    sameTypes(context, [a, b]);
    allow(context, a, types);
    return context.builder.apply(operation, result ?? a.dtype, a, b);
  };

/** A function of one float made of scalar operations. */
const formula =
  (make: (context: NodeContext, x: Value, helpers: Helpers) => Value): Lower =>
  (context, inputs) => {
    const x = required(context, inputs, 0);
    allow(context, x, floats);
    return make(context, x, helpersOf(context, x.dtype));
  };

export interface Helpers {
  num(value: number): Value;
  op(operation: string, ...args: readonly Value[]): Value;
  test(operation: string, ...args: readonly Value[]): Value;
  pick(condition: Value, yes: Value, no: Value): Value;
}

export function helpersOf({ builder }: NodeContext, dtype: DType): Helpers {
  return {
    num: (value) => builder.scalar(dtype, value),
    op: (operation, ...args) => builder.apply(operation, dtype, ...args),
    test: (operation, ...args) => builder.apply(operation, "bool", ...args),
    pick: (condition, yes, no) => builder.apply("where", dtype, condition, yes, no),
  };
}

const extreme =
  (operation: string): Lower =>
  (context, inputs) => {
    const values = inputs.map((_, at) => required(context, inputs, at));
    sameTypes(context, values);
    return values.reduce((total, value) => context.builder.apply(operation, value.dtype, total, value));
  };

const total =
  (mean: boolean): Lower =>
  (context, inputs) => {
    const values = inputs.map((_, at) => required(context, inputs, at));
    for (const value of values) allow(context, value, floats);
    sameTypes(context, values);
    const { num, op } = helpersOf(context, required(context, inputs, 0).dtype);
    const sum = values.reduce((all, value) => op("add", all, value));
    return mean ? op("div", sum, num(values.length)) : sum;
  };

const pow: Lower = (context, inputs) => {
  refuseOldBroadcast(context);
  const base = required(context, inputs, 0);
  const exponent = required(context, inputs, 1);
  const { builder } = context;
  allow(context, base, numeric);
  allow(context, exponent, numeric);
  const known = exponent.expression.kind === "constant" ? Number(exponent.expression.value) : undefined;
  if (known === 2)
    return builder.expand(builder.apply("square", base.dtype, base), broadcast([base.shape, exponent.shape]));
  if (isFloat(base.dtype)) {
    if (known === 0.5)
      return builder.apply(
        "add",
        base.dtype,
        builder.apply("sqrt", base.dtype, base),
        builder.scalar(base.dtype, 0, exponent.shape),
      );
    return builder.apply("pow", base.dtype, base, builder.cast(exponent, base.dtype));
  }
  if (isInteger(exponent.dtype))
    return builder.apply("pow", base.dtype, base, builder.cast(exponent, base.dtype));
  const wide: DType = exponent.dtype === "f64" ? "f64" : "f32";
  if (base.dtype === "i64" || base.dtype === "u64" || base.dtype === "i32" || base.dtype === "u32") {
    if (wide === "f32" && !builder.traits.f64)
      refuse(context.node, `${base.dtype} to the power of ${exponent.dtype}`);
    return builder.cast(
      builder.apply("pow", "f64", builder.cast(base, "f64"), builder.cast(exponent, "f64")),
      base.dtype,
    );
  }
  return builder.cast(
    builder.apply("pow", wide, builder.cast(base, wide), builder.cast(exponent, wide)),
    base.dtype,
  );
};

const mod: Lower = (context, inputs) => {
  const a = required(context, inputs, 0);
  const b = required(context, inputs, 1);
  sameTypes(context, [a, b]);
  allow(context, a, numeric);
  const truncates = int(context, "fmod", 0) !== 0;
  if (isFloat(a.dtype) && !truncates) refuse(context.node, "fmod 0 of floats");
  return context.builder.apply(truncates ? "remainder" : "mod", a.dtype, a, b);
};

const clip: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const { builder } = context;
  allow(context, x, numeric);
  let result = x;
  const bound = (operation: string, at: number, name: string) => {
    const attribute = context.opset < 11 ? float(context, name, undefined) : undefined;
    const given = attribute === undefined ? inputs[at] : builder.scalar(x.dtype, attribute);
    if (given !== undefined) result = builder.apply(operation, x.dtype, result, given);
  };
  bound("max", 1, "min");
  bound("min", 2, "max");
  return result;
};

const cast =
  (like: boolean): Lower =>
  (context, inputs) => {
    const x = required(context, inputs, 0);
    const number = int(context, "to", 1);
    const to = like ? required(context, inputs, 1).dtype : elementType(number);
    if (!isDType(to))
      return refuse(context.node, `a cast to ${to === "string" ? to : `element type ${number}`}`);
    const { builder } = context;
    if (x.dtype === "bool" && to !== "bool") return builder.apply("cast", to, x);
    return builder.cast(x, to);
  };

const where: Lower = (context, inputs) => {
  const condition = required(context, inputs, 0);
  const yes = required(context, inputs, 1);
  const no = required(context, inputs, 2);
  allow(context, condition, ["bool"]);
  sameTypes(context, [yes, no]);
  return context.builder.apply("where", yes.dtype, condition, yes, no);
};

const shift: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, unsigned);
  const direction = text(context, "direction", "");
  if (direction !== "LEFT" && direction !== "RIGHT") invalid(context.node, `direction "${direction}"`);
  return context.builder.apply(
    direction === "LEFT" ? "shiftLeft" : "shiftRight",
    x.dtype,
    x,
    required(context, inputs, 1),
  );
};

const isInf: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  allow(context, x, floats);
  const { num, test } = helpersOf(context, x.dtype);
  const found = test("isInf", x);
  const negative = int(context, "detect_negative", 1) !== 0;
  const positive = int(context, "detect_positive", 1) !== 0;
  if (negative && positive) return found;
  if (!negative && !positive) return context.builder.scalar("bool", 0, x.shape);
  return test("and", found, test(positive ? "greater" : "less", x, num(0)));
};

const equal: Lower = (context, inputs) => {
  const a = required(context, inputs, 0);
  const b = required(context, inputs, 1);
  sameTypes(context, [a, b]);
  return context.builder.apply("equal", "bool", a, b);
};

const gelu = formula((context, x, { num, op }) => {
  const half = op("mul", x, num(0.5));
  const mode = text(context, "approximate", "none");
  if (mode === "none") return op("mul", half, op("add", num(1), op("erf", op("mul", x, num(Math.SQRT1_2)))));
  if (mode !== "tanh") refuse(context.node, `approximate "${mode}"`);
  const cubed = op("mul", op("mul", x, x), x);
  const inner = op("mul", num(Math.sqrt(2 / Math.PI)), op("add", x, op("mul", num(0.044715), cubed)));
  return op("mul", half, op("add", num(1), op("tanh", inner)));
});

const prelu: Lower = (context, inputs) => {
  const x = required(context, inputs, 0);
  const slope = required(context, inputs, 1);
  sameTypes(context, [x, slope]);
  allow(context, x, floats);
  const { num, op, test, pick } = helpersOf(context, x.dtype);
  return pick(test("less", x, num(0)), op("mul", x, slope), x);
};

const clampedLine =
  (a: number, b: number) =>
  (x: Value, { num, op }: Helpers) =>
    op("max", num(0), op("min", num(1), op("add", op("mul", x, num(a)), num(b))));

export const elementwise: Readonly<Record<string, Lower>> = {
  Add: binary("add", numeric),
  Sub: binary("sub", numeric),
  Mul: binary("mul", numeric),
  Div: binary("div", numeric),
  Pow: pow,
  Mod: mod,
  And: binary("and", ["bool"]),
  Or: binary("or", ["bool"]),
  Xor: binary("xor", ["bool"]),
  BitwiseAnd: binary("bitAnd", whole),
  BitwiseOr: binary("bitOr", whole),
  BitwiseXor: binary("bitXor", whole),
  Equal: equal,
  Less: binary("less", numeric, "bool"),
  LessOrEqual: binary("lessOrEqual", numeric, "bool"),
  Greater: binary("greater", numeric, "bool"),
  GreaterOrEqual: binary("greaterOrEqual", numeric, "bool"),
  BitShift: shift,
  Where: where,
  Min: extreme("min"),
  Max: extreme("max"),
  Sum: total(false),
  Mean: total(true),
  Not: unary("not", ["bool"]),
  BitwiseNot: unary("bitNot", whole),
  Neg: unary("neg", [...floats, "i8", "i16", "i32", "i64"]),
  Abs: unary("abs", numeric),
  Sign: unary("sign", numeric),
  Relu: unary("relu", [...floats, "i8", "i16", "i32", "i64"]),
  Sqrt: unary("sqrt", floats),
  Exp: unary("exp", floats),
  Log: unary("log", floats),
  Erf: unary("erf", floats),
  Sigmoid: unary("sigmoid", floats),
  Tanh: unary("tanh", floats),
  Softplus: unary("softplus", floats),
  Reciprocal: unary("reciprocal", floats),
  Floor: unary("floor", floats),
  Ceil: unary("ceil", floats),
  Round: unary("round", floats),
  Sin: unary("sin", floats),
  Cos: unary("cos", floats),
  Tan: unary("tan", floats),
  Asin: unary("asin", floats),
  Acos: unary("acos", floats),
  Atan: unary("atan", floats),
  Sinh: unary("sinh", floats),
  Cosh: unary("cosh", floats),
  Asinh: unary("asinh", floats),
  Acosh: unary("acosh", floats),
  Atanh: unary("atanh", floats),
  IsNaN: (context, inputs) => {
    const x = required(context, inputs, 0);
    allow(context, x, floats);
    return context.builder.apply("isNaN", "bool", x);
  },
  IsInf: isInf,
  Clip: clip,
  Cast: cast(false),
  CastLike: cast(true),
  Gelu: gelu,
  PRelu: prelu,
  LeakyRelu: formula((context, x, { num, op, test, pick }) =>
    pick(test("less", x, num(0)), op("mul", x, num(float(context, "alpha", 0.01))), x),
  ),
  Elu: formula((context, x, { num, op, test, pick }) =>
    pick(test("less", x, num(0)), op("mul", num(float(context, "alpha", 1)), op("expm1", x)), x),
  ),
  Selu: formula((context, x, { num, op, test, pick }) => {
    const alpha = float(context, "alpha", 1.6732632423543772);
    const gamma = float(context, "gamma", 1.0507009873554805);
    return op("mul", num(gamma), pick(test("greater", x, num(0)), x, op("mul", num(alpha), op("expm1", x))));
  }),
  Celu: formula((context, x, { num, op }) => {
    const alpha = float(context, "alpha", 1);
    const below = op("mul", num(alpha), op("expm1", op("min", op("div", x, num(alpha)), num(0))));
    return op("add", op("relu", x), op("min", num(0), below));
  }),
  ThresholdedRelu: formula((context, x, { num, test, pick }) =>
    pick(test("greater", x, num(float(context, "alpha", 1))), x, num(0)),
  ),
  HardSigmoid: formula((context, x, helpers) =>
    clampedLine(float(context, "alpha", 0.2), float(context, "beta", 0.5))(x, helpers),
  ),
  HardSwish: formula((_, x, helpers) => helpers.op("mul", x, clampedLine(1 / 6, 0.5)(x, helpers))),
  Softsign: formula((_, x, { num, op }) => op("div", x, op("add", num(1), op("abs", x)))),
  Mish: formula((_, x, { op }) => op("mul", x, op("tanh", op("softplus", x)))),
  Swish: formula((context, x, { num, op }) =>
    op("mul", x, op("sigmoid", op("mul", num(float(context, "alpha", 1)), x))),
  ),
  Shrink: formula((context, x, { num, op, test, pick }) => {
    const bias = num(float(context, "bias", 0));
    const edge = float(context, "lambd", 0.5);
    const upper = pick(test("greater", x, num(edge)), op("sub", x, bias), num(0));
    return pick(test("less", x, num(-edge)), op("add", x, bias), upper);
  }),
};
