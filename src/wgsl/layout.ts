import { alignUp } from "../core/bytes.ts";
import { bitsOf, type StructType, type Type } from "./types.ts";

export interface Layout {
  readonly align: number;
  readonly size: number;
}

export interface MemberLayout {
  readonly offset: number;
  readonly size: number;
}

/** Alignment and size in bytes, WGSL section 14.4.1; 64-bit scalars are aligned to 8. A runtime-sized array counts as empty. */
export function layoutOf(type: Type): Layout {
  switch (type.kind) {
    case "scalar": {
      const bytes = bitsOf(type) / 8;
      return { align: bytes, size: bytes };
    }
    case "atomic":
      return { align: 4, size: 4 };
    case "vector": {
      const bytes = layoutOf(type.element).size;
      return { align: (type.size === 3 ? 4 : type.size) * bytes, size: type.size * bytes };
    }
    case "matrix": {
      const { align } = layoutOf({ kind: "vector", size: type.rows, element: type.element });
      return { align, size: align * type.columns };
    }
    case "array": {
      const count = type.count === undefined ? 0 : countOf(type.count);
      return { align: layoutOf(type.element).align, size: strideOf(type.element) * count };
    }
    case "struct": {
      const { align, offset } = walkMembers(type);
      return { align, size: alignUp(offset, align) };
    }
    default:
      return { align: 4, size: 0 };
  }
}

export function countOf(count: number | { evaluate: () => number }): number {
  return typeof count === "number" ? count : count.evaluate();
}

/** Bytes from one array element to the next. */
export function strideOf(element: Type): number {
  const { align, size } = layoutOf(element);
  return alignUp(size, align);
}

export function memberLayouts(type: StructType): MemberLayout[] {
  return walkMembers(type).members;
}

function walkMembers(type: StructType): { align: number; offset: number; members: MemberLayout[] } {
  const members: MemberLayout[] = [];
  let offset = 0;
  let align = 1;
  for (const member of type.members) {
    const natural = layoutOf(member.type);
    const memberAlign = member.align ?? natural.align;
    const size = member.size ?? natural.size;
    offset = alignUp(offset, memberAlign);
    members.push({ offset, size });
    offset += size;
    align = Math.max(align, memberAlign);
  }
  return { align, offset, members };
}

/** The smallest region that may be bound for `type`: a trailing runtime-sized array holds at least one element. */
export function minimumBindingSize(type: Type): number {
  if (type.kind === "array" && type.count === undefined) return strideOf(type.element);
  const last = type.kind === "struct" ? type.members.at(-1) : undefined;
  if (type.kind !== "struct" || last?.type.kind !== "array" || last.type.count !== undefined)
    return layoutOf(type).size;
  const offset = memberLayouts(type).at(-1)?.offset ?? 0;
  return alignUp(offset + strideOf(last.type.element), layoutOf(type).align);
}

/** The trailing runtime-sized array of a buffer: where it starts and its stride, if there is one. */
export function runtimeArray(type: Type): { offset: number; stride: number } | undefined {
  if (type.kind === "array")
    return type.count === undefined ? { offset: 0, stride: strideOf(type.element) } : undefined;
  if (type.kind !== "struct") return undefined;
  const last = type.members.at(-1);
  if (last?.type.kind !== "array" || last.type.count !== undefined) return undefined;
  return { offset: memberLayouts(type).at(-1)?.offset ?? 0, stride: strideOf(last.type.element) };
}
