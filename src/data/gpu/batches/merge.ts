import type { Columns } from "../../columns.ts";
import type { PlanNode } from "../../plan/node.ts";
import { executeOnGpu } from "../execute.ts";
import { memoryScan } from "../memory-scan.ts";
import type { StepContext } from "../step.ts";
import { centresOf, partialAggregate } from "./partial.ts";
import type { BatchPath } from "./path.ts";

type MergeNode = NonNullable<BatchPath["merge"]>;

/** What a node that needs the rows of all batches makes of one, of several, and in the end. */
interface Merging {
  ofBatch(batch: PlanNode): PlanNode;
  /** Over rows of what `ofBatch` and `merged` gave, in order. */
  merged(rows: PlanNode): PlanNode;
  finished(rows: PlanNode): PlanNode;
  /** So many rows of the batches are enough. */
  readonly enough: number;
}

/** Folds batches into one result. It holds what is merged so far, and as many rows again that are not. */
export class Merger implements Disposable {
  readonly #node: MergeNode;
  readonly #context: StepContext;
  #merging: Merging | undefined;
  #parts: Columns[] = [];
  /** Of the first part: what is merged. */
  #mergedRows = 0;
  #rows = 0;

  constructor(node: MergeNode, context: StepContext) {
    this.#node = node;
    this.#context = context;
  }

  /** Whether further batches change nothing. */
  get isComplete(): boolean {
    return this.#rows >= (this.#merging?.enough ?? Number.POSITIVE_INFINITY);
  }

  async add(batch: PlanNode): Promise<void> {
    this.#merging ??= await mergingOf(this.#node, batch, this.#context);
    const part = await executeOnGpu(this.#merging.ofBatch(batch), this.#context);
    this.#parts.push(part);
    this.#rows += part.rows;
    if (this.#rows > 2 * this.#mergedRows && this.#parts.length > 1) await this.#merge(this.#merging.merged);
  }

  /** What the node gives of all batches; of none, of `nothing`. The caller disposes it. */
  async finish(nothing: PlanNode): Promise<Columns> {
    if (this.#merging === undefined) await this.add(nothing);
    const merging = this.#merging;
    if (merging === undefined) return executeOnGpu(nothing, this.#context);
    await this.#merge((rows) => merging.finished(merging.merged(rows)));
    const [result] = this.#parts.splice(0);
    return result ?? executeOnGpu(nothing, this.#context);
  }

  async #merge(plan: (rows: PlanNode) => PlanNode): Promise<void> {
    const inputs = this.#parts.map(memoryScan);
    const [first] = inputs;
    if (first === undefined) return;
    const rows: PlanNode = inputs.length === 1 ? first : { kind: "concat", inputs, schema: first.schema };
    const merged = await executeOnGpu(plan(rows), this.#context);
    for (const part of this.#parts.splice(0)) part.dispose();
    this.#parts.push(merged);
    this.#mergedRows = merged.rows;
    this.#rows = merged.rows;
  }

  dispose(): void {
    for (const part of this.#parts.splice(0)) part.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

async function mergingOf(node: MergeNode, batch: PlanNode, context: StepContext): Promise<Merging> {
  if (node.kind === "aggregate") {
    return {
      ...partialAggregate(node, await centres(node, batch, context)),
      enough: Number.POSITIVE_INFINITY,
    };
  }
  const over = (input: PlanNode): PlanNode => ({ ...node, input });
  if (node.kind !== "limit") {
    return { ofBatch: over, merged: over, finished: (rows) => rows, enough: Number.POSITIVE_INFINITY };
  }
  const most = node.offset + node.count;
  const firsts = (input: PlanNode): PlanNode => ({ ...node, input, offset: 0, count: most });
  return { ofBatch: firsts, merged: firsts, finished: over, enough: most };
}

/** Of the first batch: near enough to what it will be of all. */
async function centres(
  node: Extract<MergeNode, { kind: "aggregate" }>,
  batch: PlanNode,
  context: StepContext,
): Promise<readonly number[]> {
  if (!node.aggregates.some(({ function: name }) => name === "variance" || name === "stddev")) return [];
  using means = await executeOnGpu(centresOf(node, batch), context);
  const { columns } = await means.host();
  return columns.map((column) => {
    const mean = column.layout === "fixed" ? Number(column.values[0]) : 0;
    return Number.isFinite(mean) ? mean : 0;
  });
}
