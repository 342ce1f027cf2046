import {
  aggregateToSql,
  quoteText,
  type ResolvedExpression,
  sortKeyToSql,
  toSql,
} from "../../expression/column/index.ts";
import { inputsOf } from "../plan/inputs.ts";
import type { JoinKind, PlanNode } from "../plan/node.ts";
import type { Source } from "../source/source.ts";
import { windowSql } from "./window-sql.ts";

/** How a source is named in SQL. */
export interface SourceSql {
  /** After FROM. */
  readonly from: string;
  /** Of each of its columns. */
  readonly columns: readonly string[];
  /** Counts its rows in order, where it has something that does. */
  readonly rowNumber?: string | undefined;
}

export type Sources = (source: Source) => SourceSql;

/** One SELECT that gives a plan's rows; its columns are c0, c1, ... */
export function planSql(plan: PlanNode, sources: Sources): string {
  return new PlanText(sources).of(plan);
}

type Node<K extends PlanNode["kind"]> = PlanNode & { readonly kind: K };

/** Statements may have the number of each row as a last column `r`, for what depends on the order of rows. */
class PlanText {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  of(node: PlanNode): string {
    switch (node.kind) {
      case "scan":
        return this.#scan(node, false);
      case "filter":
        return `SELECT * FROM (${this.of(node.input)}) WHERE ${sqlOf(node.predicate)}`;
      case "project":
        return `SELECT ${named(node.expressions)} FROM (${this.of(node.input)})`;
      case "aggregate":
        return this.#aggregate(node);
      case "join":
        return this.#join(node);
      case "sort":
        return this.#sort(node);
      case "limit":
        return `SELECT * FROM (${this.of(node.input)})${limitSql(node)}`;
      case "distinct":
        return this.#distinct(node);
      case "concat":
        return node.inputs.map((input) => `SELECT * FROM (${this.of(input)})`).join(" UNION ALL ");
      case "window":
        return windowSql(node, this.#ordered(node.input));
      case "explode":
        return `SELECT ${columns(node, (at) => (at === node.column ? `unnest(c${at})` : `c${at}`))} FROM (${this.of(node.input)})`;
      case "unpivot":
        return this.#unpivot(node);
    }
  }

  /** With `r`. */
  #ordered(node: PlanNode): string {
    switch (node.kind) {
      case "scan":
        return this.#scan(node, true);
      case "filter":
        return `SELECT * FROM (${this.#ordered(node.input)}) WHERE ${sqlOf(node.predicate)}`;
      case "project":
        return `SELECT ${named(node.expressions)}, r FROM (${this.#ordered(node.input)})`;
      default:
        return `SELECT *, row_number() OVER () AS r FROM (${this.of(node)})`;
    }
  }

