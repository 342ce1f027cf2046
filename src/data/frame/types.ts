import type { ColumnType } from "../../core/column-type.ts";
import type {
  AggregateBuilder,
  ColumnBuilder,
  KindOfOperand,
  KindOfType,
  LiteralValue,
  Row,
  RowKinds,
  SortKey,
  ValueKind,
} from "../../expression/column/index.ts";
import type { WindowFunction } from "../plan/node.ts";

/** Of a frame of which TypeScript knows nothing. */
export type AnyColumns = Readonly<Record<string, "any">>;

export type Flat<T> = { readonly [N in keyof T]: T[N] };

/** What a frame may know, where TypeScript cannot tell by itself. */
export type Known<T> = T extends RowKinds ? T : never;

export type NameOf<C> = keyof C & string;

/** What computes a value of each row: `row => row.speed.multiply(2)`, an expression, its text, or a value. */
export type Computed<C extends RowKinds> =
  | ((row: Row<C>) => ColumnBuilder<ValueKind> | LiteralValue)
  | ColumnBuilder<ValueKind>
  | string
  | number
  | bigint
  | boolean
  | null
  | Date;

/** What keeps a row: null counts as false. */
export type Predicate<C extends RowKinds> =
  | ((row: Row<C>) => ColumnBuilder<"bool" | "any">)
  | ColumnBuilder<"bool" | "any">
  | string;

/** What computes a value of many rows: `row => row.speed.mean()`, `count()`, or text such as "sum(speed)". */
export type Aggregated<C extends RowKinds> =
  | ((row: Row<C>) => AggregateBuilder<ValueKind>)
  | AggregateBuilder<ValueKind>
  | string;

export type KindOfComputed<V> = V extends (...args: never) => infer R
  ? KindOfOperand<R>
  : V extends string
    ? "any"
    : KindOfOperand<V>;

export type KindOfAggregated<V> = V extends (...args: never) => infer R
  ? KindOfAggregated<R>
  : V extends AggregateBuilder<infer K>
    ? K
    : "any";

export type Computations<C extends RowKinds> = Readonly<Record<string, Computed<C>>>;

export type KindsOf<D> = { readonly [N in keyof D]: KindOfComputed<D[N]> };

export type AggregatedKinds<D> = { readonly [N in keyof D]: KindOfAggregated<D[N]> };

/** The columns of `C`, those of `D` in their place or after them. */
export type With<C, D> = Flat<Omit<C, keyof D> & D>;

/** `select` and `groupBy` take names and objects: what they give together. */
export type Selected<C, Items extends readonly unknown[]> = Items extends readonly [
  infer First,
  ...infer Rest,
]
  ? Flat<SelectedOne<C, First> & Selected<C, Rest>>
  : Items extends readonly []
    ? unknown
    : AnyColumns;

type SelectedOne<C, Item> = Item extends keyof C
  ? { readonly [N in Item]: C[N] }
  : Item extends string
    ? { readonly [N in Item]: "any" }
    : KindsOf<Item>;

export type Selection<C extends RowKinds> = NameOf<C> | Computations<C>;

export type Renamed<C, D> = Flat<{
  readonly [N in keyof C as N extends keyof D ? Extract<D[N], string> : N]: C[N];
}>;

/** A name, descending after a minus, or an expression with `asc()` or `desc()`. */
export type Order<C extends RowKinds> =
  | NameOf<C>
  | `-${NameOf<C>}`
  | ((row: Row<C>) => SortKey | ColumnBuilder<ValueKind>)
  | SortKey
  | ColumnBuilder<ValueKind>;

export type JoinOf<C extends RowKinds, D extends RowKinds> =
  | (NameOf<C> & NameOf<D>)
  | readonly (NameOf<C> & NameOf<D>)[]
  | { readonly left: JoinKeys<C>; readonly right: JoinKeys<D> };

type JoinKey<C extends RowKinds> = NameOf<C> | ((row: Row<C>) => ColumnBuilder<ValueKind>);
type JoinKeys<C extends RowKinds> = JoinKey<C> | readonly JoinKey<C>[];

/** Columns of the right that the left has too get a suffix; those joined on are given once. */
export type Joined<C, D, How, On, Suffix extends string> = How extends "semi" | "anti"
  ? C
  : Flat<
      C & {
        readonly [N in keyof D as N extends SharedName<On>
          ? never
          : N extends keyof C
            ? `${N & string}${Suffix}`
            : N]: D[N];
      }
    >;

type SharedName<On> = On extends string ? On : On extends readonly (infer N)[] ? N : never;

export interface WindowCalled<C extends RowKinds> {
  readonly function: Exclude<WindowFunction, "quantile">;
  /** A column's name, or what computes a value of each row. */
  readonly of?: NameOf<C> | Computed<C> | undefined;
  /** Of `lag` and `lead`: rows away, 1 by default. Of moving windows: rows in it, with the current one. */
  readonly rows?: number | undefined;
}

export type WindowColumns<C extends RowKinds> = Readonly<Record<string, WindowCalled<C> | Aggregated<C>>>;

type NumberFunction =
  | "rowNumber"
  | "rank"
  | "denseRank"
  | "cumulativeSum"
  | "movingMean"
  | "movingSum"
  | "count"
  | "countRows"
  | "mean"
  | "sum";

export type WindowKinds<D> = {
  readonly [N in keyof D]: D[N] extends { readonly function: infer F }
    ? F extends NumberFunction
      ? "number"
      : "any"
    : KindOfAggregated<D[N]>;
};

export interface WindowOptions<C extends RowKinds, D extends WindowColumns<C>> {
  readonly partitionBy?: Selection<C> | readonly Selection<C>[] | undefined;
  readonly orderBy?: Order<C> | readonly Order<C>[] | undefined;
  readonly columns: D;
}

/** The kinds that types name: of `{ id: "int64", city: "utf8" }`. */
export type KindsOfTypes<T> = {
  readonly [N in keyof T]: T[N] extends ColumnType["kind"]
    ? KindOfType<T[N]>
    : T[N] extends { readonly kind: infer K extends ColumnType["kind"] }
      ? KindOfType<K>
      : "any";
};
