import { type Schema, typeText } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import { count, type RowKinds } from "../../expression/column/index.ts";
import type { RunOptions } from "../../runtime/index.ts";
import { Columns } from "../columns.ts";
import type { DataContext } from "../context.ts";
import { type WriteOptions, type Written, writeFile } from "../files/write.ts";
import type { JoinKind, PlanNode } from "../plan/node.ts";
import { optimize } from "../plan/optimize.ts";
import { type BatchOptions, batchesOf } from "../run/batches.ts";
import { type CollectOptions, collected, computed } from "../run/collect.ts";
import { type Explanation, explained } from "../run/explain.ts";
import { scanOf } from "../source/scan.ts";
import type { Table } from "../table.ts";
import { tableFromRows } from "../values/rows.ts";
import { aggregate, type PivotValue, pivot } from "../verbs/aggregate.ts";
import { concat } from "../verbs/concat.ts";
import { describe } from "../verbs/describe.ts";
import { type JoinOn, join } from "../verbs/join.ts";
import { dropNull, fillNull } from "../verbs/nulls.ts";
import { derive, drop, rename, select } from "../verbs/project.ts";
import { distinct, explode, filter, limit, orderBy, unpivot } from "../verbs/rows.ts";
import { window } from "../verbs/window.ts";
import type {
  Aggregated,
  AggregatedKinds,
  AnyColumns,
  Computations,
  Flat,
  Joined,
  JoinOf,
  KindsOf,
  Known,
  NameOf,
  Order,
  Predicate,
  Renamed,
  Selected,
  Selection,
  WindowColumns,
  WindowKinds,
  WindowOptions,
  With,
} from "./types.ts";

type Untyped = DataFrame<AnyColumns>;

/**
 * Rows of named columns that are not computed before they are asked for. Immutable: every verb gives another frame, and
 * throws INVALID_ARGUMENT at once for columns that there are not, types that do not go together, and names given twice.
 * `orderBy`, `filter`, `derive`, `select`, `concat`, `window` and `explode` keep the order of rows; after `join`, `aggregate`,
 * `distinct` and `pivot` it is undefined.
 */
export class DataFrame<C extends RowKinds = AnyColumns> implements Disposable, AsyncIterable<Table> {
  declare readonly kinds: C;
  readonly plan: PlanNode;
  readonly #context: DataContext;
  readonly #owned: Columns | undefined;

  /** Made by `gpu.data`. */
  constructor(context: DataContext, plan: PlanNode, owned?: Columns) {
    this.#context = context;
    this.plan = plan;
    this.#owned = owned;
  }

  /** Names and types of the columns, in order. */
  get schema(): Schema {
    return this.plan.schema;
  }

  get columnNames(): readonly NameOf<C>[] {
    return this.schema.map(({ name }) => name as NameOf<C>);
  }

  /** These columns in this order: names, and objects of new ones: `select("city", { kmh: row => row.mph.multiply(1.6) })`. */
  select<const I extends readonly Selection<C>[]>(...items: I): DataFrame<Known<Selected<C, I>>> {
    return this.#with(select(this.plan, items));
  }

  drop<const N extends NameOf<C>>(...names: readonly N[]): DataFrame<Flat<Omit<C, N>>> {
    return this.#with(drop(this.plan, names));
  }

  /** `rename({ before: "after" })`. */
  rename<const D extends { readonly [N in NameOf<C>]?: string }>(names: D): DataFrame<Known<Renamed<C, D>>> {
    return this.#with(rename(this.plan, names as Readonly<Record<string, string>>));
  }

  /** The rows for which it holds; null does not. */
  filter(predicate: Predicate<C>): DataFrame<C> {
    return this.#with(filter(this.plan, predicate));
  }

  /** All columns and computed ones, which take the place of those of their name. They do not see each other. */
  derive<const D extends Computations<C>>(columns: D): DataFrame<With<C, KindsOf<D>>> {
    return this.#with(derive(this.plan, columns));
  }

  /** `derive`, by the name that Polars has for it. */
  withColumns<const D extends Computations<C>>(columns: D): DataFrame<With<C, KindsOf<D>>> {
    return this.derive(columns);
  }

