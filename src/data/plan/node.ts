import type { Schema } from "../../core/column-type.ts";
import type { Aggregate, ResolvedExpression, SortKey } from "../../expression/column/expression.ts";
import type { Source } from "../source/source.ts";

export type JoinKind = "inner" | "left" | "right" | "full" | "semi" | "anti" | "cross";

export type WindowFunction =
  | "rowNumber"
  | "rank"
  | "denseRank"
  | "lag"
  | "lead"
  | "firstValue"
  | "lastValue"
  | "cumulativeSum"
  | "movingMean"
  | "movingSum"
  | Aggregate["function"];

export interface WindowColumn {
  readonly function: WindowFunction;
  readonly operand?: ResolvedExpression | undefined;
  /** Of `lag` and `lead`: rows away. Of moving windows: rows before the current one. */
  readonly rows?: number | undefined;
}

interface NodeBase {
  /** The columns it gives. */
  readonly schema: Schema;
}

/** Expressions refer to the columns of `input` by position; those of a join to left columns, then right ones. */
export type PlanNode = NodeBase &
  (
    | {
        readonly kind: "scan";
        readonly source: Source;
        /** Positions in the source's schema. */
        readonly columns: readonly number[];
        /** Pushed into the reader; refers to the source's schema. */
        readonly predicate?: ResolvedExpression | undefined;
      }
    | { readonly kind: "filter"; readonly input: PlanNode; readonly predicate: ResolvedExpression }
    | {
        readonly kind: "project";
        readonly input: PlanNode;
        readonly expressions: readonly ResolvedExpression[];
      }
    | {
        readonly kind: "aggregate";
        readonly input: PlanNode;
        /** Empty: one row for all. Nulls are a group, NaNs are one, -0 and 0 are one. */
        readonly keys: readonly ResolvedExpression[];
        readonly aggregates: readonly Aggregate<ResolvedExpression>[];
      }
    | {
        readonly kind: "join";
        readonly left: PlanNode;
        readonly right: PlanNode;
        readonly how: JoinKind;
        readonly leftKeys: readonly ResolvedExpression[];
        readonly rightKeys: readonly ResolvedExpression[];
        /** Whether null keys match each other. */
        readonly nullsEqual: boolean;
      }
    | {
        readonly kind: "sort";
        readonly input: PlanNode;
        /** Stable. */
        readonly keys: readonly SortKey<ResolvedExpression>[];
        /** Keep only the first of them: top-n. */
        readonly limit?: number | undefined;
      }
    | { readonly kind: "limit"; readonly input: PlanNode; readonly count: number; readonly offset: number }
    | {
        readonly kind: "distinct";
        readonly input: PlanNode;
        /** Columns that decide; of each combination the first row is kept. Default: all. */
        readonly columns?: readonly number[] | undefined;
      }
    | { readonly kind: "concat"; readonly inputs: readonly PlanNode[] }
    | {
        readonly kind: "window";
        readonly input: PlanNode;
        readonly partitionBy: readonly ResolvedExpression[];
        readonly orderBy: readonly SortKey<ResolvedExpression>[];
        /** Added after the columns of `input`. */
        readonly columns: readonly WindowColumn[];
      }
    /** A row for each item of a list column; a null or empty list gives none. */
    | { readonly kind: "explode"; readonly input: PlanNode; readonly column: number }
    | {
        readonly kind: "unpivot";
        readonly input: PlanNode;
        readonly keep: readonly number[];
        readonly columns: readonly number[];
      }
  );

export type PlanKind = PlanNode["kind"];
