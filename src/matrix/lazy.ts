import { type DType, isDType } from "../core/dtype.ts";
import { type Shape, sameShape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { constant, convert, input, settled } from "../expression/build.ts";
import { computeType, type Expression, isFloat, isWide } from "../expression/expression.ts";
import type { Runtime } from "../runtime/index.ts";
import type { NestedArray } from "./convert.ts";
import { evaluatorOf } from "./evaluate.ts";
import { toMatrix } from "./input.ts";
import { Matrix } from "./matrix.ts";
import { type Definition, Node } from "./node.ts";
import { broadcasted, commonShape, type View } from "./view.ts";

/** What stands for a matrix in arithmetic: a single number takes the element type of the others. */
export type Operand<D extends DType = DType> = Matrix<D> | number | bigint | boolean | NestedArray;

/** A matrix that is computed when it is needed. */
export function lazyMatrix<D extends DType>(
  runtime: Runtime,
  definition: Definition,
  shape: Shape,
  dtype: D,
): Matrix<D> {
  return new Matrix<D>(Node.defined(definition, shape, dtype, evaluatorOf(runtime)), shape);
}

export function viewOf<D extends DType>(runtime: Runtime, matrix: Matrix<D>, view: View): Matrix<D> {
  const base = matrix.usableNode();
  return lazyMatrix(runtime, { kind: "view", base, view }, view.shape, matrix.dtype);
}

interface Prepared {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly node: Node | undefined;
  readonly value: number | bigint | boolean | undefined;
}

export interface ElementwiseRule {
  readonly build: (values: readonly Expression[]) => Expression;
  /** The element type of the result, where it is not that of the operands. */
  readonly result?: DType;
  /** The first operand is a condition: bool, whatever the others are. */
  readonly hasCondition?: boolean;
}

/**
 * A matrix of `rule.build` applied to the elements of operands, which are broadcast to one shape and brought to one type.
 * Throws INVALID_ARGUMENT for shapes and types that do not fit together.
 */
export function elementwiseOf(
  runtime: Runtime,
  name: string,
  operands: readonly unknown[],
  rule: ElementwiseRule,
): Matrix<DType> {
  const prepared = operands.map((operand, at) => prepare(operand, name, at));
  const condition = rule.hasCondition === true ? prepared[0] : undefined;
  if (condition !== undefined) assertCondition(condition, name);
  const dtype = commonType(
    prepared.filter((operand) => operand !== condition),
    name,
  );
  const shape = prepared.reduce<Shape>((common, operand) => commonShape(common, operand.shape, name), []);
  let inputs = 0;
  const values = prepared.map((operand) => {
    const type = operand === condition ? "bool" : dtype;
    if (operand.node === undefined) return scalarOf(operand.value ?? 0, type, name);
    return convert(input(inputs++, computeType(operand.dtype)), type);
  });
  const result = rule.result ?? dtype;
  const expression = settled(rule.build(values), result);
  const nodes = prepared.flatMap(({ node }) => (node === undefined ? [] : [spread(runtime, node, shape)]));
  return lazyMatrix(runtime, { kind: "elementwise", expression, operands: nodes }, shape, result);
}

function assertCondition({ dtype, value }: Prepared, name: string): void {
  if (dtype === "bool" && (value === undefined || typeof value === "boolean")) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} takes a condition of bool, not of ${dtype}`,
    hint: "Compare first: gpu.matrix.notEqual(condition, 0).",
  });
}

/** An element type by its name. Throws INVALID_ARGUMENT for one that is not there. */
export function toDType(dtype: unknown): DType {
  if (isDType(dtype)) return dtype;
  throw new AikoError("INVALID_ARGUMENT", { message: `There is no element type "${String(dtype)}"` });
}

function prepare(operand: unknown, name: string, at: number): Prepared {
  if (typeof operand === "number" || typeof operand === "bigint" || typeof operand === "boolean") {
    const dtype = typeof operand === "boolean" ? "bool" : "f32";
    return { dtype, shape: [], node: undefined, value: operand };
  }
  if (operand instanceof Matrix || Array.isArray(operand)) {
    const matrix = toMatrix<DType>(operand, `What ${name} takes`);
    return { dtype: matrix.dtype, shape: matrix.shape, node: matrix.usableNode(), value: undefined };
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Operand ${at} of ${name} is ${operand === null ? "null" : `a ${typeof operand}`}, not a matrix or a number`,
  });
}

/** That of the matrices, which must agree, but for bool, which counts as 0 and 1 among others; f32 of numbers alone. */
function commonType(operands: readonly Prepared[], name: string): DType {
  let dtype: DType | undefined;
  for (const operand of operands) {
    if (operand.node === undefined) continue;
    if (dtype === undefined || dtype === "bool") dtype = operand.dtype;
    else if (operand.dtype !== dtype && operand.dtype !== "bool") {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${name} takes operands of one element type, got ${dtype} and ${operand.dtype}`,
        hint: `Cast one of them: gpu.matrix.cast(matrix, "${dtype}").`,
      });
    }
  }
  const isNumber = operands.some(({ value }) => value !== undefined && typeof value !== "boolean");
  if (dtype === "bool" && isNumber) return numberType(operands);
  return dtype ?? (isNumber ? "f32" : "bool");
}

/** bool with a number: i32 for whole numbers, else f32. */
function numberType(operands: readonly Prepared[]): DType {
  const isWhole = operands.every(
    ({ value }) => value === undefined || typeof value === "boolean" || Number.isInteger(Number(value)),
  );
  return isWhole ? "i32" : "f32";
}

/** A number as an expression of an element type. Throws INVALID_ARGUMENT where that does not hold it. */
export function scalarOf(value: number | bigint | boolean, dtype: DType, name: string): Expression {
  const type = computeType(dtype);
  if (typeof value === "boolean") return convert(constant(value, "bool"), dtype);
  if (isFloat(type)) return settled(constant(Number(value), type), dtype);
  if (type !== "bool" && (typeof value === "bigint" || Number.isInteger(value))) {
    const made = constant(value, type);
    const kept = made.kind === "constant" ? made.value : 0;
    if (BigInt(kept) === BigInt(value) && fits(BigInt(value), dtype)) return made;
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} cannot combine ${value} with elements of ${dtype}, which do not hold it`,
    hint: `Cast the matrix first: gpu.matrix.cast(matrix, "${isWide(type) ? "f64" : "f32"}").`,
  });
}

const narrowBits: Readonly<Partial<Record<DType, number>>> = { i8: 8, u8: 8, i16: 16, u16: 16 };

function fits(value: bigint, dtype: DType): boolean {
  const bits = narrowBits[dtype];
  if (bits === undefined) return true;
  return (dtype.startsWith("i") ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value;
}

function spread(runtime: Runtime, node: Node, shape: Shape): Node {
  if (sameShape(node.shape, shape)) return node;
  const view = broadcasted(node.shape, shape);
  return Node.defined({ kind: "view", base: node, view }, shape, node.dtype, evaluatorOf(runtime));
}