  /** Groups of rows with equal keys, for `aggregate`. Nulls are one group, as are NaNs, and 0 and -0. */
  groupBy<const I extends readonly Selection<C>[]>(...keys: I): GroupedFrame<C, Known<Selected<C, I>>> {
    return new GroupedFrame((columns) => this.#with(aggregate(this.plan, keys, columns)));
  }

  /** One row for all rows: `aggregate({ rows: count(), fastest: row => row.speed.max() })`. */
  aggregate<const D extends Readonly<Record<string, Aggregated<C>>>>(
    columns: D,
  ): DataFrame<Flat<AggregatedKinds<D>>> {
    return this.#with(aggregate(this.plan, [], columns));
  }

  /**
   * Rows of both whose keys are equal: `join(cities, "id")`, `join(cities, { left: "city", right: "id" }, { how: "left" })`.
   * Columns joined on by one name are given once; other names that both have get the suffix on the right.
   */
  join<
    D extends RowKinds,
    const On extends JoinOf<C, D>,
    const How extends JoinKind = "inner",
    const S extends string = "_right",
  >(
    other: DataFrame<D>,
    on: On | undefined,
    options: { readonly how?: How; readonly nullsEqual?: boolean; readonly suffix?: S } = {},
  ): DataFrame<Known<Joined<C, D, How, On, S>>> {
    const { how = "inner", nullsEqual = false, suffix = "_right" } = options;
    assertFrame(other, "join");
    return this.#with(join(this.plan, other.plan, on as JoinOn | undefined, { how, nullsEqual, suffix }));
  }

  /** Stable. `orderBy("-speed", "city")`, `orderBy(row => row.speed.desc({ nulls: "first" }))`. Nulls come last. */
  orderBy(...keys: readonly Order<C>[]): DataFrame<C> {
    return this.#with(orderBy(this.plan, keys));
  }

  /** The first `n` rows in an order. */
  top(n: number, ...by: readonly Order<C>[]): DataFrame<C> {
    return this.#with(orderBy(this.plan, by, n));
  }

  /** `count` rows after the first `offset`. */
  limit(count: number, offset = 0): DataFrame<C> {
    return this.#with(limit(this.plan, count, offset));
  }

  /** Rows that differ; in the named columns, where some are named: the first of each. */
  distinct(...names: readonly NameOf<C>[]): DataFrame<C> {
    return this.#with(distinct(this.plan, names));
  }

  /** The rows of others after these. Columns are matched by name. */
  concat(...others: readonly DataFrame<C>[]): DataFrame<C> {
    for (const other of others) assertFrame(other, "concat");
    return this.#with(concat([this.plan, ...others.map(({ plan }) => plan)]));
  }

  /**
   * A row for each combination of keys and a column for each value of `names`. Without `values`, the values that there are
   * are asked for first.
   */
  pivot(options: PivotOptions<C> & { readonly values: readonly PivotValue[] }): Untyped;
  pivot(options: PivotOptions<C>): Promise<Untyped>;
  pivot(options: PivotOptions<C>): Untyped | Promise<Untyped> {
    const { keys, names, values, aggregate: of } = options;
    const made = (known: readonly PivotValue[]): Untyped =>
      this.#with(pivot(this.plan, { keys: listed(keys), names, values: known, aggregate: of }));
    return values === undefined ? this.#valuesOf(names).then(made) : made(values);
  }

  /** A row for each of `columns`, with its name and its value; by default for all that are not kept. */
  unpivot(options: UnpivotOptions<C>): Untyped {
    const { keep = [], names = "name", values = "value" } = options;
    const kept: readonly string[] = keep;
    const columns = options.columns ?? this.columnNames.filter((name) => !kept.includes(name));
    return this.#with(unpivot(this.plan, { keep, columns, names, values }));
  }

  /** Adds columns computed from the rows around each row: ranks, neighbours, running and moving sums, totals. */
  window<const D extends WindowColumns<C>>(
    options: WindowOptions<C, D>,
  ): DataFrame<Known<Flat<C & WindowKinds<D>>>> {
    const { partitionBy = [], orderBy: order = [], columns } = options;
    return this.#with(
      window(this.plan, { partitionBy: listed(partitionBy), orderBy: listed(order), columns }),
    );
  }

  /** A row for each item of a column of lists; null and empty lists give none. */
  explode<const N extends NameOf<C>>(name: N): DataFrame<With<C, { readonly [K in N]: "any" }>> {
    return this.#with(explode(this.plan, name));
  }

  /** A value in place of nulls: one by column, or one for every column whose type takes it. */
  fillNull(
    values: string | number | bigint | boolean | Date | { readonly [N in NameOf<C>]?: unknown },
  ): DataFrame<C> {
    return this.#with(fillNull(this.plan, values));
  }

  /** The rows that have no null, in the named columns or in any. */
  dropNull(...names: readonly NameOf<C>[]): DataFrame<C> {
    return this.#with(dropNull(this.plan, names));
  }

