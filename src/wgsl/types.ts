export type ScalarName =
  | "bool"
  | "i32"
  | "u32"
  | "f32"
  | "f16"
  | "i64"
  | "u64"
  | "f64"
  | "abstractInt"
  | "abstractFloat";
export type AddressSpace = "function" | "private" | "workgroup" | "uniform" | "storage";
export type AccessMode = "read" | "write" | "read_write";

export interface ScalarType {
  readonly kind: "scalar";
  readonly name: ScalarName;
}
export interface VectorType {
  readonly kind: "vector";
  readonly size: number;
  readonly element: ScalarType;
}
export interface MatrixType {
  readonly kind: "matrix";
  readonly columns: number;
  readonly rows: number;
  readonly element: ScalarType;
}
export interface ArrayType {
  readonly kind: "array";
  readonly element: Type;
  readonly count: number | OverrideCount | undefined;
}
/** A count that waits for the values of overrides. */
export interface OverrideCount {
  readonly text: string;
  readonly evaluate: () => number;
}
export interface StructMember {
  readonly name: string;
  readonly type: Type;
  readonly align: number | undefined;
  readonly size: number | undefined;
  readonly attributes: MemberAttributes;
}
export interface MemberAttributes {
  readonly builtin?: string;
}
export interface StructType {
  readonly kind: "struct";
  readonly name: string;
  /** True for the result structures of frexp, modf and atomicCompareExchangeWeak. */
  readonly builtin: boolean;
  /** Of a result structure with abstract members, the one that a variable takes. */
  readonly concrete?: StructType;
  readonly members: readonly StructMember[];
}
export interface AtomicType {
  readonly kind: "atomic";
  readonly element: ScalarType;
}
export interface PointerType {
  readonly kind: "pointer";
  readonly space: AddressSpace;
  readonly store: Type;
  readonly access: AccessMode;
}
/** A memory view: what an expression that names memory has before it is loaded. */
export interface ReferenceType {
  readonly kind: "reference";
  readonly space: AddressSpace;
  readonly store: Type;
  readonly access: AccessMode;
}
export interface VoidType {
  readonly kind: "void";
}
export type Type =
  | ScalarType
  | VectorType
  | MatrixType
  | ArrayType
  | StructType
  | AtomicType
  | PointerType
  | ReferenceType
  | VoidType;

const scalar = (name: ScalarName): ScalarType => ({ kind: "scalar", name });

export const bool = scalar("bool");
export const i32 = scalar("i32");
export const u32 = scalar("u32");
export const f32 = scalar("f32");
export const f16 = scalar("f16");
export const i64 = scalar("i64");
export const u64 = scalar("u64");
export const f64 = scalar("f64");
export const abstractInt = scalar("abstractInt");
export const abstractFloat = scalar("abstractFloat");
export const voidType: VoidType = { kind: "void" };
export const scalars: Readonly<Record<ScalarName, ScalarType>> = {
  bool,
  i32,
  u32,
  f32,
  f16,
  i64,
  u64,
  f64,
  abstractInt,
  abstractFloat,
};

const interned = new Map<string, Type>();
const structIds = new WeakMap<object, number>();
let structCount = 0;

function identity(value: object): number {
  let id = structIds.get(value);
  if (id === undefined) {
    id = structCount++;
    structIds.set(value, id);
  }
  return id;
}

/** Types are interned: equal types are the same object. Structures and override-sized arrays are equal by declaration. */
function intern<T extends Type>(key: string, make: () => T): T {
  const known = interned.get(key);
  if (known !== undefined) return known as T;
  const made = make();
  if (!key.includes("#")) interned.set(key, made);
  return made;
}

export function vectorOf(size: number, element: ScalarType): VectorType {
  return intern(`vec${size}<${element.name}>`, () => ({ kind: "vector", size, element }));
}

