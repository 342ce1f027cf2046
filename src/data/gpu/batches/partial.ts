import type { ColumnType, Field, Schema } from "../../../core/column-type.ts";
import type { Aggregate, ColumnFunction, ResolvedExpression } from "../../../expression/column/expression.ts";
import type { PlanNode } from "../../plan/node.ts";
import type { NodeOf } from "../query.ts";

type AggregateNode = NodeOf<"aggregate">;

/** An aggregate of the rows of all batches from aggregates of each. */
export interface PartialAggregate {
  /** Over the rows of a batch, instead of the aggregate. */
  ofBatch(input: PlanNode): PlanNode;
  /** Over rows of what `ofBatch` and `merged` gave, in the order of the batches. */
  merged(input: PlanNode): PlanNode;
  /** Over one row for each group: what the aggregate gives. */
  finished(input: PlanNode): PlanNode;
}

const float: ColumnType = { kind: "float64" };
const whole: ColumnType = { kind: "int64" };

/** A column that is kept for an aggregate. */
interface State {
  readonly ofBatch: Aggregate<ResolvedExpression>;
  readonly type: ColumnType;
  readonly merge: "sum" | "min" | "max" | "first" | "last" | "any" | "all";
}

interface Parts {
  readonly states: readonly State[];
  /** From the states' columns, in order. */
  finish(columns: readonly ResolvedExpression[]): ResolvedExpression;
}

const kept = new Set(["min", "max", "first", "last", "any", "all"] as const);

function isKept(name: string): name is "min" | "max" | "first" | "last" | "any" | "all" {
  return (kept as ReadonlySet<string>).has(name);
}

/** Why an aggregate cannot be had from aggregates of batches. */
export function partialReason({ function: name }: Aggregate<ResolvedExpression>): string | undefined {
  if (name !== "countDistinct" && name !== "median" && name !== "quantile") return undefined;
  return `${name} needs all rows at once`;
}

/** `centres` are about the means of the operands of variances: sums of squares are exact enough around them only. */
export function partialAggregate(node: AggregateNode, centres: readonly number[]): PartialAggregate {
  const { keys, schema } = node;
  const parts = node.aggregates.map((aggregate, at) =>
    partsOf(aggregate, schema[keys.length + at]?.type ?? whole, centres[at] ?? 0),
  );
  const states = parts.flatMap((part) => part.states);
  const stateSchema: Schema = [
    ...keys.map(({ type }, at): Field => ({ name: `key ${at}`, type })),
    ...states.map(({ type }, at): Field => ({ name: `state ${at}`, type })),
  ];
  const column = (index: number): ResolvedExpression => ({
    kind: "column",
    index,
    type: stateSchema[index]?.type ?? whole,
  });
  return {
    ofBatch: (input) => ({
      kind: "aggregate",
      input,
      keys,
      aggregates: states.map(({ ofBatch }) => ofBatch),
      schema: stateSchema,
    }),
    merged: (input) => ({
      kind: "aggregate",
      input,
      keys: keys.map((_, at) => column(at)),
      aggregates: states.map(({ merge }, at) => ({ function: merge, operand: column(keys.length + at) })),
      schema: stateSchema,
    }),
    finished: (input) => {
      const expressions = keys.map((_, at) => column(at));
      let next = keys.length;
      for (const part of parts) {
        expressions.push(part.finish(part.states.map(() => column(next++))));
      }
      return { kind: "project", input, expressions, schema };
    },
  };
}

/** The mean of the operand of each variance, in the place of each aggregate; something else for others. */
export function centresOf({ aggregates }: AggregateNode, input: PlanNode): PlanNode {
  const means = aggregates.map(
    ({ function: name, operand }): Aggregate<ResolvedExpression> =>
      operand !== undefined && (name === "variance" || name === "stddev")
        ? { function: "mean", operand: asFloat(operand) }
        : { function: "countRows" },
  );
  const typeOf = (name: string) => (name === "mean" ? float : whole);
  return {
    kind: "aggregate",
    input,
    keys: [],
    aggregates: means,
    schema: means.map((each, at) => ({ name: `centre ${at}`, type: typeOf(each.function) })),
  };
}

function partsOf(aggregate: Aggregate<ResolvedExpression>, type: ColumnType, centre: number): Parts {
  const { function: name, operand } = aggregate;
  if (isKept(name)) return { states: [{ ofBatch: aggregate, type, merge: name }], finish: first };
  if (operand !== undefined && (name === "mean" || name === "variance" || name === "stddev")) {
    return momentsOf(name, operand, centre);
  }
  const state: State = { ofBatch: aggregate, type, merge: "sum" };
  const counts = name === "count" || name === "countRows";
  return { states: [state], finish: (columns) => (counts ? orZero(first(columns)) : first(columns)) };
}

function momentsOf(name: "mean" | "variance" | "stddev", operand: ResolvedExpression, centre: number): Parts {
  const value = asFloat(operand);
  const count: State = { ofBatch: { function: "count", operand }, type: whole, merge: "sum" };
  const sumOf = (summed: ResolvedExpression): State => ({
    ofBatch: { function: "sum", operand: summed },
    type: float,
    merge: "sum",
  });
  const nothing: ResolvedExpression = { kind: "literal", value: null, type: float };
  const above = (least: bigint, count: ResolvedExpression, then: ResolvedExpression): ResolvedExpression => ({
    kind: "case",
    branches: [{ when: call("greater", count, { kind: "literal", value: least, type: whole }), then }],
    otherwise: nothing,
    type: float,
  });
  if (name === "mean") {
    return {
      states: [count, sumOf(value)],
      finish: ([n = value, sum = value]) => above(0n, n, call("divide", sum, asFloat(n))),
    };
  }
  const distance = call("subtract", value, number(centre));
  return {
    states: [count, sumOf(distance), sumOf(call("multiply", distance, distance))],
    finish: ([n = value, sum = value, squares = value]) => {
      const apart = call("subtract", squares, call("divide", call("multiply", sum, sum), asFloat(n)));
      const variance = call(
        "divide",
        call("greatest", apart, number(0)),
        call("subtract", asFloat(n), number(1)),
      );
      return above(1n, n, name === "variance" ? variance : call("sqrt", variance));
    },
  };
}

function first(columns: readonly ResolvedExpression[]): ResolvedExpression {
  return columns[0] ?? { kind: "literal", value: null, type: whole };
}

function orZero(count: ResolvedExpression): ResolvedExpression {
  return call("coalesce", count, { kind: "literal", value: 0n, type: whole });
}

function asFloat(operand: ResolvedExpression): ResolvedExpression {
  return operand.type.kind === "float64" ? operand : { kind: "cast", operand, orNull: false, type: float };
}

function number(value: number): ResolvedExpression {
  return { kind: "literal", value, type: float };
}

function call(name: ColumnFunction, ...operands: readonly ResolvedExpression[]): ResolvedExpression {
  const type: ColumnType = name === "greater" ? { kind: "bool" } : (operands[0]?.type ?? float);
  return { kind: "call", name, operands, type };
}