  /** Computes all rows. Rejects with RESULT_TOO_LARGE for more than fit, and with what the data is: OVERFLOW, INVALID_VALUE. */
  collect(options: CollectOptions = {}): Promise<Table> {
    return collected(this.#context, this.plan, options);
  }

  /** How many rows there are. */
  async count(options: RunOptions = {}): Promise<number> {
    const table = await collected(this.#context, aggregate(this.plan, [], { rows: count() }), options);
    return Number(table.at(0)?.["rows"] ?? 0);
  }

  /** The rows in tables of at most so many, in bounded memory: for results larger than memory. */
  batches(options: BatchOptions = {}): AsyncGenerator<Table, void, undefined> {
    return batchesOf(this.#context, this.plan, options);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Table, void, undefined> {
    return this.batches();
  }

  /** What would run where, and why. */
  explain(options: RunOptions = {}): Promise<Explanation> {
    return explained(this.#context, this.plan, options);
  }

  /**
   * A row for each column: how many values and nulls, least and greatest, and for numbers quartiles, and mean and deviation
   * of the finite ones. */
  async describe(options: RunOptions = {}): Promise<Untyped> {
    const { statistics, table } = describe(this.plan);
    const counted = await collected(this.#context, statistics, options);
    const columns = Columns.onHost(await tableFromRows(table(counted.at(0) ?? {})));
    return new DataFrame(this.#context, scanOf(columns), columns);
  }

  /** A frame whose rows are in memory from now on, until it is disposed. */
  async cache(options: CollectOptions = {}): Promise<DataFrame<C>> {
    const { columns } = await computed(this.#context, optimize(this.plan), options);
    return new DataFrame(this.#context, scanOf(columns), columns);
  }

  /** Compressed by Zstandard unless `compression` names another. No file is left where writing fails: WRITE_FAILED. */
  writeParquet(path: string, options: WriteOptions = {}): Promise<Written> {
    return writeFile(this.#context, this.plan, path, "parquet", options);
  }

  writeCsv(path: string, options: WriteOptions = {}): Promise<Written> {
    return writeFile(this.#context, this.plan, path, "csv", options);
  }

  writeNdjson(path: string, options: WriteOptions = {}): Promise<Written> {
    return writeFile(this.#context, this.plan, path, "ndjson", options);
  }

  /** Apache Arrow's file format. */
  writeArrow(path: string, options: WriteOptions = {}): Promise<Written> {
    return writeFile(this.#context, this.plan, path, "arrow", options);
  }

  /** Frees what `cache` keeps. Other frames hold nothing. */
  dispose(): void {
    this.#owned?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The columns and their types. */
  toString(): string {
    return `DataFrame(${this.schema.map(({ name, type }) => `${name}: ${typeText(type)}`).join(", ")})`;
  }

  async #valuesOf(name: string): Promise<readonly PivotValue[]> {
    const values = orderBy(distinct(dropNull(select(this.plan, [name]), []), []), [name]);
    const table = await collected(this.#context, values, {});
    return table.toRows().map((row) => row[name] as PivotValue);
  }

  #with<D extends RowKinds>(plan: PlanNode): DataFrame<D> {
    return new DataFrame<D>(this.#context, plan);
  }
}

export interface PivotOptions<C extends RowKinds> {
  readonly keys: NameOf<C> | readonly NameOf<C>[];
  /** The column whose values become columns. */
  readonly names: NameOf<C>;
  readonly values?: readonly PivotValue[] | undefined;
  /** What the new columns hold: `row => row.amount.sum()`. */
  readonly aggregate: Aggregated<C>;
}

export interface UnpivotOptions<C extends RowKinds> {
  readonly keep?: readonly NameOf<C>[] | undefined;
  readonly columns?: readonly NameOf<C>[] | undefined;
  /** The new column of names. Default "name". */
  readonly names?: string | undefined;
  /** The new column of values. Default "value". */
  readonly values?: string | undefined;
}

/** Rows in groups, waiting for what to compute of each. */
export class GroupedFrame<C extends RowKinds, K extends RowKinds> {
  readonly #aggregated: <D extends RowKinds>(columns: Readonly<Record<string, unknown>>) => DataFrame<D>;

  constructor(aggregated: <D extends RowKinds>(columns: Readonly<Record<string, unknown>>) => DataFrame<D>) {
    this.#aggregated = aggregated;
  }

  /** A row for each group: its keys and these columns. */
  aggregate<const D extends Readonly<Record<string, Aggregated<C>>>>(
    columns: D,
  ): DataFrame<Flat<K & AggregatedKinds<D>>> {
    return this.#aggregated(columns);
  }
}

function listed<T>(items: T | readonly T[]): readonly T[] {
  return Array.isArray(items) ? items : [items as T];
}

export function assertFrame(value: unknown, verb: string): asserts value is DataFrame {
  if (value instanceof DataFrame) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${verb} takes a DataFrame`,
    hint: "Make one with gpu.data.from or gpu.data.read.",
  });
}
