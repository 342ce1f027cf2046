import type { Adapter } from "../../device/device.ts";
import type { ResolvedExpression } from "../../expression/column/expression.ts";
import type { Columns } from "../columns.ts";
import type { PlanNode } from "../plan/node.ts";
import type { Relation } from "./relation.ts";
import type { StepContext } from "./step.ts";

export type NodeOf<Kind extends PlanNode["kind"]> = Extract<PlanNode, { readonly kind: Kind }>;

/** All rows, and which of them count. */
export interface MaskedRelation {
  /** The last column is the mask, where there is one. */
  readonly relation: Relation;
  readonly isMasked: boolean;
}

/** One query on its way through a device. */
export interface Query extends StepContext {
  /** What a node's rows give, for the caller to dispose. Filters and projections below are part of the same pass. */
  input(node: PlanNode, expressions: readonly ResolvedExpression[]): Promise<Relation>;
  /** The same without leaving rows out: where there are filters, a mask comes after the columns. */
  masked(node: PlanNode, expressions: readonly ResolvedExpression[]): Promise<MaskedRelation>;
  /** Some columns of a scan's files; the query disposes them. */
  readonly read: ((node: NodeOf<"scan">) => Promise<Columns>) | undefined;
}

/** How a device does one kind of node. */
export interface NodeKind<N extends PlanNode> {
  /** Why a device cannot, its inputs aside. */
  reason(node: N, adapter: Adapter): string | undefined;
  /** Some of its columns, for the caller to dispose. */
  execute(node: N, wanted: readonly number[], query: Query): Promise<Relation>;
}

/** The columns of a schema as expressions. */
export function columnsAt(
  { schema }: Pick<PlanNode, "schema">,
  indexes: readonly number[],
): readonly ResolvedExpression[] {
  return indexes.map((index) => ({ kind: "column", index, type: schema[index]?.type ?? { kind: "bool" } }));
}
