import type { Span } from "../diagnostics.ts";
import type { Expression } from "../ir.ts";
import {
  abstractFloat,
  abstractInt,
  arrayOf,
  convertible,
  elementScalar,
  isAbstract,
  isConstructible,
  type MatrixType,
  matrixOf,
  type ScalarType,
  sameType,
  type Type,
  typeName,
  type VectorType,
  vectorOf,
  withElement,
} from "../types.ts";
import type { Scope } from "./scope.ts";
import { isMatrixElement, matrixElementError, type OpenType } from "./types.ts";

/** `T(args)`: a zero value, a conversion, or a value built from parts. WGSL section 17.1.2. */
export function checkConstruction(
  scope: Scope,
  type: Type,
  args: readonly Expression[],
  span: Span,
): Expression {
  if (!isConstructible(type)) throw scope.error(span, `a ${typeName(type)} cannot be constructed`);
  if (args.length === 0) return { kind: "construct", args: [], type, span };
  switch (type.kind) {
    case "scalar":
      return convertScalar(scope, type, args, span);
    case "vector":
      return constructVector(scope, type, args, span);
    case "matrix":
      return constructMatrix(scope, type, args, span);
    case "array":
      return constructAll(scope, type, args, new Array<Type>(Number(type.count)).fill(type.element), span);
    case "struct":
      return constructAll(
        scope,
        type,
        args,
        type.members.map((member) => member.type),
        span,
      );
    default:
      throw scope.error(span, `a ${typeName(type)} cannot be constructed`);
  }
}

function constructAll(
  scope: Scope,
  type: Type,
  args: readonly Expression[],
  wanted: readonly Type[],
  span: Span,
): Expression {
  if (args.length !== wanted.length) {
    throw scope.error(span, `${typeName(type)} takes ${wanted.length} values, found ${args.length}`);
  }
  const parts = args.map((arg, index) => scope.expect(arg, wanted[index] ?? arg.type, `value ${index + 1}`));
  return { kind: "construct", args: parts, type, span };
}

function convertScalar(scope: Scope, type: ScalarType, args: readonly Expression[], span: Span): Expression {
  const [arg] = args;
  if (arg === undefined || args.length !== 1 || arg.type.kind !== "scalar") {
    throw scope.error(
      span,
      `${typeName(type)}(…) converts one scalar, found (${args.map((item) => typeName(item.type)).join(", ")})`,
    );
  }
  return sameType(arg.type, type) ? arg : { kind: "convert", operand: arg, type, span };
}

function width(type: Type): number {
  return type.kind === "vector" ? type.size : type.kind === "scalar" ? 1 : 0;
}

function constructVector(
  scope: Scope,
  type: VectorType,
  args: readonly Expression[],
  span: Span,
): Expression {
  const [first] = args;
  if (args.length === 1 && first?.type.kind === "vector" && first.type.size === type.size) {
    return sameType(first.type, type) ? first : { kind: "convert", operand: first, type, span };
  }
  const total = args.reduce((sum, arg) => sum + width(arg.type), 0);
  const splat = args.length === 1 && first?.type.kind === "scalar";
  if (args.some((arg) => width(arg.type) === 0) || (!splat && total !== type.size))
    throw wrongParts(scope, type, args, span);
  const parts = args.map((arg) => {
    const part = scope.convert(arg, withElement(arg.type, type.element));
    if (part === undefined) throw wrongParts(scope, type, args, span);
    return part;
  });
  return { kind: "construct", args: parts, type, span };
}

function constructMatrix(
  scope: Scope,
  type: MatrixType,
  args: readonly Expression[],
  span: Span,
): Expression {
  const [first] = args;
  if (args.length === 1 && first?.type.kind === "matrix") {
    if (first.type.columns !== type.columns || first.type.rows !== type.rows)
      throw wrongParts(scope, type, args, span);
    return sameType(first.type, type) ? first : { kind: "convert", operand: first, type, span };
  }
  const scalars = args.length === type.columns * type.rows;
  const part = scalars ? type.element : vectorOf(type.rows, type.element);
  if (!scalars && args.length !== type.columns) throw wrongParts(scope, type, args, span);
  const parts = args.map((arg) => {
    const made = scope.convert(arg, part);
    if (made === undefined) throw wrongParts(scope, type, args, span);
    return made;
  });
  return { kind: "construct", args: parts, type, span };
}

function wrongParts(scope: Scope, type: Type, args: readonly Expression[], span: Span) {
  const found = args.map((arg) => typeName(arg.type)).join(", ");
  return scope.error(span, `${typeName(type)} cannot be made of (${found})`);
}

/** `vec3(…)`, `mat2x2(…)`, `array(…)`: the element type comes from the arguments. */
export function checkOpenConstruction(
  scope: Scope,
  open: OpenType,
  args: readonly Expression[],
  span: Span,
): Expression {
  if (open.kind === "openArray") return constructOpenArray(scope, args, span);
  const element = commonScalar(args);
  const shape = open.kind === "openVector" ? `vec${open.size}` : `mat${open.columns}x${open.rows}`;
  if (args.length === 0) {
    if (open.kind === "openVector")
      return constructVector(scope, vectorOf(open.size, abstractInt), [zeroOf(span)], span);
    throw scope.error(span, `'${shape}' needs an element type`, `Write ${shape}<f32>().`);
  }
  if (element === undefined) {
    throw scope.error(
      span,
      `${shape} needs parts of one type, found (${args.map((arg) => typeName(arg.type)).join(", ")})`,
    );
  }
  if (open.kind === "openVector") return constructVector(scope, vectorOf(open.size, element), args, span);
  const float = isAbstract(element) ? abstractFloat : element;
  if (!isMatrixElement(float)) throw matrixElementError(scope, float, span);
  return constructMatrix(scope, matrixOf(open.columns, open.rows, float), args, span);
}

function zeroOf(span: Span): Expression {
  return { kind: "constant", type: abstractInt, span, data: 0n };
}

function commonScalar(args: readonly Expression[]): ScalarType | undefined {
  const elements = args.map((arg) => elementScalar(arg.type));
  return elements.find(
    (candidate) =>
      candidate !== undefined &&
      elements.every((element) => element !== undefined && convertible(element, candidate)),
  );
}

function constructOpenArray(scope: Scope, args: readonly Expression[], span: Span): Expression {
  const types = args.map((arg) => arg.type);
  const element = types.find((candidate) => types.every((type) => convertible(type, candidate)));
  if (element === undefined) throw scope.error(span, "array(…) needs at least one element, all of one type");
  if (!isConstructible(element))
    throw scope.error(span, `an array of ${typeName(element)} cannot be constructed`);
  return constructAll(
    scope,
    arrayOf(element, args.length),
    args,
    args.map(() => element),
    span,
  );
}
