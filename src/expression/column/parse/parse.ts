import { suggest } from "../../../core/suggest.ts";
import { AikoError } from "../../../errors.ts";
import { checkedFraction } from "../aggregate-builder.ts";
import type { Aggregate, ColumnExpression, SortKey } from "../expression.ts";
import { Cursor } from "./cursor.ts";
import { parseOperand } from "./expressions.ts";
import { aggregateNamed, knownAggregates } from "./names.ts";

/** An expression as SQL writes it: `distance > 3 and city like 'N%'`. Throws INVALID_ARGUMENT that points at the mistake. */
export function parseExpression(text: string): ColumnExpression {
  const cursor = cursorOf(text);
  const expression = parseOperand(cursor);
  cursor.expectEnd();
  return expression;
}

export interface NamedExpression {
  readonly name: string;
  readonly expression: ColumnExpression;
}

/** `a, b * 2 as c`: what has no name of its own is called as it is written. */
export function parseColumns(text: string): readonly NamedExpression[] {
  return listOf(text, (cursor) => {
    const start = cursor.token.start;
    const expression = parseOperand(cursor);
    const written = cursor.source.slice(start, cursor.token.start).trim();
    return {
      name: nameAfter(cursor) ?? (expression.kind === "column" ? expression.name : written),
      expression,
    };
  });
}

export interface NamedAggregate {
  readonly name: string;
  readonly aggregate: Aggregate;
}

/** `count(), mean(speed) as m, sum(a * b)`: what has no name is called as it is written. */
export function parseAggregates(text: string): readonly NamedAggregate[] {
  return listOf(text, (cursor) => {
    const start = cursor.token.start;
    const aggregate = aggregateAt(cursor);
    const written = cursor.source.slice(start, cursor.token.start).trim();
    return { name: nameAfter(cursor) ?? written, aggregate };
  });
}

/** `a desc, b nulls first`. */
export function parseSortKeys(text: string): readonly SortKey[] {
  return listOf(text, (cursor) => {
    const expression = parseOperand(cursor);
    const descending = cursor.accept("desc");
    if (!descending) cursor.accept("asc");
    let nullsFirst = false;
    if (cursor.accept("nulls")) {
      nullsFirst = cursor.accept("first");
      if (!nullsFirst) cursor.expect("last");
    }
    return { expression, descending, nullsFirst };
  });
}

function cursorOf(text: string): Cursor {
  if (typeof text === "string") return new Cursor(text);
  throw new AikoError("INVALID_ARGUMENT", { message: `An expression is text, got ${typeof text}` });
}

function listOf<T>(text: string, parse: (cursor: Cursor) => T): readonly T[] {
  const cursor = cursorOf(text);
  const items: T[] = [];
  do items.push(parse(cursor));
  while (cursor.accept(","));
  cursor.expectEnd();
  return items;
}

function nameAfter(cursor: Cursor): string | undefined {
  if (!cursor.accept("as")) return undefined;
  const { kind } = cursor.token;
  if (kind !== "word" && kind !== "name") throw cursor.error(`Expected a name, found ${cursor.found()}`);
  return cursor.next().text;
}

function aggregateAt(cursor: Cursor): Aggregate {
  const { token } = cursor;
  const name = token.kind === "word" ? aggregateNamed(token.text) : undefined;
  if (name === undefined || !cursor.is("(", 1)) {
    const close = token.kind === "word" ? suggest(token.text, knownAggregates) : undefined;
    throw cursor.error(
      `Expected an aggregate such as sum(a), found ${cursor.found()}`,
      close === undefined ? `Aggregates are ${knownAggregates.join(", ")}.` : `Did you mean ${close}?`,
    );
  }
  cursor.next();
  cursor.expect("(");
  if (name === "countRows" || name === "count") {
    cursor.accept("*");
    if (cursor.accept(")")) return { function: "countRows" };
  }
  const isDistinct = name === "count" && cursor.accept("distinct");
  const operand = parseOperand(cursor);
  const fraction = name === "quantile" ? fractionAt(cursor) : undefined;
  cursor.expect(")");
  return {
    function: isDistinct ? "countDistinct" : name,
    operand,
    ...(fraction === undefined ? {} : { fraction }),
  };
}

function fractionAt(cursor: Cursor): number {
  cursor.expect(",");
  const { token } = cursor;
  const value = token.kind === "number" ? Number(cursor.next().text) : Number.NaN;
  try {
    return checkedFraction(value);
  } catch {
    throw cursor.error("A quantile's fraction is a number from 0 to 1", undefined, token);
  }
}
