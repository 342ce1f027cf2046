import type { GpuContext } from "../../runtime/index.ts";
import type { Columns } from "../columns.ts";
import type { DataContext } from "../context.ts";
import { inputsOf, withInputs } from "../plan/inputs.ts";
import type { PlanNode } from "../plan/node.ts";
import { scanOf } from "../source/scan.ts";
import { queried } from "./cpu.ts";
import type { Limits } from "./prepared.ts";

type Place = "gpu" | "cpu";

/** Whether it may stay with its neighbours: it computes nothing itself. */
export function isFree(node: PlanNode): boolean {
  return node.kind === "scan" || isReading(node);
}

/** What reads files: the CPU engine does it, up to a limit that saves reading. */
function isReading(node: PlanNode): boolean {
  if (node.kind === "scan") return node.source.kind === "files";
  return node.kind === "limit" && isReading(node.input);
}

/** Where each node runs when the GPU takes what it can. */
export function placeOf(
  context: DataContext,
  node: PlanNode,
  gpu: Pick<GpuContext["device"], "adapter">,
): Place {
  return isReading(node) || context.gpu.lacking(node, gpu.adapter) !== undefined ? "cpu" : "gpu";
}

/** Runs what the device has there, and the rest in the CPU engine over its results, piece by piece. */
export async function executeMixed(
  context: DataContext,
  plan: PlanNode,
  gpu: GpuContext,
  limits: Limits,
): Promise<Columns> {
  const made: Columns[] = [];
  const place = (node: PlanNode): Place => placeOf(context, node, gpu.device);
  const compute = async (node: PlanNode): Promise<Columns> => {
    const here = place(node);
    const piece = await cut(node, here);
    return here === "gpu"
      ? context.gpu.execute(piece, gpu)
      : queried(context, piece, { ...limits, signal: gpu.signal });
  };
  const cut = async (node: PlanNode, here: Place): Promise<PlanNode> => {
    if (node.kind === "scan" && (node.source.kind === "memory" || here === "cpu")) return node;
    if (place(node) !== here) {
      const columns = await compute(node);
      made.push(columns);
      return scanOf(columns);
    }
    const inputs: PlanNode[] = [];
    for (const input of inputsOf(node)) inputs.push(await cut(input, here));
    return withInputs(node, inputs);
  };
  try {
    const result = await compute(plan);
    return result;
  } finally {
    for (const columns of made) columns.dispose();
  }
}
