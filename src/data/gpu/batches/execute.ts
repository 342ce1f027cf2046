import type { HostTable } from "../../../core/column.ts";
import { emptyTable } from "../../../core/column-make.ts";
import { Columns } from "../../columns.ts";
import type { PlanNode } from "../../plan/node.ts";
import { executeOnGpu, type GpuQueryContext } from "../execute.ts";
import { memoryScan } from "../memory-scan.ts";
import { arriving } from "./arriving.ts";
import { Merger } from "./merge.ts";
import { batchPath, replaced } from "./path.ts";

/**
 * Runs a plan over rows that come in batches: those of its scan of files, as that gives them. Memory holds two batches, their intermediate results and what is merged so far. Gives columns for each batch, or one
 * result where batches are merged; the caller disposes them. Rejects like `executeOnGpu`, and with UNSUPPORTED for a plan
 * that needs all rows at once.
 */
export async function* executeInBatches(
  plan: PlanNode,
  batches: AsyncIterable<HostTable>,
  context: GpuQueryContext,
): AsyncGenerator<Columns, void, undefined> {
  const { scan, each, merge } = batchPath(plan);
  const ofBatch = (columns: Columns): PlanNode =>
    replaced(each, scan, { ...memoryScan(columns), schema: scan.schema });
  if (merge === undefined) {
    for await (const batch of arriving(batches, context)) {
      using columns = batch;
      const result = await executeOnGpu(replaced(plan, each, ofBatch(columns)), context);
      if (result.rows > 0) yield result;
      else result.dispose();
    }
    return;
  }
  using merger = new Merger(merge, context);
  for await (const batch of arriving(batches, context)) {
    using columns = batch;
    await merger.add(ofBatch(columns));
    if (merger.isComplete) break;
  }
  using none = Columns.onHost(emptyTable(scan.schema));
  using merged = await merger.finish(ofBatch(none));
  yield await executeOnGpu(replaced(plan, merge, memoryScan(merged)), context);
}