  #scan({ source, columns: positions, predicate }: Node<"scan">, isOrdered: boolean): string {
    const table = this.#sources(source);
    const list = positions.map((at, index) => `${table.columns[at]} AS c${index}`).join(", ");
    const where =
      predicate === undefined ? "" : ` WHERE ${toSql(predicate, (at) => table.columns[at] ?? "")}`;
    if (!isOrdered) return `SELECT ${list} FROM ${table.from}${where}`;
    if (table.rowNumber === undefined) {
      return `SELECT *, row_number() OVER () AS r FROM (SELECT ${list} FROM ${table.from}${where})`;
    }
    return `SELECT ${list}, ${table.rowNumber} AS r FROM ${table.from}${where}`;
  }

  #aggregate({ input, keys, aggregates }: Node<"aggregate">): string {
    const dependsOnOrder = aggregates.some((one) => one.function === "first" || one.function === "last");
    const values = aggregates.map((one, at) => {
      const text = (() => {
        if (one.operand === undefined || !(one.function === "first" || one.function === "last")) {
          return aggregateToSql(one, cell);
        }
        return `${one.function === "first" ? "arg_min" : "arg_max"}(${sqlOf(one.operand)}, r)`;
      })();
      return `${text} AS c${keys.length + at}`;
    });
    const list = [...keys.map((key, at) => `${sqlOf(key)} AS c${at}`), ...values].join(", ");
    const groups = keys.length === 0 ? "" : ` GROUP BY ${keys.map((_, at) => at + 1).join(", ")}`;
    return `SELECT ${list} FROM (${dependsOnOrder ? this.#ordered(input) : this.of(input)})${groups}`;
  }

  #join({ left, right, how, leftKeys, rightKeys, nullsEqual }: Node<"join">): string {
    const width = left.schema.length;
    const ofLeft = left.schema.map((_, at) => `l.c${at} AS c${at}`);
    const isOneSided = how === "semi" || how === "anti";
    const ofRight = isOneSided ? [] : right.schema.map((_, at) => `r.c${at} AS c${width + at}`);
    const equals = nullsEqual ? "IS NOT DISTINCT FROM" : "=";
    const conditions = leftKeys.map((key, at) => {
      const other = rightKeys[at] as ResolvedExpression;
      return `${toSql(key, (index) => `l.c${index}`)} ${equals} ${toSql(other, (index) => `r.c${index}`)}`;
    });
    const on = conditions.length === 0 ? "" : ` ON ${conditions.join(" AND ")}`;
    const sides = `(${this.of(left)}) AS l ${joins[how]} (${this.of(right)}) AS r`;
    return `SELECT ${[...ofLeft, ...ofRight].join(", ")} FROM ${sides}${on}`;
  }

  #sort(node: Node<"sort">): string {
    const { input, keys, limit } = node;
    const order = keys.map((key) => sortKeyToSql(key, cell));
    const isTotal = showsAll(node) || !hasOrder(input);
    const from = isTotal ? this.of(input) : this.#ordered(input);
    const by = isTotal ? order : [...order, "r"];
    const most = limit === undefined ? "" : ` LIMIT ${limit}`;
    return `SELECT ${columns(node)} FROM (${from}) ORDER BY ${by.join(", ")}${most}`;
  }

  #distinct(node: Node<"distinct">): string {
    if (node.columns === undefined) return `SELECT DISTINCT * FROM (${this.of(node.input)})`;
    const on = node.columns.map((at) => `t.c${at}`).join(", ");
    const list = columns(node, (at) => `arg_min_null(c${at}, r)`);
    return `SELECT ${list} FROM (${this.#ordered(node.input)}) AS t GROUP BY ${on}`;
  }

  #unpivot({ input, keep, columns: taken }: Node<"unpivot">): string {
    const kept = keep.map((from, at) => `c${from} AS c${at}`);
    const names = taken.map((at) => quoteText(input.schema[at]?.name ?? "")).join(", ");
    const values = taken.map((at) => `c${at}`).join(", ");
    const list = [
      ...kept,
      `unnest([${names}]) AS c${keep.length}`,
      `unnest([${values}]) AS c${keep.length + 1}`,
    ];
    return `SELECT ${list.join(", ")} FROM (${this.of(input)})`;
  }
}

const joins: Readonly<Record<JoinKind, string>> = {
  inner: "INNER JOIN",
  left: "LEFT JOIN",
  right: "RIGHT JOIN",
  full: "FULL JOIN",
  semi: "SEMI JOIN",
  anti: "ANTI JOIN",
  cross: "CROSS JOIN",
};

function cell(index: number): string {
  return `c${index}`;
}

function sqlOf(expression: ResolvedExpression): string {
  return toSql(expression, cell);
}

function named(expressions: readonly ResolvedExpression[]): string {
  return expressions.map((expression, at) => `${sqlOf(expression)} AS c${at}`).join(", ");
}

function columns(node: PlanNode, text: (at: number) => string = cell): string {
  return node.schema
    .map((_, at) => {
      const own = text(at);
      return own === `c${at}` ? own : `${own} AS c${at}`;
    })
    .join(", ");
}

function limitSql({ count, offset }: Node<"limit">): string {
  const most = count === Number.MAX_SAFE_INTEGER ? "" : ` LIMIT ${count}`;
  return offset === 0 ? most : `${most} OFFSET ${offset}`;
}

/** Whether the order of a node's rows means something. */
function hasOrder(node: PlanNode): boolean {
  if (node.kind === "aggregate" || node.kind === "join" || node.kind === "distinct") return false;
  if (node.kind === "sort") return true;
  return node.kind === "scan" || inputsOf(node).every(hasOrder);
}

/** Whether rows that tie look the same, so that their order does not show; -0 and 0 look different. */
function showsAll({ schema, keys }: Node<"sort">): boolean {
  const sorted = new Set(
    keys.flatMap(({ expression }) =>
      expression.kind === "column" && !expression.type.kind.startsWith("float") ? [expression.index] : [],
    ),
  );
  return schema.every((_, at) => sorted.has(at));
}
