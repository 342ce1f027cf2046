import { alignUp } from "../../core/bytes.ts";
import type * as ast from "../ast.ts";
import type { Span } from "../diagnostics.ts";
import { layoutOf, memberLayouts, strideOf } from "../layout.ts";
import { hasFixedFootprint, type StructMember, type StructType, type Type, typeName } from "../types.ts";
import { checkBuiltinValue } from "./entry-points.ts";
import type { Scope } from "./scope.ts";
import { checkStaticInteger } from "./statements.ts";

export function checkMemberAttributes(scope: Scope, member: ast.Parameter, type: Type): StructMember {
  let align: number | undefined;
  let size: number | undefined;
  let builtin: string | undefined;
  for (const attribute of member.attributes) {
    const [arg] = attribute.args;
    if (attribute.name === "builtin") builtin = checkBuiltinValue(scope, attribute, type);
    if (attribute.name !== "align" && attribute.name !== "size") continue;
    if (arg === undefined) throw scope.error(attribute.span, `@${attribute.name} needs a number`);
    const value = checkStaticInteger(scope, arg, `@${attribute.name}`);
    if (attribute.name === "align") align = checkAlign(scope, value, type, arg.span);
    else size = checkSize(scope, value, type, arg.span);
  }
  const attributes = builtin === undefined ? {} : { builtin };
  return { name: member.name, type, align, size, attributes };
}

function checkAlign(scope: Scope, value: number, type: Type, span: Span): number {
  if (value < 1 || (value & (value - 1)) !== 0) throw scope.error(span, `@align must be a power of two, found ${value}`);
  const natural = layoutOf(type).align;
  if (value % natural !== 0) throw scope.error(span, `@align(${value}) is less than the alignment of ${typeName(type)}, ${natural}`);
  return value;
}

function checkSize(scope: Scope, value: number, type: Type, span: Span): number {
  if (!hasFixedFootprint(type)) throw scope.error(span, `@size does not apply to ${typeName(type)}`);
  const natural = layoutOf(type).size;
  if (value < natural) throw scope.error(span, `@size(${value}) is less than the size of ${typeName(type)}, ${natural} bytes`);
  return value;
}

/** WGSL section 14.4.5: what uniform buffers ask of structures and arrays on top of the layout rules. */
export function checkLayout(scope: Scope, type: Type, space: string, span: Span): void {
  if (space !== "uniform") return;
  if (type.kind === "array") {
    const stride = strideOf(type.element);
    if (stride % 16 !== 0) {
      throw scope.error(span, `uniform arrays need elements 16 bytes apart; those of ${typeName(type)} are ${stride}`, "Use vec4 elements, or a storage buffer.");
    }
    checkLayout(scope, type.element, space, span);
  }
  if (type.kind === "struct") checkStruct(scope, type, span);
}

function checkStruct(scope: Scope, type: StructType, span: Span): void {
  const layouts = memberLayouts(type);
  type.members.forEach((member, index) => {
    const offset = layouts[index]?.offset ?? 0;
    const nested = member.type.kind === "struct" || member.type.kind === "array";
    if (nested && offset % 16 !== 0) {
      throw scope.error(span, `in a uniform, '${type.name}.${member.name}' must start at a multiple of 16 bytes; it starts at ${offset}`, "Add @align(16).");
    }
    const next = layouts[index + 1]?.offset;
    if (member.type.kind === "struct" && next !== undefined && next < offset + alignUp(layoutOf(member.type).size, 16)) {
      throw scope.error(span, `in a uniform, the member after '${type.name}.${member.name}' starts too early`, "Add @align(16) to it.");
    }
    checkLayout(scope, member.type, "uniform", span);
  });
}
