import { AikoError } from "../../../errors.ts";
import { inputsOf, withInputs } from "../../plan/inputs.ts";
import type { PlanNode } from "../../plan/node.ts";
import type { NodeOf } from "../query.ts";
import { partialReason } from "./partial.ts";

/** How rows that come in batches go through a plan. */
export interface BatchPath {
  /** Where they come in. */
  readonly scan: NodeOf<"scan">;
  /** The highest node below which every batch goes by itself. */
  readonly each: PlanNode;
  /** The node above it that needs what all batches give, if there is one. */
  readonly merge: NodeOf<"aggregate"> | NodeOf<"sort"> | NodeOf<"limit"> | NodeOf<"distinct"> | undefined;
}

/** Throws UNSUPPORTED for a plan that needs all rows at once. */
export function batchPath(plan: PlanNode): BatchPath {
  const path = pathTo(plan, (node) => node.kind === "scan" && node.source.kind === "files");
  const scan = path.pop();
  if (scan?.kind !== "scan") throw unsupported("none of its scans reads files");
  let each: PlanNode = scan;
  for (const node of path.reverse()) {
    if (isRowByRow(node, each)) {
      each = node;
      continue;
    }
    const reason = mergeReason(node);
    if (reason !== undefined) throw unsupported(reason);
    return { scan, each, merge: node as BatchPath["merge"] };
  }
  return { scan, each, merge: undefined };
}

/** The plan with a node in the place of another one. */
export function replaced(plan: PlanNode, from: PlanNode, to: PlanNode): PlanNode {
  if (plan === from) return to;
  return withInputs(
    plan,
    inputsOf(plan).map((input) => replaced(input, from, to)),
  );
}

/** From the plan down to the first node that is looked for; empty where there is none. */
function pathTo(node: PlanNode, isTarget: (node: PlanNode) => boolean): PlanNode[] {
  if (isTarget(node)) return [node];
  for (const input of inputsOf(node)) {
    const below = pathTo(input, isTarget);
    if (below.length > 0) return [node, ...below];
  }
  return [];
}

/** Whether what a batch gives does not depend on other batches. */
function isRowByRow(node: PlanNode, below: PlanNode): boolean {
  if (node.kind === "filter" || node.kind === "project") return true;
  if (node.kind !== "join" || node.left !== below) return false;
  return node.how !== "right" && node.how !== "full";
}

function mergeReason(node: PlanNode): string | undefined {
  switch (node.kind) {
    case "aggregate":
      return node.aggregates.map(partialReason).find((reason) => reason !== undefined);
    case "limit":
    case "distinct":
      return undefined;
    case "sort":
      return node.limit === undefined ? "a sort without a limit needs all rows at once" : undefined;
    default:
      return `${node.kind} needs all rows at once`;
  }
}

function unsupported(reason: string): AikoError {
  return new AikoError("UNSUPPORTED", { message: `The plan cannot run in batches on a device: ${reason}` });
}
