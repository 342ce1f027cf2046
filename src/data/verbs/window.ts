import type { ColumnType, Field } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { type Aggregate, type ResolvedExpression, typeOfAggregate } from "../../expression/column/index.ts";
import type { PlanNode, WindowColumn, WindowFunction } from "../plan/node.ts";
import { aggregateIn, expressionIn, namedExpressions, sortKeysIn } from "./computed.ts";
import { distinctNames } from "./names.ts";

/** What a window adds: a function by name with its operand, or a function of many rows, over the whole partition. */
export interface WindowCall {
  readonly function: WindowFunction;
  readonly of?: unknown;
  /** Of `lag` and `lead`: rows away, 1 by default. Of moving windows: rows in it, with the current one. */
  readonly rows?: number | undefined;
}

export interface WindowParts {
  readonly partitionBy: readonly unknown[];
  readonly orderBy: readonly unknown[];
  readonly columns: Readonly<Record<string, unknown>>;
}

const int64: ColumnType = { kind: "int64" };
const float64: ColumnType = { kind: "float64" };

type Typing = (operand: ColumnType) => ColumnType;

const own: Typing = (operand) => operand;

/** Of functions that are no aggregates: what they take and give. */
const functions: Readonly<
  Record<string, { readonly takes: boolean; readonly type: Typing; readonly rows?: number }>
> = {
  rowNumber: { takes: false, type: () => int64 },
  rank: { takes: false, type: () => int64 },
  denseRank: { takes: false, type: () => int64 },
  lag: { takes: true, type: own, rows: 1 },
  lead: { takes: true, type: own, rows: 1 },
  firstValue: { takes: true, type: own },
  lastValue: { takes: true, type: own },
};

/** Functions that sum: their types are those of `sum` and `mean`. */
const sums: Readonly<Record<string, "sum" | "mean">> = {
  cumulativeSum: "sum",
  movingSum: "sum",
  movingMean: "mean",
};

const ordered: ReadonlySet<string> = new Set(["rank", "denseRank"]);

/** Adds columns that are computed from the rows around each row. */
export function window(input: PlanNode, parts: WindowParts): PlanNode {
  const { schema } = input;
  const partitionBy = namedExpressions(schema, parts.partitionBy, "window").map(
    ({ expression }) => expression,
  );
  const orderBy = sortKeysIn(schema, parts.orderBy, "window");
  const added = Object.entries(parts.columns).map(([name, what]) => columnOf(input, name, what));
  const lacking = added.find(({ column }) => ordered.has(column.function) && orderBy.length === 0);
  if (lacking !== undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `window "${lacking.field.name}": ${lacking.column.function} needs an order`,
      hint: 'Pass orderBy: "name".',
    });
  }
  if (added.length === 0) throw new AikoError("INVALID_ARGUMENT", { message: "window would add no column" });
  return {
    kind: "window",
    schema: distinctNames([...schema, ...added.map(({ field }) => field)], "window"),
    input,
    partitionBy,
    orderBy,
    columns: added.map(({ column }) => column),
  };
}

interface Added {
  readonly field: Field;
  readonly column: WindowColumn;
}

function columnOf({ schema }: PlanNode, name: string, what: unknown): Added {
  const verb = `window "${name}"`;
  if (!isCall(what)) {
    const aggregate = aggregateIn(schema, what, verb);
    if (aggregate.fraction !== undefined && aggregate.function === "quantile") {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${verb}: quantile is not a window's function`,
        hint: "median is, or use aggregate and join.",
      });
    }
    return ofAggregate(name, aggregate);
  }
  const operand = what.of === undefined ? undefined : operandIn(what.of, schema, verb);
  const known = Object.hasOwn(functions, what.function) ? functions[what.function] : undefined;
  if (known === undefined) return ofSum(name, what, operand, verb);
  if (known.takes !== (operand !== undefined)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${verb}: ${what.function} takes ${known.takes ? "an operand, as of" : "no operand"}`,
    });
  }
  const rows = known.rows === undefined ? undefined : rowsOf(what.rows ?? known.rows, 0, verb);
  const type = known.type(operand?.type ?? int64);
  return {
    field: { name, type },
    column: {
      function: what.function,
      ...(operand === undefined ? {} : { operand }),
      ...(rows === undefined ? {} : { rows }),
    },
  };
}

function ofAggregate(name: string, aggregate: Aggregate<ResolvedExpression>): Added {
  const { function: called, operand } = aggregate;
  return {
    field: { name, type: typeOfAggregate(aggregate) },
    column: { function: called, ...(operand === undefined ? {} : { operand }) },
  };
}

function ofSum(name: string, call: WindowCall, operand: ResolvedExpression | undefined, verb: string): Added {
  const like = Object.hasOwn(sums, call.function) ? sums[call.function] : undefined;
  if (like === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${verb}: there is no function "${String(call.function)}"`,
      hint: `There are ${[...Object.keys(functions), ...Object.keys(sums)].join(", ")}, and functions of many rows: row => row.x.sum().`,
    });
  }
  if (operand === undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: `${verb}: ${call.function} takes an operand, as of` });
  }
  const type = like === "mean" ? float64 : typeOfAggregate({ function: like, operand });
  const isMoving = call.function !== "cumulativeSum";
  return {
    field: { name, type },
    column: {
      function: call.function,
      operand,
      ...(isMoving ? { rows: rowsOf(call.rows ?? Number.NaN, 1, verb) - 1 } : {}),
    },
  };
}

function operandIn(of: unknown, schema: PlanNode["schema"], verb: string): ResolvedExpression {
  const [named] =
    typeof of === "string" && schema.some(({ name }) => name === of)
      ? namedExpressions(schema, [of], verb)
      : [];
  return named?.expression ?? expressionIn(schema, of, verb);
}

function rowsOf(rows: number, least: number, verb: string): number {
  if (Number.isSafeInteger(rows) && rows >= least) return rows;
  throw new AikoError("INVALID_ARGUMENT", { message: `${verb}: rows is a whole number from ${least} up` });
}

function isCall(what: unknown): what is WindowCall {
  return (
    typeof what === "object" &&
    what !== null &&
    "function" in what &&
    !("expression" in what) &&
    !("aggregate" in what) &&
    !("operand" in what)
  );
}
