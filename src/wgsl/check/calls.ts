import type { Expression as Ast, Identifier } from "../ast.ts";
import type { Span } from "../diagnostics.ts";
import type { Expression, FunctionDefinition } from "../ir.ts";
import {
  abstractFloat,
  abstractInt,
  bitsOf,
  concretize,
  elementScalar,
  f64,
  i64,
  isAbstract,
  isNumeric,
  type ScalarType,
  sameType,
  type Type,
  typeName,
  u32,
  u64,
  withElement,
} from "../types.ts";
import { builtins, graphicsOnly, resolveBuiltin } from "./builtins.ts";
import { checkConstruction, checkOpenConstruction } from "./constructors.ts";
import type { Scope } from "./scope.ts";
import { checkType, lookupType } from "./types.ts";

/** A call: of a function, a built-in function, or a type (a constructor or conversion). */
export function checkCall(scope: Scope, ast: Ast & { kind: "call" }): Expression {
  const { callee, span } = ast;
  const entity = scope.lookup(callee.name, callee.span);
  if (entity?.kind === "function") return callFunction(scope, entity.function, ast);
  if (entity === undefined && callee.name === "bitcast") return bitcast(scope, callee, ast);
  if (entity === undefined && builtins.has(callee.name)) return callBuiltin(scope, ast);
  const type = lookupType(scope, callee);
  if (type === undefined) {
    if (entity !== undefined) throw scope.error(callee.span, `'${callee.name}' is not a function`);
    if (graphicsOnly.test(callee.name))
      throw scope.unsupported(callee.span, `'${callee.name}' belongs to textures or fragment shaders`);
    throw scope.error(
      callee.span,
      `there is no function '${callee.name}'`,
      scope.meant(callee.name, [...builtins.keys()]),
    );
  }
  const args = ast.args.map((arg) => scope.value(arg));
  switch (type.kind) {
    case "openVector":
    case "openMatrix":
    case "openArray":
      return checkOpenConstruction(scope, type, args, span);
    default:
      return checkConstruction(scope, type, args, span);
  }
}

function callFunction(scope: Scope, target: FunctionDefinition, ast: Ast & { kind: "call" }): Expression {
  if (scope.function === undefined)
    throw scope.error(ast.span, "functions cannot be called outside a function");
  if (ast.callee.template !== undefined)
    throw scope.error(ast.callee.span, `'${target.name}' takes no template arguments`);
  if (target.stage !== undefined)
    throw scope.error(ast.span, `'${target.name}' is an entry point and cannot be called`);
  if (ast.args.length !== target.parameters.length) {
    throw scope.error(
      ast.span,
      `'${target.name}' takes ${target.parameters.length} arguments, found ${ast.args.length}`,
    );
  }
  scope.function.calls.add(target);
  const args = target.parameters.map((parameter, index) => {
    const arg = ast.args[index];
    if (arg === undefined)
      throw scope.error(ast.span, `'${target.name}' lacks its argument '${parameter.name}'`);
    return scope.expect(
      scope.value(arg),
      parameter.type,
      `the argument '${parameter.name}' of '${target.name}'`,
    );
  });
  return { kind: "call", function: target, args, type: target.returnType, span: ast.span };
}

function callBuiltin(scope: Scope, ast: Ast & { kind: "call" }): Expression {
  const { name } = ast.callee;
  const builtin = builtins.get(name);
  if (builtin === undefined || ast.callee.template !== undefined)
    throw scope.error(ast.callee.span, `'${name}' takes no template arguments`);
  if (builtin.feature !== undefined && !scope.features.has(builtin.feature)) {
    throw scope.error(
      ast.span,
      `'${name}' needs '${builtin.feature}'`,
      `Begin the file with: enable ${builtin.feature};`,
    );
  }
  const args = ast.args.map((arg) => scope.value(arg));
  const signature = resolveBuiltin(
    name,
    args.map((arg) => arg.type),
  );
  if (signature === undefined) {
    const found = args.map((arg) => typeName(arg.type)).join(", ");
    throw scope.error(ast.span, `'${name}' does not take (${found})`, `It takes ${name}${builtin.form}.`);
  }
  const isConstant = args.every((arg) => arg.kind === "constant");
  const parameters = isConstant ? signature.parameters : resolveConcrete(name, signature.parameters);
  const result = isConstant
    ? signature.result
    : (resolveBuiltin(name, parameters)?.result ?? signature.result);
  const converted = args.map((arg, index) =>
    scope.expect(arg, parameters[index] ?? arg.type, `argument ${index + 1} of '${name}'`),
  );
  if (scope.function === undefined && !isConstant && builtin.impure)
    throw scope.error(ast.span, `'${name}' cannot be called outside a function`);
  if (builtin.impure || builtin.feature !== undefined) markUse(scope, name, builtin.impure ?? false);
  else scope.function?.builtins.add(name);
  checkConstantArguments(scope, name, converted, ast.span);
  return { kind: "builtin", name, args: converted, type: result, span: ast.span };
}

