import type { Expression as AstExpression, Identifier } from "../ast.ts";
import type { Span } from "../diagnostics.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import {
  type AccessMode,
  type AddressSpace,
  arrayOf,
  atomicOf,
  bool,
  f16,
  f32,
  f64,
  hasFixedFootprint,
  i32,
  i64,
  isFloat,
  isStorable,
  isWideInteger,
  matrixOf,
  pointerTo,
  type ScalarType,
  type StructType,
  type Type,
  typeName,
  u32,
  u64,
  vectorOf,
} from "../types.ts";
import { isStatic, mentionsOverride, type Scope } from "./scope.ts";

const scalarsByName: Readonly<Record<string, ScalarType>> = { bool, i32, u32, f32, f16, i64, u64, f64 };
const shortElements: Readonly<Record<string, ScalarType>> = { i: i32, u: u32, f: f32, h: f16 };
const spaces: readonly string[] = ["function", "private", "workgroup", "uniform", "storage"];
const modes: readonly string[] = ["read", "write", "read_write"];
const graphicsTypes = /^(texture_|sampler)/;

const typeNames = [...Object.keys(scalarsByName), "vec2", "vec3", "vec4", "array", "atomic", "ptr"];

/** A type constructor without its template, such as `vec3` in `vec3(1, 2, 3)`: the arguments decide the rest. */
export type OpenType =
  | { readonly kind: "openVector"; readonly size: number }
  | { readonly kind: "openMatrix"; readonly columns: number; readonly rows: number }
  | { readonly kind: "openArray" };

/** The type a name stands for: declared, predeclared, or open; `undefined` when the name is no type. */
export function lookupType(scope: Scope, name: Identifier): Type | OpenType | undefined {
  const entity = scope.lookup(name.name, name.span);
  if (entity !== undefined) {
    if (entity.kind !== "type") return undefined;
    if (name.template !== undefined)
      throw scope.error(name.span, `'${name.name}' takes no template arguments`);
    return entity.type;
  }
  return predeclared(scope, name);
}

/** A type where one must stand. */
export function checkType(scope: Scope, name: Identifier): Type {
  const type = lookupType(scope, name);
  if (type === undefined) {
    const known = scope.lookup(name.name, name.span);
    if (known !== undefined) throw scope.error(name.span, `'${name.name}' is not a type`);
    throw scope.error(name.span, `there is no type '${name.name}'`, scope.meant(name.name, typeNames));
  }
  switch (type.kind) {
    case "openVector":
    case "openMatrix":
      throw scope.error(name.span, `'${name.name}' needs an element type`, `Write ${name.name}<f32>.`);
    case "openArray":
      throw scope.error(name.span, "'array' needs an element type", "Write array<f32> or array<f32, 16>.");
    default:
      return type;
  }
}

function predeclared(scope: Scope, name: Identifier): Type | OpenType | undefined {
  const scalar = scalarsByName[name.name];
  if (scalar !== undefined) {
    if (name.template !== undefined)
      throw scope.error(name.span, `'${name.name}' takes no template arguments`);
    return needFeature(scope, name, scalar);
  }
  const vector = /^vec([234])([iufh])?$/.exec(name.name);
  if (vector !== null) {
    const size = Number(vector[1]);
    const element = elementOf(scope, name, vector[2]);
    return element === undefined ? { kind: "openVector", size } : vectorOf(size, element);
  }
  const matrix = /^mat([234])x([234])([fh])?$/.exec(name.name);
  if (matrix !== null) {
    const columns = Number(matrix[1]);
    const rows = Number(matrix[2]);
    const element = elementOf(scope, name, matrix[3]);
    if (element === undefined) return { kind: "openMatrix", columns, rows };
    if (!isMatrixElement(element)) throw matrixElementError(scope, element, name.span);
    return matrixOf(columns, rows, element);
  }
  if (graphicsTypes.test(name.name)) {
    throw scope.unsupported(
      name.span,
      `textures and samplers are not part of compute kernels here ('${name.name}')`,
      "Use storage buffers.",
    );
  }
  if (name.name === "array") return checkArray(scope, name);
  if (name.name === "atomic") return checkAtomic(scope, name);
  if (name.name === "ptr") return checkPointer(scope, name);
  return undefined;
}

export function isMatrixElement(element: ScalarType): boolean {
  return isFloat(element) && element !== f64;
}

export function matrixElementError(scope: Scope, element: ScalarType, span: Span) {
  const hint = element === f64 ? "Use an array of f64 vectors." : undefined;
  return scope.error(span, `matrices hold f32 or f16, not ${typeName(element)}`, hint);
}

function needFeature(scope: Scope, name: Identifier, type: ScalarType): ScalarType {
  if (type === f16 && !scope.features.has("f16")) {
    throw scope.error(name.span, "f16 is used but not enabled", "Begin the file with: enable f16;");
  }
  return type;
}

