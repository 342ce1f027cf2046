import type { Buffer } from "./buffer.ts";
import type { DType } from "./types.ts";
import type { View } from "./views.ts";

/** What one element of a tensor is, out of elements at the same place of others. Shared parts are shared objects. */
export type Expression = Leaf | Position | Constant | Apply;

export interface Leaf extends View {
  readonly kind: "leaf";
  readonly buffer: Buffer;
  readonly dtype: DType;
}

/** An i32 made of the element's own coordinates. */
export interface Position extends View {
  readonly kind: "position";
  readonly dtype: "i32";
}

export interface Constant {
  readonly kind: "constant";
  readonly dtype: DType;
  readonly value: number | bigint;
}

export interface Apply {
  readonly kind: "apply";
  /** A name in `scalars.ts`. */
  readonly operation: string;
  readonly dtype: DType;
  readonly args: readonly Expression[];
}

/** Every distinct part, arguments before what takes them. */
export function partsOf(expression: Expression): Expression[] {
  const seen = new Set<Expression>();
  const visit = (each: Expression) => {
    if (seen.has(each)) return;
    if (each.kind === "apply") for (const arg of each.args) visit(arg);
    seen.add(each);
  };
  visit(expression);
  return [...seen];
}

/** The same expression with every leaf and position seen differently. */
export function moved(expression: Expression, move: (view: View) => View): Expression {
  const made = new Map<Expression, Expression>();
  const visit = (each: Expression): Expression => {
    const known = made.get(each);
    if (known !== undefined) return known;
    let result: Expression = each;
    if (each.kind === "apply") result = { ...each, args: each.args.map(visit) };
    else if (each.kind !== "constant") {
      const { strides, offset } = move(each);
      result = { ...each, strides, offset };
    }
    made.set(each, result);
    return result;
  };
  return visit(expression);
}

export function applications(expression: Expression): number {
  return partsOf(expression).filter(({ kind }) => kind === "apply").length;
}
