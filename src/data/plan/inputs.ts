import type { PlanNode } from "./node.ts";

/** The nodes whose rows a node takes, in order. */
export function inputsOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case "scan":
      return [];
    case "join":
      return [node.left, node.right];
    case "concat":
      return node.inputs;
    default:
      return [node.input];
  }
}

/** The same node over other inputs; itself where they are the ones it has. */
export function withInputs(node: PlanNode, inputs: readonly PlanNode[]): PlanNode {
  if (inputsOf(node).every((input, at) => input === inputs[at])) return node;
  const [first, second] = inputs;
  if (first === undefined || node.kind === "scan") return node;
  if (node.kind === "concat") return { ...node, inputs };
  if (node.kind === "join") return { ...node, left: first, right: second ?? node.right };
  return { ...node, input: first };
}

/** Rebuilds a plan from its scans up. */
export function mapPlan(node: PlanNode, rewrite: (node: PlanNode) => PlanNode): PlanNode {
  return rewrite(
    withInputs(
      node,
      inputsOf(node).map((input) => mapPlan(input, rewrite)),
    ),
  );
}

/** Every node once, inputs first. */
export function* nodesOf(node: PlanNode): Generator<PlanNode, void, undefined> {
  for (const input of inputsOf(node)) yield* nodesOf(input);
  yield node;
}
