import { AikoError } from "../../../errors.ts";
import type { Data } from "../../evaluate/value.ts";
import { halfBits, list } from "../../evaluate/value.ts";
import { countOf, layoutOf, memberLayouts, strideOf } from "../../layout.ts";
import {
  type AddressSpace,
  type ArrayType,
  bool,
  f16,
  f32,
  i32,
  isHostShareable,
  type MatrixType,
  type PointerType,
  type ScalarType,
  type StructType,
  type Type,
  typeKey,
  typeName,
  u32,
  type VectorType,
} from "../../types.ts";

/**
 * Two C types stand for each WGSL type: one for values in flight, one for memory. They differ for three-component vectors
 * (C aligns and pads them to four) and for matrices, whose values are single wide vectors where C has one.
 */
export class CTypes {
  readonly declarations: string[] = [];
  readonly #names = new Map<string, string>();
  readonly #structName: (type: StructType) => string;
  readonly #memberName: (name: string) => string;

  constructor(structName: (type: StructType) => string, memberName: (name: string) => string) {
    this.#structName = structName;
    this.#memberName = memberName;
  }

  value(type: Type): string {
    switch (type.kind) {
      case "scalar":
        return scalarName(type);
      case "vector":
        return vectorName(type.element, type.size);
      case "matrix":
        return isWide(type) ? vectorName(type.element, type.columns * type.rows) : this.memory(type);
      case "atomic":
        return scalarName(type.element);
      case "pointer":
        return this.pointer(type);
      case "void":
        return "void";
      default:
        return this.memory(type);
    }
  }

  pointer(type: Pick<PointerType, "space" | "store" | "access">): string {
    const qualifier = type.access === "read" ? "const " : "";
    return `${spaceName(type.space)}${qualifier}${this.pointee(type.store)}*`;
  }

  /** Three-component vectors are pointed to by their first component, runtime-sized arrays by their first element. */
  pointee(store: Type): string {
    if (store.kind === "vector" && store.size === 3) return memoryLane(store.element);
    if (store.kind === "array" && store.count === undefined) return this.element(store.element);
    return this.memory(store);
  }

  memory(type: Type): string {
    switch (type.kind) {
      case "scalar":
        return type === f16 ? memoryLane(type) : this.value(type);
      case "vector":
        return type.size === 3
          ? this.#declareLanes("vec3", type, 3)
          : `${memoryLane(type.element)}${type.size}`;
      case "matrix":
        return this.#declare(type, `mat${type.columns}x${type.rows}_${memoryLane(type.element)}`, (name) => [
          `typedef struct { ${this.element({ kind: "vector", size: type.rows, element: type.element })} c[${type.columns}]; } ${name};`,
        ]);
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
    const name = `${prefix}_${memoryLane(type.element)}`;
    if (!this.#names.has(name)) {
      this.#names.set(name, name);
      this.declarations.push(`typedef struct { ${memoryLane(type.element)} e[${lanes}]; } ${name};`);
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
    const layouts = memberLayouts(type);
    const shared = isHostShareable(type);
    const lines: string[] = [];
    let end = 0;
    let pads = 0;
    const pad = (until: number) => {
      if (shared && until > end) lines.push(`  uchar pad${pads++}[${until - end}];`);
    };
    type.members.forEach((member, index) => {
      const offset = layouts[index]?.offset ?? 0;
      pad(offset);
      const runtime = member.type.kind === "array" && member.type.count === undefined;
      const declared = runtime ? this.element((member.type as ArrayType).element) : this.memory(member.type);
      lines.push(`  ${declared} ${this.#memberName(member.name)}${runtime ? "[1]" : ""};`);
      end = offset + (runtime ? strideOf((member.type as ArrayType).element) : layoutOf(member.type).size);
    });
    if (!type.members.some((member) => member.type.kind === "array" && member.type.count === undefined))
      pad(layoutOf(type).size);
    return ["typedef struct {", ...lines, `} ${name};`];
  }

  /** An initialiser for memory of `type`, in braces where C wants them. */
  initializer(type: Type, data: Data): string {
    switch (type.kind) {
      case "vector":
        return type.size === 3
          ? `{ { ${list(data)
              .map((item) => memoryLiteral(item, type.element))
              .join(", ")} } }`
          : `(${this.memory(type)})(${list(data)
              .map((item) => memoryLiteral(item, type.element))
              .join(", ")})`;
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
      case "struct":
        return `{ ${type.members.map((member, index) => `.${this.#memberName(member.name)} = ${this.initializer(member.type, list(data)[index] ?? 0)}`).join(", ")} }`;
      case "scalar":
        return type === f16 ? memoryLiteral(data, type) : this.literal(type, data);
      default:
        return this.literal(type, data);
    }
  }

  /** Zeroes for memory of `type`; C fills the rest of an aggregate by itself. */
  zero(type: Type): string {
    switch (type.kind) {
      case "vector":
        return type.size === 3 ? "{ { 0 } }" : `(${this.memory(type)})(0)`;
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
    if (type.kind === "scalar") return scalarLiteral(data, type);
    if (type.kind === "vector")
      return `(${this.value(type)})(${list(data)
        .map((item) => laneLiteral(item, type.element))
        .join(", ")})`;
    if (type.kind === "matrix" && isWide(type)) {
      return `(${this.value(type)})(${list(data)
        .flatMap((column) => list(column).map((item) => laneLiteral(item, type.element)))
        .join(", ")})`;
    }
    throw new AikoError("INTERNAL", { message: `${typeName(type)} has no literal` });
  }
}

/** Matrices whose values are one OpenCL vector: 4, 8 or 16 lanes and columns without padding. */
export function isWide(type: MatrixType): boolean {
  return type.rows !== 3 && [4, 8, 16].includes(type.columns * type.rows);
}

export function scalarName(type: ScalarType): string {
  switch (type) {
    case bool:
      return "bool";
    case i32:
      return "int";
    case u32:
      return "uint";
    case f32:
      return "float";
    case f16:
      return "float";
    default:
      throw new AikoError("INTERNAL", { message: `${typeName(type)} reached the emitter` });
  }
}

/** The lane of a vector: OpenCL has no vectors of bool, comparisons give vectors of int. */
export function laneName(type: ScalarType): string {
  return type === bool ? "int" : scalarName(type);
}

/** A lane in memory, where f16 keeps its bits. */
export function memoryLane(type: ScalarType): string {
  return type === f16 ? "ushort" : laneName(type);
}

export function vectorName(element: ScalarType, size: number): string {
  return `${laneName(element)}${size}`;
}

export function spaceName(space: AddressSpace): string {
  if (space === "storage" || space === "uniform") return "__global ";
  return space === "workgroup" ? "__local " : "";
}

function laneLiteral(data: Data, type: ScalarType): string {
  if (type === bool) return data ? "-1" : "0";
  return scalarLiteral(data, type);
}

function memoryLiteral(data: Data, type: ScalarType): string {
  return type === f16 ? String(halfBits(Number(data))) : laneLiteral(data, type);
}

export function scalarLiteral(data: Data, type: ScalarType): string {
  if (type === bool) return data ? "true" : "false";
  const value = Number(data);
  if (type === u32) return `${value}u`;
  if (type === i32)
    return value === -2147483648 ? "(-2147483647 - 1)" : value < 0 ? `(${value})` : String(value);
  const digits = Object.is(value, -0) ? "-0.0" : /[.e]/.test(String(value)) ? String(value) : `${value}.0`;
  return digits.startsWith("-") ? `(${digits}f)` : `${digits}f`;
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
