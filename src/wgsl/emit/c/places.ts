import { AikoError } from "../../../errors.ts";
import type { Expression } from "../../ir.ts";
import { countOf } from "../../layout.ts";
import { type AddressSpace, bool, type StructType, type Type, u32, vectorOf } from "../../types.ts";
import { decode, encode } from "./half.ts";
import { mangle } from "./names.ts";
import type { CTypes } from "./types.ts";
import { isImpure, type Writer } from "./writer.ts";

/**
 * Memory as C names it. `text` is an lvalue of the memory type; for a three-component vector it is a pointer to its first
 * component, for a runtime-sized array a pointer to its first element.
 */
export interface Place {
  readonly text: string;
  readonly type: Type;
  readonly space: AddressSpace | "constant";
  readonly readOnly: boolean;
  /** A single lane of a bool vector, stored as -1 or 0. */
  readonly boolLane?: boolean;
  /** What `&` applies to where the text itself has no address. */
  readonly address?: string;
  /** A variable of a function, declared with the value type although its memory type is another. */
  readonly asValue?: boolean;
  /** A single lane by a constant index: as good as a variable. */
  readonly plain?: boolean;
}

/** The memory a reference names. */
export function place(writer: Writer, expression: Expression): Place {
  switch (expression.kind) {
    case "variable": {
      const { variable } = expression;
      const name = writer.name(variable);
      const base = { type: variable.type, space: variable.space, readOnly: variable.access === "read" };
      if (variable.space === "function") {
        const asValue = keepsValue(writer.types, variable.type);
        return { ...base, text: isPointerText(variable.type) && !asValue ? `${name}.e` : name, asValue };
      }
      return { ...base, text: isPointerText(variable.type) ? name : `(*${name})` };
    }
    case "dereference": {
      const pointer = expression.operand.type;
      if (pointer.kind !== "pointer") break;
      const text = writer.value(expression.operand);
      const base = { type: pointer.store, space: pointer.space, readOnly: pointer.access === "read" };
      return { ...base, text: isPointerText(pointer.store) ? text : `(*${text})` };
    }
    case "member":
      return memberPlace(place(writer, expression.base), expression.struct, expression.member);
    case "index": {
      const base = place(writer, expression.base);
      const settled = isImpure(expression.index) ? settle(writer, base) : base;
      return elementPlace(writer, settled, expression.index, expression.base);
    }
    default:
  }
  throw new AikoError("INTERNAL", { message: `a ${expression.kind} names no memory` });
}

/** Whether a function's own variable is declared with the value type: what C keeps in registers. */
export function keepsValue(types: CTypes, type: Type): boolean {
  if (types.isHalf(type)) return false;
  return (type.kind === "vector" && type.size === 3) || (type.kind === "matrix" && types.isWide(type));
}

/** Three-component vectors and runtime-sized arrays are written as pointers. */
function isPointerText(type: Type): boolean {
  return (type.kind === "vector" && type.size === 3) || (type.kind === "array" && type.count === undefined);
}

/** Evaluates the address now, before something with side effects runs. */
export function settle(writer: Writer, target: Place): Place {
  if (/^\(?\*?\w+\)?$/.test(target.text)) return target;
  const name = writer.names.temporary();
  const pointee = target.boolLane ? "int" : writer.types.pointee(target.type);
  writer.declare(`${spaceOf(writer, target)}${pointee}*`, name, pointerText(writer, target));
  const { address: _, ...rest } = target;
  return { ...rest, asValue: false, text: isPointerText(target.type) ? name : `(*${name})` };
}

export function pointerText(writer: Writer, target: Place): string {
  if (target.address !== undefined) return `&${target.address}`;
  if (target.asValue) return `((${writer.types.pointee(target.type)}*)&${target.text})`;
  if (isPointerText(target.type)) return target.text;
  return /^\(\*\w+\)$/.test(target.text) ? target.text.slice(2, -1) : `&${target.text}`;
}

function part(base: Place, text: string, type: Type): Place {
  const vec3 = type.kind === "vector" && type.size === 3;
  return { text: vec3 ? `${text}.e` : text, type, space: base.space, readOnly: base.readOnly };
}

export function memberPlace(base: Place, struct: StructType, member: number): Place {
  const found = struct.members[member];
  if (found === undefined)
    throw new AikoError("INTERNAL", { message: `${struct.name} has no member ${member}` });
  return part(base, `${base.text}.${mangle(found.name)}`, found.type);
}

