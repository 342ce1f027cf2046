import type { Adapter } from "../../device/device.ts";
import type { RunOptions } from "../../runtime/index.ts";
import type { DataContext } from "../context.ts";
import { likelyRows } from "../plan/estimate.ts";
import { inputsOf } from "../plan/inputs.ts";
import type { PlanNode } from "../plan/node.ts";
import { optimize } from "../plan/optimize.ts";
import { nodeText } from "../plan/text.ts";
import { isFree, placeOf } from "./mixed.ts";
import { lackingOf, planOperation, shapeName } from "./plan-operation.ts";

export interface ExplainedNode {
  readonly kind: PlanNode["kind"];
  /** What it does. */
  readonly text: string;
  /** Where it could run at best, and why not on the GPU. */
  readonly placement: "gpu" | "cpu";
  readonly reason: string;
  /** About how many rows it gives. */
  readonly rows: number;
  readonly inputs: readonly ExplainedNode[];
}

/** What would run where. */
export interface Explanation {
  /** Of the operation, as in reports. */
  readonly operation: string;
  /** What a call would choose now. */
  readonly placement: "gpu" | "cpu";
  readonly reason: string;
  readonly predicted?: { readonly gpuMs: number; readonly cpuMs: number } | undefined;
  readonly plan: ExplainedNode;
  toString(): string;
}

/** Looks at an optimised plan without running it. */
export async function explained(
  context: DataContext,
  plan: PlanNode,
  options: RunOptions,
): Promise<Explanation> {
  const best = optimize(plan);
  const adapters = options.placement === "cpu" ? [] : await context.runtime.adapters();
  const adapter =
    options.device === undefined ? adapters[0] : adapters.find(({ id }) => id === options.device);
  const tree = explainedNode(context, best, adapter);
  const decision = await context.runtime.predict(
    planOperation(context, best),
    { plan: best, mostRows: 0 },
    options,
  );
  const operation = shapeName(best);
  const { placement, reason, predicted } = decision;
  const lacking = adapter === undefined ? [] : lackingOf(context, best, adapter);
  return {
    operation,
    placement,
    reason,
    ...(predicted === undefined ? {} : { predicted }),
    plan: tree,
    toString: () =>
      [
        `${operation} on the ${placement === "gpu" && lacking.length > 0 ? "gpu and cpu" : placement}: ${reason}`,
        ...lines(tree, 1),
      ].join("\n"),
  };
}

function explainedNode(context: DataContext, node: PlanNode, adapter: Adapter | undefined): ExplainedNode {
  const { placement, reason } = placedNode(context, node, adapter);
  return {
    kind: node.kind,
    text: nodeText(node),
    placement,
    reason,
    rows: Math.round(likelyRows(node)),
    inputs: inputsOf(node).map((input) => explainedNode(context, input, adapter)),
  };
}

function placedNode(context: DataContext, node: PlanNode, adapter: Adapter | undefined) {
  if (adapter === undefined) return { placement: "cpu", reason: "no device" } as const;
  if (isFree(node)) {
    const isFile = node.kind !== "scan" || node.source.kind === "files";
    return isFile
      ? ({ placement: "cpu", reason: "DuckDB reads files" } as const)
      : ({ placement: "gpu", reason: `${adapter.id} has it` } as const);
  }
  const placement = placeOf(context, node, { adapter });
  const lacking = context.gpu.lacking(node, adapter);
  return { placement, reason: lacking ?? `${adapter.id} has it` };
}

function lines(node: ExplainedNode, depth: number): string[] {
  const where = node.placement === "gpu" ? "gpu" : `cpu: ${node.reason}`;
  const own = `${"  ".repeat(depth)}${node.text}  [${where}, ~${node.rows} rows]`;
  return [own, ...node.inputs.flatMap((input) => lines(input, depth + 1))];
}
