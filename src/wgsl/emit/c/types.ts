import { AikoError } from "../../../errors.ts";
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

export interface Field {
  readonly member: StructMember;
  readonly index: number;
}

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
  readonly memberName: (name: string) => string;

  constructor(
    dialect: Dialect,
    structName: (type: StructType) => string,
    memberName: (name: string) => string,
  ) {
    this.dialect = dialect;
    this.#structName = structName;
    this.memberName = memberName;
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
    const fields = this.fields(type).map((field) => {
      if (typeof field === "number") return field;
      const { type: stored, name: own } = field.member;
      return stored.kind === "array" && stored.count === undefined
        ? `${this.element(stored.element)} ${this.memberName(own)}[1]`
        : `${this.memory(stored)} ${this.memberName(own)}`;
    });
    let pads = 0;
    const lines = fields.map(
      (field) => `  ${typeof field === "number" ? `uchar pad${pads++}[${field}]` : field};`,
    );
    return ["typedef struct {", ...lines, `} ${name};`];
  }

  /** The members in order, and between them the bytes of padding that C would not put there by itself. */
  fields(type: StructType): (number | Field)[] {
    const layouts = memberLayouts(type);
    const fields: (number | Field)[] = [];
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
