import { inputsOf, mapPlan, withInputs } from "./inputs.ts";
import type { PlanNode } from "./node.ts";
import { foldConstants } from "./rules/fold-constants.ts";
import { mergeFilters } from "./rules/merge-filters.ts";
import { mergeProjects } from "./rules/merge-projects.ts";
import { pruneColumns } from "./rules/prune-columns.ts";
import { pushFilter } from "./rules/push-filter.ts";
import { pushLimit } from "./rules/push-limit.ts";

type Rule = (node: PlanNode) => PlanNode;

const known = new WeakMap<PlanNode, PlanNode>();

/** A plan with the same rows that reads and computes less. Remembered for each plan. */
export function optimize(plan: PlanNode): PlanNode {
  let best = known.get(plan);
  if (best === undefined) {
    best = optimized(plan);
    known.set(plan, best);
  }
  return best;
}

function optimized(plan: PlanNode): PlanNode {
  let node = mapPlan(plan, foldConstants);
  node = mapPlan(node, mergeProjects);
  node = downwards(node, (one) => pushFilter(mergeFilters(one)));
  node = downwards(node, pushLimit);
  node = mapPlan(pruneColumns(node), mergeProjects);
  return node.schema === plan.schema ? node : { ...node, schema: plan.schema };
}

/** Applies a rule to a node for as long as it changes it, then to its inputs. */
function downwards(node: PlanNode, rule: Rule): PlanNode {
  let current = node;
  for (let next = rule(current); next !== current; next = rule(current)) current = next;
  return withInputs(
    current,
    inputsOf(current).map((input) => downwards(input, rule)),
  );
}