/** One element of an array, column of a matrix, or lane of a vector. `root` leads to the length of a runtime-sized array. */
export function elementPlace(
  writer: Writer,
  base: Place,
  at: Expression,
  root: Expression | undefined,
): Place {
  const raw = writer.value(at);
  const simple = /^[\w.]+$/.test(raw) || base.space !== "function" ? raw : writer.spill(at.type, raw);
  const { type } = base;
  const limit = elementCount(type) ?? (root === undefined ? "1u" : writer.count(root));
  const index = clampIndex(writer, at, simple, limit);
  switch (type.kind) {
    case "array":
      return part(
        base,
        type.count === undefined ? `${base.text}[${index}]` : `${base.text}.e[${index}]`,
        type.element,
      );
    case "matrix":
      if (base.asValue)
        return part(
          base,
          `((${writer.types.value(vectorOf(type.rows, type.element))}*)&${base.text})[${index}]`,
          vectorOf(type.rows, type.element),
        );
      return part(base, `${base.text}.c[${index}]`, vectorOf(type.rows, type.element));
    case "vector":
      return { ...lane(writer, base, index, at.kind === "constant"), boolLane: type.element === bool };
    default:
      throw new AikoError("INTERNAL", { message: `${type.kind} has no elements` });
  }
}

/** Lanes in shared memory are reached by address: C may write a whole vector to change one of its lanes. */
function lane(writer: Writer, base: Place, index: string, constant: boolean): Place {
  const { type } = base;
  if (type.kind !== "vector") throw new AikoError("INTERNAL", { message: `${type.kind} has no lanes` });
  const own = base.space === "function" || base.space === "private" || base.space === "constant";
  const rest = { type: type.element, space: base.space, readOnly: base.readOnly };
  if (type.size === 3 && !base.asValue) return { ...rest, text: `${base.text}[${index}]` };
  const address = `((${spaceOf(writer, base)}${writer.types.memoryLane(type.element)}*)&${base.text})[${index}]`;
  if (own && constant && /^[\w.()*]+$/.test(base.text))
    return { ...rest, text: writer.dialect.lane(base.text, index), address, plain: true };
  return { ...rest, text: address };
}

/** The value in memory. */
export function load(writer: Writer, source: Place): string {
  const { types } = writer;
  const { type, text } = source;
  if (source.boolLane) return `(${text} != 0)`;
  if (source.asValue) return text;
  if (type.kind === "vector" && type.size === 3) return decode(types, type, `vload3(0, ${text})`);
  if (type.kind === "matrix" && types.isWide(type)) {
    const lanes = type.columns * type.rows;
    return decode(
      types,
      type,
      `vload${lanes}(0, (${spaceOf(writer, source)}${writer.types.memoryLane(type.element)}*)&${text})`,
    );
  }
  return decode(types, type, text);
}

/** The C expression that stores a value in memory. */
export function storeText(writer: Writer, target: Place, text: string): string {
  const { types } = writer;
  const { type } = target;
  if (target.asValue) return `${target.text} = ${text}`;
  const bits = encode(types, type, text);
  if (type.kind === "vector" && type.size === 3) return `vstore3(${bits}, 0, ${target.text})`;
  if (type.kind === "matrix" && types.isWide(type)) {
    const lanes = type.columns * type.rows;
    return `vstore${lanes}(${bits}, 0, (${spaceOf(writer, target)}${writer.types.memoryLane(type.element)}*)&${target.text})`;
  }
  return `${target.text} = ${bits}`;
}

function spaceOf({ dialect }: Writer, { space, readOnly }: Place): string {
  return `${readOnly && (space === "storage" || space === "uniform") ? "const " : ""}${dialect.space(space)}`;
}

/** An index as `uint`, kept inside `count` elements unless the kernel is compiled unchecked. */
export function clampIndex(writer: Writer, at: Expression, text: string, count: number | string): string {
  if (at.kind === "constant" && typeof count === "number") return String(Number(at.data));
  const unsigned =
    at.type === u32 ? text : at.kind === "constant" ? `${Number(at.data)}u` : `(uint)(${text})`;
  if (writer.unit.options.unchecked) return unsigned;
  const last = typeof count === "number" ? `${count - 1}u` : `${count} - 1u`;
  return `min(${unsigned}, ${last})`;
}

export function elementAt(writer: Writer, whole: Place, at: number): Place {
  return elementPlace(
    writer,
    whole,
    { kind: "constant", type: u32, span: { start: 0, end: 0 }, data: at },
    undefined,
  );
}

function elementCount(type: Type): number | undefined {
  if (type.kind === "vector") return type.size;
  if (type.kind === "matrix") return type.columns;
  return type.kind === "array" && type.count !== undefined ? countOf(type.count) : undefined;
}
