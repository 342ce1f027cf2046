import type * as ast from "../ast.ts";
import type { Span } from "../diagnostics.ts";
import { layoutOf } from "../layout.ts";
import { hasFixedFootprint, type StructMember, type Type, typeName } from "../types.ts";
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
  if (value < 1 || (value & (value - 1)) !== 0)
    throw scope.error(span, `@align must be a power of two, found ${value}`);
  const natural = layoutOf(type).align;
  if (value % natural !== 0)
    throw scope.error(span, `@align(${value}) is less than the alignment of ${typeName(type)}, ${natural}`);
  return value;
}

function checkSize(scope: Scope, value: number, type: Type, span: Span): number {
  if (!hasFixedFootprint(type)) throw scope.error(span, `@size does not apply to ${typeName(type)}`);
  const natural = layoutOf(type).size;
  if (value < natural)
    throw scope.error(span, `@size(${value}) is less than the size of ${typeName(type)}, ${natural} bytes`);
  return value;
}
