import type { ResolvedExpression } from "../../expression/column/expression.ts";
import type { Work } from "../../runtime/index.ts";
import { likelyRows, rowBytes } from "./estimate.ts";
import { operandsOf } from "./expressions.ts";
import { inputsOf, nodesOf } from "./inputs.ts";
import type { PlanNode } from "./node.ts";

/** About how many operations a row costs in each node, beside its expressions. */
const perRow: Readonly<Partial<Record<PlanNode["kind"], number>>> = {
  aggregate: 20,
  join: 40,
  sort: 100,
  distinct: 40,
  window: 150,
};

/** What a plan computes and moves: each scanned column once, and what each node gives. */
export function workOf(plan: PlanNode): Work {
  let flops = 0;
  let bytes = 0;
  let hostBytes = 0;
  let deviceBytes = 0;
  const seen = new Set<PlanNode>();
  for (const node of nodesOf(plan)) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "scan") {
      const scanned = scannedBytes(node);
      bytes += scanned.bytes;
      hostBytes += scanned.hostBytes;
      deviceBytes += scanned.deviceBytes;
      continue;
    }
    const rows = inputsOf(node).reduce((sum, input) => sum + likelyRows(input), 0);
    flops += rows * ((perRow[node.kind] ?? 1) + expressionCost(node));
    bytes += likelyRows(node) * rowBytes(node.schema);
  }
  const resultBytes = Math.ceil(likelyRows(plan) * rowBytes(plan.schema));
  return { flops: Math.ceil(flops), bytes: Math.ceil(bytes), hostBytes, deviceBytes, resultBytes };
}

/** What a file holds is on the host once it is read. */
function scannedBytes({ source, columns, schema }: PlanNode & { readonly kind: "scan" }) {
  if (source.kind === "files") {
    const bytes = Math.ceil((source.byteLength * columns.length) / Math.max(1, source.schema.length));
    return { bytes, hostBytes: bytes, deviceBytes: 0 };
  }
  const bytes = Math.ceil(source.columns.rows * rowBytes(schema));
  return { bytes, ...source.columns.movedBytes(columns) };
}

function expressionCost(node: PlanNode): number {
  const cost = (expression: ResolvedExpression): number =>
    operandsOf(expression).reduce((sum, operand) => sum + cost(operand), 1);
  if (node.kind === "filter") return cost(node.predicate);
  if (node.kind === "project") return node.expressions.reduce((sum, one) => sum + cost(one), 0);
  return 0;
}
