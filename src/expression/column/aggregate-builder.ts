import { AikoError } from "../../errors.ts";
import type { ValueKind } from "./builder-types.ts";
import type { Aggregate, AggregateFunction, ColumnExpression } from "./expression.ts";

/** A function of many rows, for `aggregate`. */
export class AggregateBuilder<K extends ValueKind = "any"> {
  declare readonly kind: K;
  readonly aggregate: Aggregate;

  constructor(aggregate: Aggregate) {
    this.aggregate = aggregate;
  }
}

export interface SortOptions {
  /** Default "last", in both directions. */
  readonly nulls?: "first" | "last" | undefined;
}

export function aggregateOf<K extends ValueKind>(
  name: AggregateFunction,
  { expression }: { readonly expression: ColumnExpression },
  fraction?: number,
): AggregateBuilder<K> {
  return new AggregateBuilder({
    function: name,
    operand: expression,
    ...(fraction === undefined ? {} : { fraction }),
  });
}

export function checkedFraction(fraction: number): number {
  if (fraction >= 0 && fraction <= 1) return fraction;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A quantile's fraction is from 0 to 1, got ${String(fraction)}`,
    hint: "0.5 is the median, 0.95 the 95th percentile.",
  });
}
