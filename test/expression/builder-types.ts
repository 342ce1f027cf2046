import type { AggregateBuilder, ColumnBuilder, RowKindsOf } from "#src/expression/column/index.js";
import { column, count, literal, rowOf, when } from "#src/expression/column/index.js";

interface Trip {
  readonly city: string;
  readonly distance: number;
  readonly seconds: bigint | null;
  readonly paid: boolean;
  readonly at: Date;
}

const row = rowOf<RowKindsOf<Trip>>([]);
const same = <T>(value: T, _check: (value: T) => void): T => value;

export const allowed = [
  row.city.equal("Nantes").and(row.distance.greater(3), row.paid),
  row.city.length().add(1n).divide(row.seconds),
  row.at.less(new Date(0)),
  row.at.year().isIn([2023, 2024]),
  row.at.greater("2024-01-01"),
  row.distance.between(1, null).or(row.seconds.isNull()),
  row.distance.sum(),
  row.city.max(),
  when(row.paid).then(row.distance).otherwise(0).add(1),
  column("anything").add(1).equal("text"),
  column<"utf8">("name").like("N%"),
  row.distance.equal(column("anything")),
  literal("2024-01-01", "date").year(),
  literal(1).add(row.distance),
  count(),
];

same(row.distance.mean(), (_: AggregateBuilder<"number">) => {});
same(row.distance.cast("utf8"), (_: ColumnBuilder<"utf8">) => {});
same(row.distance.cast("decimal(12, 2)").add(1), (_: ColumnBuilder<"any">) => {});
same(row.distance.cast({ kind: "decimal", precision: 3, scale: 1 }), (_: ColumnBuilder<"number">) => {});
same(row.at.subtract(row.at), (_: ColumnBuilder<"any">) => {});
same(when(row.paid).then("a").otherwise(row.city), (_: ColumnBuilder<"utf8">) => {});

export const refused = () => [
  // @ts-expect-error text has no sum
  row.city.add(1),
  // @ts-expect-error
  row.distance.equal("x"),
  // @ts-expect-error
  row.distance.like("x"),
  // @ts-expect-error
  row.paid.sum(),
  // @ts-expect-error
  row.distance.and(true),
  // @ts-expect-error
  row.city.isIn([1, 2]),
  // @ts-expect-error
  row.distance.year(),
  // @ts-expect-error
  row.speed,
  // @ts-expect-error
  row.city.coalesce(1),
  // @ts-expect-error
  row.distance.add(row.city),
  // @ts-expect-error
  row.at.dateTrunc("fortnight"),
  // @ts-expect-error
  when(row.distance),
  // @ts-expect-error
  row.distance.add(undefined),
];
