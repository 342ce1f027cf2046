import { sliceTable } from "../../core/column-slice.ts";
import { AikoError } from "../../errors.ts";
import { abortError } from "../../runtime/index.ts";
import type { DataContext } from "../context.ts";
import type { PlanNode } from "../plan/node.ts";
import { optimize } from "../plan/optimize.ts";
import { Table } from "../table.ts";
import { streamed } from "./stream.ts";

export interface BatchOptions {
  /** The most rows in one. Default 262,144. */
  readonly rows?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A plan's rows in tables of bounded size. */
export async function* batchesOf(
  context: DataContext,
  plan: PlanNode,
  { rows = 1 << 18, signal }: BatchOptions,
): AsyncGenerator<Table, void, undefined> {
  if (!Number.isSafeInteger(rows) || rows < 1) {
    throw new AikoError("INVALID_ARGUMENT", { message: `A batch has 1 row or more, not ${String(rows)}` });
  }
  if (signal?.aborted) throw abortError(signal, "data.batches");
  for await (const batch of streamed(context, optimize(plan), { rows, signal })) {
    for (let first = 0; first < batch.rows; first += rows) {
      yield new Table(sliceTable(batch, first, Math.min(rows, batch.rows - first)));
    }
  }
}
