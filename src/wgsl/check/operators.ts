import type { BinaryOperator, UnaryOperator } from "../ast.ts";
import {
  bool,
  concretize,
  convertible,
  elementScalar,
  isAbstract,
  isFloat,
  isInteger,
  isNumeric,
  isUnsigned,
  type MatrixType,
  matrixOf,
  type ScalarType,
  type Type,
  u32,
  vectorOf,
  withElement,
} from "../types.ts";

/** What an operator makes of its operands' types: what they convert to first, and the result. */
export interface OperatorTypes {
  readonly left: Type;
  readonly right: Type;
  readonly result: Type;
}

export function unaryResult(operator: UnaryOperator, operand: Type): Type | undefined {
  if (operand.kind !== "scalar" && operand.kind !== "vector") return undefined;
  const element = elementScalar(operand);
  if (element === undefined) return undefined;
  if (operator === "!") return element === bool ? operand : undefined;
  if (operator === "~") return isInteger(element) ? operand : undefined;
  return isNumeric(element) && !isUnsigned(element) ? operand : undefined;
}

/** WGSL section 8.6-8.9. Undefined where the operator does not take these operands. */
export function binaryTypes(operator: BinaryOperator, left: Type, right: Type): OperatorTypes | undefined {
  switch (operator) {
    case "&&":
    case "||":
      return left === bool && right === bool ? { left, right, result: bool } : undefined;
    case "<<":
    case ">>":
      return shiftTypes(left, right);
    case "&":
    case "|":
    case "^":
      return matched(
        left,
        right,
        (element) => isInteger(element) || (element === bool && operator !== "^"),
        (type) => type,
      );
    case "==":
    case "!=":
      return matched(
        left,
        right,
        () => true,
        (type) => withElement(type, bool),
      );
    case "<":
    case "<=":
    case ">":
    case ">=":
      return matched(left, right, isNumeric, (type) => withElement(type, bool));
    default:
      return arithmeticTypes(operator, left, right);
  }
}

function unify(left: Type, right: Type): ScalarType | undefined {
  const a = elementScalar(left);
  const b = elementScalar(right);
  if (a === undefined || b === undefined) return undefined;
  if (convertible(a, b)) return b;
  return convertible(b, a) ? a : undefined;
}

/** Two scalars or two vectors of one size. */
function matched(
  left: Type,
  right: Type,
  allowed: (element: ScalarType) => boolean,
  result: (type: Type) => Type,
): OperatorTypes | undefined {
  const element = unify(left, right);
  if (element === undefined || !allowed(element) || left.kind === "matrix" || right.kind === "matrix")
    return undefined;
  const type = withElement(left, element);
  return type === withElement(right, element) ? { left: type, right: type, result: result(type) } : undefined;
}

function shiftTypes(left: Type, right: Type): OperatorTypes | undefined {
  const element = elementScalar(left);
  if (element === undefined || !isInteger(element) || left.kind === "matrix") return undefined;
  const count = withElement(left, u32);
  if (!convertible(right, count)) return undefined;
  const kept = isAbstract(left) && !isAbstract(right) ? concretize(left) : left;
  return { left: kept, right: count, result: kept };
}

function arithmeticTypes(operator: BinaryOperator, left: Type, right: Type): OperatorTypes | undefined {
  const element = unify(left, right);
  if (element === undefined || !isNumeric(element)) return undefined;
  const a = withElement(left, element);
  const b = withElement(right, element);
  if (a.kind === "matrix" || b.kind === "matrix") return matrixTypes(operator, a, b, element);
  if (a === b) return { left: a, right: b, result: a };
  if (a.kind === "vector" && b.kind === "scalar") return { left: a, right: b, result: a };
  if (a.kind === "scalar" && b.kind === "vector") return { left: a, right: b, result: b };
  return undefined;
}

function matrixTypes(
  operator: BinaryOperator,
  left: Type,
  right: Type,
  element: ScalarType,
): OperatorTypes | undefined {
  if (!isFloat(element)) return undefined;
  if (operator === "+" || operator === "-") return left === right ? { left, right, result: left } : undefined;
  if (operator !== "*") return undefined;
  const result = productType(left, right, element);
  return result === undefined ? undefined : { left, right, result };
}

function productType(left: Type, right: Type, element: ScalarType): Type | undefined {
  if (left.kind === "matrix" && right.kind === "matrix") {
    return left.columns === right.rows ? matrixOf(right.columns, left.rows, element) : undefined;
  }
  if (left.kind === "scalar") return right;
  if (right.kind === "scalar") return left;
  if (left.kind === "matrix" && right.kind === "vector") return columnProduct(left, right.size);
  if (left.kind === "vector" && right.kind === "matrix" && left.size === right.rows)
    return vectorOf(right.columns, element);
  return undefined;
}

function columnProduct(matrix: MatrixType, size: number): Type | undefined {
  return matrix.columns === size ? vectorOf(matrix.rows, matrix.element) : undefined;
}