export function matrixOf(columns: number, rows: number, element: ScalarType): MatrixType {
  return intern(`mat${columns}x${rows}<${element.name}>`, () => ({ kind: "matrix", columns, rows, element }));
}

export function arrayOf(element: Type, count: ArrayType["count"]): ArrayType {
  return { kind: "array", element, count };
}

export function atomicOf(element: ScalarType): AtomicType {
  return intern(`atomic<${element.name}>`, () => ({ kind: "atomic", element }));
}

export function pointerTo(space: AddressSpace, store: Type, access: AccessMode): PointerType {
  return { kind: "pointer", space, store, access };
}

export function referenceTo(space: AddressSpace, store: Type, access: AccessMode): ReferenceType {
  return { kind: "reference", space, store, access };
}

export function sameType(a: Type, b: Type): boolean {
  return a === b || typeKey(a) === typeKey(b);
}

/** A text that two types share exactly when they are the same type. */
export function typeKey(type: Type): string {
  switch (type.kind) {
    case "struct":
      return `${type.name}#${identity(type)}`;
    case "array":
      return `array<${typeKey(type.element)}${countKey(type.count)}>`;
    case "pointer":
    case "reference":
      return `${type.kind}<${type.space},${typeKey(type.store)},${type.access}>`;
    default:
      return typeName(type);
  }
}

function countKey(count: ArrayType["count"]): string {
  if (count === undefined) return "";
  return typeof count === "number" ? `,${count}` : `,${count.text}#${identity(count)}`;
}

/** The type as WGSL spells it, for messages and for the WGSL emitter. */
export function typeName(type: Type): string {
  switch (type.kind) {
    case "scalar":
      return type.name === "abstractInt"
        ? "abstract-int"
        : type.name === "abstractFloat"
          ? "abstract-float"
          : type.name;
    case "vector":
      return `vec${type.size}<${typeName(type.element)}>`;
    case "matrix":
      return `mat${type.columns}x${type.rows}<${typeName(type.element)}>`;
    case "array": {
      const count =
        type.count === undefined ? "" : `, ${typeof type.count === "number" ? type.count : type.count.text}`;
      return `array<${typeName(type.element)}${count}>`;
    }
    case "struct":
      return type.name;
    case "atomic":
      return `atomic<${typeName(type.element)}>`;
    case "pointer": {
      const access = type.space === "storage" ? `, ${type.access}` : "";
      return `ptr<${type.space}, ${typeName(type.store)}${access}>`;
    }
    case "reference":
      return `reference to ${typeName(type.store)}`;
    case "void":
      return "no value";
  }
}

export function isScalar(type: Type): type is ScalarType {
  return type.kind === "scalar";
}

/** The scalar a scalar, vector or matrix is made of. */
export function elementScalar(type: Type): ScalarType | undefined {
  if (type.kind === "scalar") return type;
  if (type.kind === "vector" || type.kind === "matrix") return type.element;
  return undefined;
}

export function isInteger(type: Type): boolean {
  return isWideInteger(type) || type === i32 || type === u32 || type === abstractInt;
}

/** Whether integers, or the components of a vector, have a sign. */
export function isSigned(type: Type): boolean {
  const element = elementScalar(type);
  return element === i32 || element === i64;
}

/** The 64-bit integers, whose constants are bigints. */
export function isWideInteger(type: Type): boolean {
  return type === i64 || type === u64;
}

/** Bits of a number's scalar. Abstract numbers are computed with 64. */
export function bitsOf(type: ScalarType): 16 | 32 | 64 {
  if (type === f16) return 16;
  return type === bool || type === i32 || type === u32 || type === f32 ? 32 : 64;
}

export function isUnsigned(type: Type): boolean {
  return type === u32 || type === u64;
}

export function isFloat(type: Type): boolean {
  return type === f32 || type === f16 || type === f64 || type === abstractFloat;
}

export function isNumeric(type: Type): boolean {
  return isInteger(type) || isFloat(type);
}

