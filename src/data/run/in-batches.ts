import type { HostTable } from "../../core/column.ts";
import { emptyTable } from "../../core/column-make.ts";
import { isAikoError } from "../../errors.ts";
import type { GpuContext } from "../../runtime/index.ts";
import { Columns } from "../columns.ts";
import { concatTables } from "../concat.ts";
import type { DataContext } from "../context.ts";
import { nodesOf } from "../plan/inputs.ts";
import type { PlanNode } from "../plan/node.ts";
import { streamed } from "./stream.ts";

/** The scan of files whose rows can come in batches, where a plan has just one. */
export function batchedScan(plan: PlanNode): PlanNode | undefined {
  const scans = [...nodesOf(plan)].filter((node) => node.kind === "scan" && node.source.kind === "files");
  return scans.length === 1 ? scans[0] : undefined;
}

/** A plan over files on a device, a batch after the other. Undefined where it needs all rows at once. */
export async function inBatches(
  context: DataContext,
  plan: PlanNode,
  gpu: GpuContext,
): Promise<Columns | undefined> {
  const scan = batchedScan(plan);
  if (scan === undefined) return undefined;
  const parts: HostTable[] = [];
  const batches = streamed(context, scan, { signal: gpu.signal });
  try {
    for await (const columns of context.gpu.executeInBatches(plan, batches, gpu)) {
      using part = columns;
      parts.push(await part.host());
    }
  } catch (error) {
    if (isAikoError(error, "UNSUPPORTED")) return undefined;
    throw error;
  }
  if (parts.length === 0) return Columns.onHost(emptyTable(plan.schema));
  return Columns.onHost(await concatTables(parts));
}
