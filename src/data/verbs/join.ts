import type { Field, Schema } from "../../core/column-type.ts";
import { sameType, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import type { ResolvedExpression } from "../../expression/column/index.ts";
import { asType } from "../../expression/column/operand.ts";
import { commonType } from "../../expression/column/types.ts";
import type { JoinKind, PlanNode } from "../plan/node.ts";
import { columnAt, columnNamed, expressionIn, type NamedExpression } from "./computed.ts";
import { projected } from "./project.ts";

/** Names that both sides have, or { left, right } by position: what has to be equal. */
export type JoinOn = string | readonly string[] | { readonly left: unknown; readonly right: unknown };

export interface JoinParts {
  readonly how: JoinKind;
  readonly nullsEqual: boolean;
  /** After the names of right columns that the left has too. */
  readonly suffix: string;
}

interface Keys {
  readonly left: readonly ResolvedExpression[];
  readonly right: readonly ResolvedExpression[];
  /** Names that both sides share: given once. */
  readonly shared: ReadonlySet<string>;
}

const kinds: readonly JoinKind[] = ["inner", "left", "right", "full", "semi", "anti", "cross"];

export function join(left: PlanNode, right: PlanNode, on: JoinOn | undefined, parts: JoinParts): PlanNode {
  const { how, nullsEqual } = parts;
  if (!kinds.includes(how)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `join: how is "${String(how)}"`,
      hint: `Use ${kinds.map((kind) => `"${kind}"`).join(", ")}.`,
    });
  }
  const keys = keysOf(left.schema, right.schema, on, how);
  const isOneSided = how === "semi" || how === "anti";
  const node: PlanNode = {
    kind: "join",
    schema: isOneSided ? left.schema : [...left.schema, ...right.schema],
    left,
    right,
    how,
    leftKeys: keys.left,
    rightKeys: keys.right,
    nullsEqual,
  };
  return isOneSided ? node : projected(node, outputs(left.schema, right.schema, keys, parts), "join");
}

function keysOf(left: Schema, right: Schema, on: JoinOn | undefined, how: JoinKind): Keys {
  if (how === "cross") {
    if (on === undefined) return { left: [], right: [], shared: new Set() };
    throw new AikoError("INVALID_ARGUMENT", { message: "A cross join compares nothing" });
  }
  const pairs = on === undefined ? [] : pairsOf(on);
  if (pairs.length === 0) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: "join: there is nothing to join on",
      hint: 'As in join(other, "id"), or how: "cross" for all pairs.',
    });
  }
  const keys = pairs.map(([a, b]) => matched(keyIn(left, a), keyIn(right, b)));
  const shared = typeof on === "string" ? [on] : on !== undefined && isNames(on) ? on : [];
  return { left: keys.map(([a]) => a), right: keys.map(([, b]) => b), shared: new Set(shared) };
}

function pairsOf(on: JoinOn): readonly (readonly [unknown, unknown])[] {
  if (typeof on === "string") return [[on, on]];
  if (isNames(on)) return on.map((name) => [name, name]);
  const lefts = Array.isArray(on.left) ? on.left : [on.left];
  const rights = Array.isArray(on.right) ? on.right : [on.right];
  if (lefts.length === rights.length) return lefts.map((one, at) => [one, rights[at]]);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `join: ${lefts.length} left keys and ${rights.length} right ones`,
  });
}

function isNames(on: JoinOn): on is readonly string[] {
  return Array.isArray(on);
}

function keyIn(schema: Schema, key: unknown): ResolvedExpression {
  return typeof key === "string" ? columnNamed(schema, key).expression : expressionIn(schema, key, "join");
}

function matched(
  a: ResolvedExpression,
  b: ResolvedExpression,
): readonly [ResolvedExpression, ResolvedExpression] {
  if (sameType(a.type, b.type) && a.type.kind !== "list") return [a, b];
  const type = a.type.kind === "list" ? undefined : commonType(a.type, b.type);
  if (type === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `join cannot compare ${typeText(a.type)} with ${typeText(b.type)}`,
      hint: 'Cast one: { left: row => row.id.cast(...), right: "id" }.',
    });
  }
  return [asType(a, type), asType(b, type)];
}

function outputs(left: Schema, right: Schema, keys: Keys, { how, suffix }: JoinParts): NamedExpression[] {
  const all = [...left, ...right];
  const at = (index: number) => columnAt(all, index);
  const rightAt = (name: string) => left.length + right.findIndex((field) => field.name === name);
  const ofLeft = left.map((field, index) => {
    if (!keys.shared.has(field.name) || how === "inner" || how === "left") return at(index);
    return keyOfBoth(field, at(index).expression, at(rightAt(field.name)).expression, how);
  });
  const names = new Set(left.map(({ name }) => name));
  const ofRight = right.flatMap((field, index) => {
    if (keys.shared.has(field.name)) return [];
    const name = names.has(field.name) ? `${field.name}${suffix}` : field.name;
    return [{ ...at(left.length + index), field: { ...field, name } }];
  });
  return [...ofLeft, ...ofRight];
}

/** Of a right or full join: a row that only the right has still has its key. */
function keyOfBoth(
  field: Field,
  a: ResolvedExpression,
  b: ResolvedExpression,
  how: JoinKind,
): NamedExpression {
  if (how === "right") return { field: { ...field, type: b.type }, expression: b };
  const type = commonType(a.type, b.type) ?? a.type;
  const expression: ResolvedExpression = {
    kind: "call",
    name: "coalesce",
    operands: [asType(a, type), asType(b, type)],
    type,
  };
  return { field: { ...field, type }, expression };
}
