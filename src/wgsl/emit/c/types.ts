import { AikoError } from "../../../errors.ts";
import type { Data } from "../../evaluate/value.ts";
import { halfBits, list } from "../../evaluate/value.ts";
import { countOf, layoutOf, memberLayouts, strideOf } from "../../layout.ts";
import {
  type ArrayType,
  abstractFloat,
  abstractInt,
  bool,
  elementScalar,
  f16,
  f64,
  hasRuntimeArray,
  i32,
  i64,
  isHostShareable,
  isWideInteger,
  type MatrixType,
  type PointerType,
  type ScalarName,
  type ScalarType,
  type StructMember,
  type StructType,
  type Type,
  typeKey,
  typeName,
  u32,
  u64,
  type VectorType,
  withElement,
} from "../../types.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Two C types stand for each WGSL type: one for values in flight, one for memory. They differ for three-component vectors
 * (OpenCL C aligns and pads them to four), f16, and matrices whose values are single wide vectors.
 */
export class CTypes {
  readonly dialect: Dialect;
  readonly declarations: string[] = [];
  /** Set once f64 has been named. */
  usesDouble = false;
  readonly #names = new Map<string, string>();
  readonly #structName: (type: StructType) => string;
  readonly #memberName: (name: string) => string;

  constructor(
    dialect: Dialect,
    structName: (type: StructType) => string,
    memberName: (name: string) => string,
  ) {
    this.dialect = dialect;
    this.#structName = structName;
    this.#memberName = memberName;
  }

  value(type: Type): string {
    switch (type.kind) {
      case "scalar":
        return this.scalar(type);
      case "vector":
        return this.vector(type.element, type.size);
      case "matrix":
        return this.isWide(type) ? this.vector(type.element, type.columns * type.rows) : this.memory(type);
      case "atomic":
        return this.scalar(type.element);
      case "pointer":
        return this.pointer(type);
      case "void":
        return "void";
      default:
        return this.memory(type);
    }
  }

  scalar(type: ScalarType): string {
    if (type === abstractInt || type === abstractFloat)
      throw new AikoError("INTERNAL", { message: `${typeName(type)} reached the emitter` });
    if (type === f64) this.usesDouble = true;
    return this.dialect.scalars[type.name as Exclude<ScalarName, "abstractInt" | "abstractFloat">];
  }

  /** The lane of a vector: comparisons give vectors of int, and there are no vectors of bool. */
  lane(type: ScalarType): string {
    return this.scalar(type === bool ? i32 : type);
  }

  /** A lane in memory, where f16 keeps its bits. */
  memoryLane(type: ScalarType): string {
    return type === f16 ? "ushort" : this.lane(type);
  }

  vector(element: ScalarType, size: number): string {
    return this.dialect.vector(this.lane(element), size);
  }

  /** The unsigned twin of a value type. */
  unsigned(type: Type): string {
    const element = elementScalar(type);
    return this.value(withElement(type, element !== undefined && isWideInteger(element) ? u64 : u32));
  }

  /** Matrices whose values are one vector: 4, 8 or 16 lanes and columns without padding, where the language has such. */
  isWide(type: MatrixType): boolean {
    return this.dialect.wideMatrices && type.rows !== 3 && [4, 8, 16].includes(type.columns * type.rows);
  }

  /** Whether a value of this type is floats that stand for f16. */
  isHalf(type: Type): boolean {
    return elementScalar(type) === f16 && (type.kind !== "matrix" || this.isWide(type));
  }

  pointer(type: Pick<PointerType, "space" | "store" | "access">): string {
    const qualifier = type.access === "read" ? "const " : "";
    return `${this.dialect.space(type.space)}${qualifier}${this.pointee(type.store)}*`;
  }

  /** Three-component vectors are pointed to by their first component, runtime-sized arrays by their first element. */
  pointee(store: Type): string {
    if (store.kind === "vector" && store.size === 3) return this.memoryLane(store.element);
    if (store.kind === "array" && store.count === undefined) return this.element(store.element);
    return this.memory(store);
  }

