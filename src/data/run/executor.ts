import type { HostTable } from "../../core/column.ts";
import type { Adapter } from "../../device/device.ts";
import type { GpuContext } from "../../runtime/index.ts";
import type { Columns } from "../columns.ts";
import type { PlanNode } from "../plan/node.ts";

/** What runs plans on devices. */
export interface GpuExecutor {
  /** Why a device of this adapter cannot run a node itself, whatever its inputs are; undefined where it can. */
  lacking(node: PlanNode, adapter: Adapter): string | undefined;
  /** Runs a plan over columns in memory, all of whose nodes it has. */
  execute(plan: PlanNode, context: GpuContext): Promise<Columns>;
  /** The same over the rows of its one scan of files, as they come. Rejects with UNSUPPORTED where all are needed at once. */
  executeInBatches(
    plan: PlanNode,
    batches: AsyncIterable<HostTable>,
    context: GpuContext,
  ): AsyncGenerator<Columns, void, undefined>;
}