/** Abstract parameters become concrete once one argument is known only at run time. */
function resolveConcrete(name: string, parameters: readonly Type[]): readonly Type[] {
  const concrete = parameters.map(concretize);
  return resolveBuiltin(name, concrete)?.parameters ?? concrete;
}

function markUse(scope: Scope, name: string, impure: boolean): void {
  if (scope.function === undefined) return;
  scope.function.builtins.add(name);
  if (impure) scope.function.impure = true;
}

/** Constant arguments are checked even where the whole call is not constant, as WGSL asks for clamp and bit fields. */
function checkConstantArguments(scope: Scope, name: string, args: readonly Expression[], span: Span): void {
  const constants = args.map((arg) =>
    arg.kind === "constant" && typeof arg.data !== "object" ? arg.data : undefined,
  );
  if (name === "clamp" || name === "smoothstep") {
    const [low, high] = name === "clamp" ? constants.slice(1) : constants;
    if (low !== undefined && high !== undefined && (name === "clamp" ? low > high : low === high)) {
      throw scope.error(
        span,
        name === "clamp"
          ? `clamp needs low <= high, found ${low} and ${high}`
          : "smoothstep needs two different edges",
      );
    }
  }
  if (name === "extractBits" || name === "insertBits") {
    const [offset = 0, count = 0] = constants.slice(-2);
    const end = Number(offset) + Number(count);
    if (end > 32) throw scope.error(span, `offset + count must be at most 32, found ${end}`);
  }
}

function bitcast(scope: Scope, callee: Identifier, ast: Ast & { kind: "call" }): Expression {
  const [target, ...extra] = callee.template ?? [];
  const [operand] = ast.args;
  if (target?.kind !== "identifier" || extra.length > 0)
    throw scope.error(callee.span, "bitcast needs its target type", "Write bitcast<u32>(x).");
  if (operand === undefined || ast.args.length !== 1)
    throw scope.error(ast.span, "bitcast takes one argument");
  const to = checkType(scope, target);
  const checked = scope.value(operand);
  const value = scope.expect(checked, bitcastSource(checked.type, to), "the argument");
  if (!isBitcast(value.type, to)) {
    throw scope.error(
      ast.span,
      `bitcast cannot turn ${typeName(value.type)} into ${typeName(to)}`,
      "Both need the same number of bits; a 64-bit scalar is also two 32-bit words, such as vec2<u32>.",
    );
  }
  return sameType(to, value.type) ? value : { kind: "bitcast", operand: value, type: to, span: ast.span };
}

/** What an abstract argument becomes: the integer or float as wide as the target's components. */
function bitcastSource(from: Type, to: Type): Type {
  const target = elementScalar(to);
  if (!isAbstract(from) || target === undefined) return concretize(from);
  const wide = bitsOf(target) === 64 && withElement(from, target) === to;
  if (elementScalar(from) === abstractFloat) return wide ? withElement(from, f64) : concretize(from);
  if (wide) return withElement(from, target === u64 ? u64 : i64);
  return from === abstractInt && target === u32 ? u32 : concretize(from);
}

/** Same bits, and for 64-bit types either component by component or a scalar and two 32-bit words, low word first. */
function isBitcast(from: Type, to: Type): boolean {
  const source = bitcastElement(from);
  const target = bitcastElement(to);
  if (source === undefined || target === undefined) return false;
  const count = (type: Type) => (type.kind === "vector" ? type.size : 1);
  if (bitsOf(source) * count(from) !== bitsOf(target) * count(to)) return false;
  if (bitsOf(source) !== 64 && bitsOf(target) !== 64) return true;
  if (bitsOf(source) === bitsOf(target)) return true;
  const words = bitsOf(source) === 64 ? to : from;
  return count(words) === 2;
}

function bitcastElement(type: Type): ScalarType | undefined {
  const element = elementScalar(type);
  return element === undefined || type.kind === "matrix" || !isNumeric(element) ? undefined : element;
}
