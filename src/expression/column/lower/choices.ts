import type { Expression } from "../../expression.ts";
import { equalValues, lessValues } from "./compare.ts";
import { and, choose, hull, type Lowered, masked, no, not, or, withErrors, yes } from "./lowered.ts";

export type Chosen = Pick<Lowered, "value" | "high" | "valid" | "range">;

export function chosen(condition: Expression, a: Chosen, b: Chosen): Chosen {
  return {
    value: choose(condition, a.value, b.value),
    high: a.high === undefined || b.high === undefined ? undefined : choose(condition, a.high, b.high),
    valid:
      a.valid === yes && b.valid === yes ? yes : or(and(condition, a.valid), and(not(condition), b.valid)),
    range: hull(a.range, b.range),
  };
}

export function coalesced(lowered: readonly Lowered[]): Lowered {
  const parts: Lowered[] = [];
  let open: Expression = yes;
  for (const each of lowered) {
    parts.push(masked(each, open));
    open = and(open, not(each.valid));
  }
  const made = lowered.reduceRight((rest, each) =>
    withErrors({ ...chosen(each.valid, each, rest), valid: or(each.valid, rest.valid) }, []),
  );
  return withErrors(made, parts);
}

export const tests: Readonly<Record<string, (a: Lowered, b: Lowered) => Expression>> = {
  equal: equalValues,
  notEqual: (a, b) => not(equalValues(a, b)),
  less: lessValues,
  lessEqual: (a, b) => not(lessValues(b, a)),
  greater: (a, b) => lessValues(b, a),
  greaterEqual: (a, b) => not(lessValues(a, b)),
  isDistinctFrom: (a, b) => not(equalValues(a, b)),
  isNotDistinctFrom: equalValues,
};

export function testOf(name: string, a: Lowered, b: Lowered, operands: readonly Lowered[]): Lowered {
  const value = tests[name]?.(a, b) ?? no;
  if (name !== "isDistinctFrom" && name !== "isNotDistinctFrom")
    return withErrors({ value, valid: and(a.valid, b.valid) }, operands);
  const same = or(and(a.valid, b.valid, equalValues(a, b)), and(not(a.valid), not(b.valid)));
  return withErrors({ value: name === "isDistinctFrom" ? not(same) : same, valid: yes }, operands);
}