  memory(type: Type): string {
    switch (type.kind) {
      case "scalar":
        return type === f16 ? this.memoryLane(type) : this.value(type);
      case "vector":
        return type.size === 3
          ? this.#declareLanes("vec3", type, 3)
          : this.dialect.vector(this.memoryLane(type.element), type.size);
      case "matrix":
        return this.#declare(
          type,
          `mat${type.columns}x${type.rows}_${this.memoryLane(type.element)}`,
          (name) => [
            `typedef struct { ${this.element({ kind: "vector", size: type.rows, element: type.element })} c[${type.columns}]; } ${name};`,
          ],
        );
      case "array":
        return this.#declareArray(type);
      case "struct":
        return this.#declare(type, this.#structName(type), (name) => this.#structText(type, name));
      default:
        return this.value(type);
    }
  }

  /** The memory type of an array element or matrix column: a three-component vector takes the room of four. */
  element(type: Type): string {
    return type.kind === "vector" && type.size === 3
      ? this.#declareLanes("vec3padded", type, 4)
      : this.memory(type);
  }

  #declare(type: Type, name: string, text: (name: string) => string[]): string {
    const key = type.kind === "struct" ? typeKey(type) : name;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    this.#names.set(key, name);
    this.declarations.push(...text(name));
    return name;
  }

  #declareLanes(prefix: string, type: VectorType, lanes: number): string {
    const name = `${prefix}_${this.memoryLane(type.element)}`;
    if (!this.#names.has(name)) {
      this.#names.set(name, name);
      this.declarations.push(`typedef struct { ${this.memoryLane(type.element)} e[${lanes}]; } ${name};`);
    }
    return name;
  }

  #declareArray(type: ArrayType): string {
    if (type.count === undefined)
      throw new AikoError("INTERNAL", { message: `${typeName(type)} has no size to declare` });
    const count = countOf(type.count);
    const element = this.element(type.element);
    return this.#declare(type, `array_${count}_${element}`, (name) => [
      `typedef struct { ${element} e[${count}]; } ${name};`,
    ]);
  }

  #structText(type: StructType, name: string): string[] {
    const fields = this.#fields(type).map((field) => {
      if (typeof field === "number") return field;
      const { type: stored, name: own } = field.member;
      return stored.kind === "array" && stored.count === undefined
        ? `${this.element(stored.element)} ${this.#memberName(own)}[1]`
        : `${this.memory(stored)} ${this.#memberName(own)}`;
    });
    let pads = 0;
    const lines = fields.map(
      (field) => `  ${typeof field === "number" ? `uchar pad${pads++}[${field}]` : field};`,
    );
    return ["typedef struct {", ...lines, `} ${name};`];
  }

  /** The members in order, and between them the bytes of padding that C would not put there by itself. */
  #fields(type: StructType): (number | { member: StructMember; index: number })[] {
    const layouts = memberLayouts(type);
    const fields: (number | { member: StructMember; index: number })[] = [];
    const shared = isHostShareable(type);
    let end = 0;
    const pad = (until: number) => {
      if (shared && until > end) fields.push(until - end);
    };
    type.members.forEach((member, index) => {
      const offset = layouts[index]?.offset ?? 0;
      pad(offset);
      fields.push({ member, index });
      const runtime = member.type.kind === "array" && member.type.count === undefined;
      end = offset + (runtime ? strideOf((member.type as ArrayType).element) : layoutOf(member.type).size);
    });
    if (!hasRuntimeArray(type)) pad(layoutOf(type).size);
    return fields;
  }

  /** An initialiser for memory of `type`, in braces where C wants them. */
  initializer(type: Type, data: Data): string {
    switch (type.kind) {
      case "vector": {
        const lanes = list(data).map((item) => this.#memoryLiteral(item, type.element));
        return type.size === 3
          ? `{ { ${lanes.join(", ")} } }`
          : this.dialect.construct(this.memory(type), lanes);
      }
      case "matrix":
        return `{ { ${list(data)
          .map((column) =>
            this.initializer({ kind: "vector", size: type.rows, element: type.element }, column),
          )
          .join(", ")} } }`;
      case "array":
        return `{ { ${list(data)
          .map((item) => this.initializer(type.element, item))
          .join(", ")} } }`;
      case "struct": {
        const value = ({ member, index }: { member: StructMember; index: number }) =>
          this.initializer(member.type, list(data)[index] ?? 0);
        const parts = this.dialect.namesMembers
          ? type.members.map(
              (member, index) => `.${this.#memberName(member.name)} = ${value({ member, index })}`,
            )
          : this.#fields(type).map((field) => (typeof field === "number" ? "{}" : value(field)));
        return `{ ${parts.join(", ")} }`;
      }
      case "scalar":
        return type === f16 ? this.#memoryLiteral(data, type) : this.literal(type, data);
      default:
        return this.literal(type, data);
    }
  }

  /** Zeroes for memory of `type`; C fills the rest of an aggregate by itself. */
  zero(type: Type): string {
    if (type.kind === "scalar" || type.kind === "atomic") return "0";
    if (!this.dialect.namesMembers) return "{}";
    switch (type.kind) {
      case "vector":
        return type.size === 3 ? "{ { 0 } }" : this.dialect.construct(this.memory(type), ["0"]);
      case "matrix":
        return `{ { ${this.zero({ kind: "vector", size: type.rows, element: type.element })} } }`;
      case "array":
        return `{ { ${this.zero(type.element)} } }`;
      case "struct": {
        const [first] = type.members;
        return first === undefined
          ? "{ 0 }"
          : `{ .${this.#memberName(first.name)} = ${this.zero(first.type)} }`;
      }
      default:
        return "0";
    }
  }

  /** A scalar, vector or wide matrix as a C expression. */
  literal(type: Type, data: Data): string {
    if (type.kind === "scalar") return this.#scalarLiteral(data, type);
    if (type.kind === "vector")
      return this.dialect.construct(
        this.value(type),
        list(data).map((item) => this.#laneLiteral(item, type.element)),
      );
    if (type.kind === "matrix" && this.isWide(type)) {
      return this.dialect.construct(
        this.value(type),
        list(data).flatMap((column) => list(column).map((item) => this.#laneLiteral(item, type.element))),
      );
    }
    throw new AikoError("INTERNAL", { message: `${typeName(type)} has no literal` });
  }

  #scalarLiteral(data: Data, type: ScalarType): string {
    if (type === bool) return data ? "true" : "false";
    if (isWideInteger(type))
      return wideLiteral(BigInt(data as bigint), this.dialect.suffixes[type === i64 ? "i64" : "u64"]);
    const value = Number(data);
    if (type === u32) return `${value}u`;
    if (type === i32)
      return value === -2147483648 ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : String(value);
    if (type === f64) this.usesDouble = true;
    const suffix = type === f64 ? "" : "f";
    const digits = Object.is(value, -0) ? "-0.0" : /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
    return digits.startsWith("-") ? `(${digits}${suffix})` : `${digits}${suffix}`;
  }

  #laneLiteral(data: Data, type: ScalarType): string {
    if (type === bool) return data ? "-1" : "0";
    return this.#scalarLiteral(data, type);
  }

  #memoryLiteral(data: Data, type: ScalarType): string {
    return type === f16 ? String(halfBits(Number(data))) : this.#laneLiteral(data, type);
  }
}

/** C reads the lowest integer as the negative of one that does not fit. */
function wideLiteral(value: bigint, suffix: string): string {
  if (value === -(2n ** 63n)) return `(-9223372036854775807${suffix} - 1${suffix})`;
  return value < 0n ? `(${value}${suffix})` : `${value}${suffix}`;
}

/** Whether copying the C struct would also copy bytes that WGSL says are not part of the value. */
export function hasPadding(type: Type): boolean {
  switch (type.kind) {
    case "matrix":
      return type.rows === 3;
    case "array":
      return (type.element.kind === "vector" && type.element.size === 3) || hasPadding(type.element);
    case "struct": {
      const used = type.members.reduce((sum, member) => sum + layoutOf(member.type).size, 0);
      return used !== layoutOf(type).size || type.members.some((member) => hasPadding(member.type));
    }
    default:
      return false;
  }
}
