import { KernelError } from "../diagnostics.ts";
import { checkAliasing } from "./aliasing.ts";
import type { AikoError } from "../../errors.ts";
import type { Function } from "../ir.ts";

/** Refuses recursion and gives every function what its callees use: variables, overrides, built-ins, impurity. */
export function closeCallGraph(source: string, functions: readonly Function[], unsupported: Map<Function, AikoError>): void {
  const done = new Set<Function>();
  const open: Function[] = [];
  const visit = (current: Function): void => {
    if (done.has(current)) return;
    if (open.includes(current)) {
      const cycle = [...open.slice(open.indexOf(current)), current].map((item) => item.name).join(" → ");
      throw new KernelError(source, current.span, `recursion is not allowed: ${cycle}`);
    }
    open.push(current);
    for (const callee of current.calls) {
      visit(callee);
      inherit(current, callee);
      const reason = unsupported.get(callee);
      if (reason !== undefined) unsupported.set(current, reason);
    }
    open.pop();
    done.add(current);
  };
  for (const current of functions) visit(current);
  checkAliasing(source, [...done]);
}

function inherit(current: Function, callee: Function): void {
  for (const variable of callee.globals) current.globals.add(variable);
  for (const override of callee.overrides) current.overrides.add(override);
  for (const name of callee.builtins) current.builtins.add(name);
  if (callee.impure) current.impure = true;
}

/** A function and everything it calls, callees first. */
export function reachable(from: Function): Function[] {
  const order: Function[] = [];
  const visit = (current: Function): void => {
    if (order.includes(current)) return;
    for (const callee of current.calls) visit(callee);
    if (!order.includes(current)) order.push(current);
  };
  visit(from);
  return order;
}