export function isAbstract(type: Type): boolean {
  if (type.kind === "array") return isAbstract(type.element);
  if (type.kind === "struct") return type.concrete !== undefined;
  const element = elementScalar(type);
  return element === abstractInt || element === abstractFloat;
}

/** The same shape over another scalar. */
export function withElement(type: Type, element: ScalarType): Type {
  if (type.kind === "vector") return vectorOf(type.size, element);
  if (type.kind === "matrix") return matrixOf(type.columns, type.rows, element);
  return element;
}

/** The type an abstract value takes where nothing asks for another: i32, f32 and what is made of them. */
export function concretize(type: Type): Type {
  if (type.kind === "array") {
    const element = concretize(type.element);
    return element === type.element ? type : arrayOf(element, type.count);
  }
  if (type.kind === "struct") return type.concrete ?? type;
  const element = elementScalar(type);
  if (element === abstractInt) return withElement(type, i32);
  if (element === abstractFloat) return withElement(type, f32);
  return type;
}

/** Whether a value of `from` becomes one of `to` by itself: WGSL section 6.1.2, automatic conversion. */
export function convertible(from: Type, to: Type): boolean {
  if (sameType(from, to)) return true;
  if (!isAbstract(from)) return false;
  if (from.kind === "array") {
    return to.kind === "array" && from.count === to.count && convertible(from.element, to.element);
  }
  if (from.kind === "struct") return from.concrete === to;
  const source = elementScalar(from);
  const target = elementScalar(to);
  if (source === undefined || target === undefined || !sameType(withElement(from, target), to)) return false;
  if (source === abstractInt) return isNumeric(target);
  return isFloat(target);
}

/** Plain types whose values can be built, stored in variables and passed around. */
export function isConstructible(type: Type): boolean {
  switch (type.kind) {
    case "scalar":
    case "vector":
    case "matrix":
      return true;
    case "array":
      return typeof type.count === "number" && isConstructible(type.element);
    case "struct":
      return type.members.every((member) => isConstructible(member.type));
    default:
      return false;
  }
}

export function isHostShareable(type: Type): boolean {
  switch (type.kind) {
    case "scalar":
      return type !== bool;
    case "vector":
    case "matrix":
      return type.element !== bool;
    case "atomic":
      return true;
    case "array":
      return isHostShareable(type.element);
    case "struct":
      return type.members.every((member) => isHostShareable(member.type));
    default:
      return false;
  }
}

/** Every type that may live in memory: plain types, atomics, arrays of any size. */
export function isStorable(type: Type): boolean {
  return type.kind !== "void" && type.kind !== "reference" && type.kind !== "pointer";
}

export function containsAtomic(type: Type): boolean {
  if (type.kind === "atomic") return true;
  if (type.kind === "array") return containsAtomic(type.element);
  return type.kind === "struct" && type.members.some((member) => containsAtomic(member.type));
}

export function hasRuntimeArray(type: Type): boolean {
  if (type.kind === "array") return type.count === undefined;
  const last = type.kind === "struct" ? type.members.at(-1) : undefined;
  return last !== undefined && hasRuntimeArray(last.type);
}

/** Whether `scalar` is anywhere in a type, behind pointers, too. */
export function containsScalar(type: Type, scalar: ScalarType): boolean {
  switch (type.kind) {
    case "array":
    case "atomic":
      return containsScalar(type.element, scalar);
    case "struct":
      return type.members.some((member) => containsScalar(member.type, scalar));
    case "pointer":
    case "reference":
      return containsScalar(type.store, scalar);
    default:
      return elementScalar(type) === scalar;
  }
}

/** Sized at compile time: no runtime array and no count that waits for an override. */
export function hasFixedFootprint(type: Type): boolean {
  if (type.kind === "array") return typeof type.count === "number" && hasFixedFootprint(type.element);
  return type.kind !== "struct" || type.members.every((member) => hasFixedFootprint(member.type));
}
