import { AikoError } from "../../errors.ts";
import type { BinaryOperator, UnaryOperator } from "../ast.ts";
import type { Expression } from "../ir.ts";
import { bool, f16, f32, i32, isWideInteger, type ScalarType, u32, u64, vectorOf } from "../types.ts";
import { binary, bitcast, builtin, constant, convert, low, not, words } from "./build.ts";
import type { Helpers } from "./helpers.ts";
import { pair } from "./types.ts";

/** What operators are called in the names of functions. */
export const operatorNames: Readonly<Record<BinaryOperator, string>> = {
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "%": "remainder",
  "<<": "shift_left",
  ">>": "shift_right",
  "&": "and",
  "|": "or",
  "^": "xor",
  "&&": "both",
  "||": "either",
  "==": "equal",
  "!=": "not_equal",
  "<": "less",
  "<=": "less_equal",
  ">": "greater",
  ">=": "greater_equal",
};

export function lowerUnary(helpers: Helpers, operator: UnaryOperator, operand: Expression): Expression {
  if (operator === "-") return helpers.call("negate", operand);
  return { kind: "unary", operator, operand, type: pair, span: operand.span };
}

/** `left operator right` of one 64-bit type; a shift takes a u32 at its right. */
export function lowerBinary(
  helpers: Helpers,
  operator: BinaryOperator,
  type: ScalarType,
  left: Expression,
  right: Expression,
): Expression {
  const call = (name: string) => helpers.call(name, left, right);
  switch (operator) {
    case "&":
    case "|":
    case "^":
      return binary(operator, left, right, pair);
    case "<<":
      return lowerShift(helpers, "shift_left", left, right);
    case ">>":
      return lowerShift(helpers, `shift_right_${type.name}`, left, right);
    case "!=":
      return not(call("equal"));
    case "<=":
      return not(call(`greater_${type.name}`));
    case ">=":
      return not(call(`less_${type.name}`));
    case "<":
    case ">":
    case "/":
    case "%":
      return call(`${operatorNames[operator]}_${type.name}`);
    default:
      return call(operatorNames[operator]);
  }
}

/** A constant count needs neither a mask nor a choice. */
function lowerShift(helpers: Helpers, name: string, value: Expression, count: Expression): Expression {
  if (count.kind !== "constant") return helpers.call(name, value, count);
  const bits = Number(count.data) & 63;
  if (bits === 0) return value;
  const distance = bits < 32 ? "near" : "far";
  return helpers.call(`${distance}_${name}`, value, constant(u32, bits & 31, count));
}

export function lowerConversion(
  helpers: Helpers,
  from: ScalarType,
  to: ScalarType,
  operand: Expression,
): Expression {
  if (isWideInteger(to)) {
    if (isWideInteger(from)) return operand;
    if (from === i32) return helpers.call("from_i32", operand);
    if (from === u32 || from === bool) return words(convert(u32, operand), constant(u32, 0, operand));
    return helpers.call(`f32_to_${to.name}`, convert(f32, operand));
  }
  if (to === bool) {
    const zero = constant(pair, [0, 0], operand);
    return builtin("any", bool, binary("!=", operand, zero, vectorOf(2, bool)));
  }
  if (to === u32) return low(operand);
  if (to === i32) return bitcast(i32, low(operand));
  const float = helpers.call(`${from.name}_to_f32`, operand);
  return to === f16 ? convert(f16, float) : float;
}

const bitFunctions: Readonly<Record<string, string>> = {
  countOneBits: "count_one_bits",
  countLeadingZeros: "count_leading_zeros",
  countTrailingZeros: "count_trailing_zeros",
  firstTrailingBit: "first_trailing_bit",
  reverseBits: "reverse_bits",
};

/** A built-in function of one component. */
export function lowerBuiltin(
  helpers: Helpers,
  name: string,
  type: ScalarType,
  args: readonly [Expression, ...Expression[]],
): Expression {
  const bits = bitFunctions[name];
  if (bits !== undefined) return helpers.call(bits, ...args);
  switch (name) {
    case "abs":
      return type === u64 ? args[0] : helpers.call("abs_i64", ...args);
    case "sign":
      return helpers.call("sign_i64", ...args);
    case "min":
    case "max":
    case "clamp":
      return helpers.call(`${name}_${type.name}`, ...args);
    case "firstLeadingBit":
      return helpers.call(`first_leading_bit_${type.name}`, ...args);
    case "select":
      return builtin("select", pair, ...args);
    default:
      throw new AikoError("INTERNAL", { message: `'${name}' has no form for 64-bit integers on WebGPU` });
  }
}