function elementOf(scope: Scope, name: Identifier, short: string | undefined): ScalarType | undefined {
  const named = short === undefined ? undefined : shortElements[short];
  if (named !== undefined) {
    if (name.template !== undefined)
      throw scope.error(name.span, `'${name.name}' takes no template arguments`);
    return needFeature(scope, name, named);
  }
  if (name.template === undefined) return undefined;
  const element = templateType(scope, name, 0, 1);
  if (element.kind !== "scalar")
    throw scope.error(name.span, `'${name.name}' holds scalars, not ${typeName(element)}`);
  return element;
}

function templateType(scope: Scope, name: Identifier, index: number, most: number): Type {
  const args = name.template ?? [];
  const arg = args[index];
  if (arg === undefined || args.length > most) {
    throw scope.error(
      name.span,
      `'${name.name}' takes ${most} template argument${most === 1 ? "" : "s"}, found ${args.length}`,
    );
  }
  if (arg.kind !== "identifier") throw scope.error(arg.span, "a type was expected here");
  return checkType(scope, arg);
}

function checkArray(scope: Scope, name: Identifier): Type | OpenType {
  if (name.template === undefined) return { kind: "openArray" };
  const element = templateType(scope, name, 0, 2);
  if (!isStorable(element) || !hasFixedFootprint(element)) {
    throw scope.error(
      name.span,
      `an array cannot hold ${typeName(element)}`,
      "Elements need a size known at compile time.",
    );
  }
  const size = name.template[1];
  return arrayOf(element, size === undefined ? undefined : checkCount(scope, size));
}

function checkCount(scope: Scope, size: AstExpression) {
  const value = scope.value(size);
  if (!isStatic(value))
    throw scope.error(size.span, "an array's count must be a constant or override expression");
  const expression = scope.convert(value, u32) ?? scope.expect(value, i32, "an array's count");
  const positive = (count: number) => {
    if (count < 1) throw scope.error(size.span, `an array's count must be at least 1, found ${count}`);
    return count;
  };
  if (expression.kind === "constant") return positive(Number(expression.data));
  if (!mentionsOverride(expression))
    throw scope.error(size.span, "an array's count must be a constant expression");
  return {
    text: scope.text(size),
    evaluate: () => positive(Number(scope.at(size.span, () => evaluate(expression)) ?? 0)),
  };
}

function checkAtomic(scope: Scope, name: Identifier): Type {
  const element = templateType(scope, name, 0, 1);
  if (element !== i32 && element !== u32)
    throw scope.error(
      name.span,
      `an atomic holds i32 or u32, not ${typeName(element)}`,
      isWideInteger(element) ? "64-bit atomics do not exist on every device: use two of u32." : undefined,
    );
  return atomicOf(element);
}

function checkPointer(scope: Scope, name: Identifier): Type {
  const [spaceName, , modeName] = name.template ?? [];
  if (spaceName === undefined)
    throw scope.error(name.span, "'ptr' needs an address space and a type", "Write ptr<function, f32>.");
  const space = checkWord(scope, spaceName, spaces, "an address space") as AddressSpace;
  const store = templateType(scope, name, 1, 3);
  if (!isStorable(store)) throw scope.error(name.span, `a pointer cannot point to ${typeName(store)}`);
  if (modeName !== undefined && space !== "storage") {
    throw scope.error(modeName.span, "only pointers into storage name an access mode");
  }
  const mode =
    modeName === undefined
      ? defaultAccess(space)
      : (checkWord(scope, modeName, modes, "an access mode") as AccessMode);
  return pointerTo(space, store, mode);
}

export function defaultAccess(space: AddressSpace): AccessMode {
  return space === "uniform" || space === "storage" ? "read" : "read_write";
}

function checkWord(scope: Scope, word: AstExpression, allowed: readonly string[], what: string): string {
  if (word.kind !== "identifier" || !allowed.includes(word.name)) {
    throw scope.error(word.span, `expected ${what} (${allowed.join(", ")}), found '${scope.text(word)}'`);
  }
  return word.name;
}

/** The address space and access of `var<...>`. */
export function checkVariableTemplate(
  scope: Scope,
  template: readonly AstExpression[] | undefined,
): { space: AddressSpace | undefined; access: AccessMode | undefined } {
  const [spaceName, modeName, extra] = template ?? [];
  if (spaceName === undefined) return { space: undefined, access: undefined };
  if (extra !== undefined)
    throw scope.error(extra.span, "'var' takes an address space and an access mode, no more");
  const space = checkWord(scope, spaceName, spaces, "an address space") as AddressSpace;
  if (modeName === undefined) return { space, access: defaultAccess(space) };
  if (space !== "storage") throw scope.error(modeName.span, "only storage variables name an access mode");
  return { space, access: checkWord(scope, modeName, modes, "an access mode") as AccessMode };
}

export function memberIndex(type: StructType, name: string): number {
  return type.members.findIndex((member) => member.name === name);
}
