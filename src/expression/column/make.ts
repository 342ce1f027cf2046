import type { ColumnType } from "../../core/column-type.ts";
import { AggregateBuilder } from "./aggregate-builder.ts";
import { type Branch, branchOf } from "./branch.ts";
import { ColumnBuilder, expressionOf, isLiteral } from "./builder.ts";
import type {
  KindOfOperand,
  KindOfTypeText,
  KindOfValue,
  Operand,
  TypeText,
  ValueKind,
} from "./builder-types.ts";
import type { ColumnExpression, LiteralValue } from "./expression.ts";
import { typeOf } from "./type-text.ts";

/** A column by its name. */
export function column<K extends ValueKind = "any">(name: string): ColumnBuilder<K> {
  return new ColumnBuilder({ kind: "column", name });
}

/**
 * A value that a program writes down. Its type is int64 for whole numbers and bigints, float64, bool, utf8, and
 * timestamp(ms) for a Date, or what the function it is given to takes; `type` names another.
 */
export function literal<const V extends LiteralValue>(value: V): ColumnBuilder<KindOfValue<V>>;
export function literal<const T extends TypeText | ColumnType>(
  value: LiteralValue,
  type: T,
): ColumnBuilder<KindOfTypeText<T>>;
export function literal(value: LiteralValue, type?: TypeText | ColumnType): ColumnBuilder<ValueKind> {
  if (!isLiteral(value)) expressionOf(value);
  return new ColumnBuilder({
    kind: "literal",
    value,
    ...(type === undefined ? {} : { type: typeOf(type) }),
  });
}

/** How many rows there are, nulls too. */
export function count(): AggregateBuilder<"number"> {
  return new AggregateBuilder({ function: "countRows" });
}

/** One expression for rows where a condition holds, another where it does not: `when(c).then(x).otherwise(y)`. */
export function when(condition: Operand<"bool">): WhenBuilder<never> {
  return new WhenBuilder([], condition);
}

type Branches = readonly Branch<ColumnExpression>[];

/** SQL's word; nobody awaits half an expression. */
const then = "then";

class WhenBuilder<K extends ValueKind> {
  readonly #branches: Branches;
  readonly #condition: ColumnExpression;

  constructor(branches: Branches, condition: Operand<"bool">) {
    this.#branches = branches;
    this.#condition = expressionOf(condition);
  }

  [then]<const V extends Operand<"any"> | ColumnBuilder<ValueKind>>(
    value: V,
  ): CaseBuilder<K | KindOfOperand<V>> {
    return new CaseBuilder([...this.#branches, branchOf(this.#condition, expressionOf(value))]);
  }
}

/** A column: null where no condition holds. */
class CaseBuilder<K extends ValueKind> extends ColumnBuilder<K> {
  readonly #branches: Branches;

  constructor(branches: Branches) {
    super({ kind: "case", branches });
    this.#branches = branches;
  }

  when(condition: Operand<"bool">): WhenBuilder<K> {
    return new WhenBuilder(this.#branches, condition);
  }

  otherwise<const V extends Operand<"any"> | ColumnBuilder<ValueKind>>(
    value: V,
  ): ColumnBuilder<K | KindOfOperand<V>> {
    return new ColumnBuilder({ kind: "case", branches: this.#branches, otherwise: expressionOf(value) });
  }
}
