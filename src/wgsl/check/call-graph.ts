import type { AikoError } from "../../errors.ts";
import { KernelError } from "../diagnostics.ts";
import type { FunctionDefinition } from "../ir.ts";
import { checkAliasing } from "./aliasing.ts";
import { checkUniformity } from "./uniformity/uniformity.ts";

/** Refuses recursion and gives every function what its callees use: variables, overrides, built-ins, impurity. */
export function closeCallGraph(
  source: string,
  functions: readonly FunctionDefinition[],
  unsupported: Map<FunctionDefinition, AikoError>,
): void {
  const done = new Set<FunctionDefinition>();
  const open: FunctionDefinition[] = [];
  const visit = (current: FunctionDefinition): void => {
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
  checkUniformity(
    source,
    [...done].filter((target) => !unsupported.has(target)),
  );
}

function inherit(current: FunctionDefinition, callee: FunctionDefinition): void {
  for (const variable of callee.globals) current.globals.add(variable);
  for (const override of callee.overrides) current.overrides.add(override);
  for (const name of callee.builtins) current.builtins.add(name);
  if (callee.impure) current.impure = true;
}

/** A function and everything it calls, callees first. */
export function reachable(from: FunctionDefinition): FunctionDefinition[] {
  const order: FunctionDefinition[] = [];
  const visit = (current: FunctionDefinition): void => {
    if (order.includes(current)) return;
    for (const callee of current.calls) visit(callee);
    if (!order.includes(current)) order.push(current);
  };
  visit(from);
  return order;
}
