import { type ColumnType, type Field, typeText } from "#src/core/column-type.js";
import type { PlanNode } from "#src/data/plan/node.js";
import { typeOfAggregate } from "#src/expression/column/aggregates.js";
import type { Value } from "#src/expression/column/cast-value.js";
import type {
  Aggregate,
  AggregateFunction,
  ColumnExpression,
  ResolvedExpression,
} from "#src/expression/column/expression.js";
import { resolve } from "#src/expression/column/resolve.js";
import { aggregateToSql, toSql } from "#src/expression/column/sql/to-sql.js";
import { edgeValues, familyOf, Generator } from "../../expression/generator.js";
import { at, scanOf } from "./plans.js";
import type { Cells } from "./tables.js";

/** A plan, and the same as a query whose columns are `c0`, `c1` and so on. */
export interface Sample {
  readonly plan: PlanNode;
  readonly sql: string;
  /** Whether the order of rows is decided. */
  readonly ordered: boolean;
}

export interface RandomTable {
  readonly name: string;
  readonly schema: readonly Field[];
  readonly columns: readonly Cells[];
  readonly sample: Sample;
}

export interface Allowed {
  /** Types of columns. */
  readonly types: readonly ColumnType[];
  readonly aggregates: readonly AggregateFunction[];
  readonly expressions: boolean;
}

const column = (index: number) => `c${index}`;
const renamed = (schema: readonly unknown[], name: (index: number) => string) =>
  schema.map((_, index) => `${name(index)} AS ${column(index)}`).join(", ");

/** Typed random tables and plans over them. */
export class PlanGenerator {
  readonly #random: Generator;
  readonly #allowed: Allowed;

  constructor(seed: number, allowed: Allowed) {
    this.#random = new Generator(seed);
    this.#allowed = allowed;
  }

  /** Edge values, a few of each column, so that keys repeat; an eighth is null; texts differ or repeat. */
  table(name: string, rows: number): RandomTable {
    const width = 3 + this.#below(3);
    const schema: Field[] = [];
    const columns: Cells[] = [];
    for (let index = 0; index < width; index++) {
      const type = this.#random.pick(this.#allowed.types);
      schema.push({ name: `${name} ${index}`, type });
      columns.push(this.#cells(type, rows));
    }
    const plan = scanOf(schema, columns, this.#below(2) === 0);
    const sql = `SELECT ${renamed(schema, (index) => `"${name} ${index}"`)} FROM ${name}`;
    return { name, schema, columns, sample: { plan, sql, ordered: false } };
  }

  plan(tables: readonly RandomTable[], depth: number): Sample {
    const below = () => (depth <= 1 ? this.#random.pick(tables).sample : this.plan(tables, depth - 1));
    const kinds = ["aggregate", "aggregate", "join", "sort", "distinct", "concat", "reorder"] as const;
    const more = this.#allowed.expressions ? (["filter", "filter", "project"] as const) : ([] as const);
    switch (this.#random.pick([...kinds, ...more])) {
      case "aggregate":
        return this.#aggregate(below());
      case "join":
        return this.#join(below(), this.#random.pick(tables).sample) ?? below();
      case "sort":
        return this.#sort(below());
      case "distinct":
        return this.#distinct(below());
      case "concat":
        return this.#concat(below());
      case "reorder":
        return this.#reorder(below());
      case "filter":
        return this.#filter(below());
      case "project":
        return this.#project(below());
    }
  }

  #cells(type: ColumnType, rows: number): Cells {
    const edges = edgeValues(type);
    const some = Array.from({ length: 1 + this.#below(6) }, () => this.#random.pick(edges));
    const repeats = this.#below(3) > 0;
    return Array.from({ length: rows }, (_, row): Value | null => {
      if (this.#below(8) === 0) return null;
      const value = this.#random.pick(repeats ? some : edges);
      return type.kind === "utf8" && !repeats ? `${value}${row}` : value;
    });
  }

  #aggregate({ plan, sql }: Sample): Sample {
    const indexes = [...plan.schema.keys()];
    const keys = indexes.filter(() => this.#below(3) === 0).slice(0, 3);
    const aggregates: Aggregate<ResolvedExpression>[] = [{ function: "countRows" }];
    for (const name of this.#allowed.aggregates) {
      const operands = indexes.filter((index) => takes(name, plan.schema[index]?.type));
      if (operands.length === 0 || this.#below(2) === 0) continue;
      const fraction = name === "quantile" ? { fraction: this.#below(5) / 4 } : {};
      aggregates.push({ function: name, operand: at(plan, this.#random.pick(operands)), ...fraction });
    }
    const schema = [
      ...keys.map((index, key) => ({ name: `k${key}`, type: at(plan, index).type })),
      ...aggregates.map((each, index) => ({ name: `a${index}`, type: typeOfAggregate(each) })),
    ];
    const outputs = [...keys.map(column), ...aggregates.map((each) => aggregateToSql(each, column))];
    const grouped = keys.length === 0 ? "" : ` GROUP BY ${keys.map(column).join(", ")}`;
    return {
      plan: {
        kind: "aggregate",
        input: plan,
        keys: keys.map((index) => at(plan, index)),
        aggregates,
        schema,
      },
      sql: `SELECT ${renamed(schema, (index) => outputs[index] ?? "")} FROM (${sql})${grouped}`,
      ordered: false,
    };
  }

  #join(left: Sample, right: Sample): Sample | undefined {
    const how = this.#random.pick(["inner", "left", "right", "full", "semi", "anti"] as const);
    const pairs = [...left.plan.schema.keys()].flatMap((l) =>
      [...right.plan.schema.keys()].flatMap((r) =>
        typeText(at(left.plan, l).type) === typeText(at(right.plan, r).type) ? [[l, r] as const] : [],
      ),
    );
    if (pairs.length === 0) return undefined;
    const keys = Array.from({ length: 1 + this.#below(2) }, () => this.#random.pick(pairs));
    const nullsEqual = this.#below(3) === 0;
    const equal = nullsEqual ? "IS NOT DISTINCT FROM" : "=";
    const on = keys.map(([l, r]) => `l.${column(l)} ${equal} r.${column(r)}`).join(" AND ");
    const narrow = how === "semi" || how === "anti";
    const schema = narrow ? left.plan.schema : [...left.plan.schema, ...right.plan.schema];
    const width = left.plan.schema.length;
    const name = (index: number) => (index < width ? `l.${column(index)}` : `r.${column(index - width)}`);
    return {
      plan: {
        kind: "join",
        left: left.plan,
        right: right.plan,
        how,
        leftKeys: keys.map(([l]) => at(left.plan, l)),
        rightKeys: keys.map(([, r]) => at(right.plan, r)),
        nullsEqual,
        schema,
      },
      sql: `SELECT ${renamed(schema, name)} FROM (${left.sql}) l ${how.toUpperCase()} JOIN (${right.sql}) r ON ${on}`,
      ordered: false,
    };
  }

  /** By all columns, so that the order of rows is decided but for rows that are alike. */
  #sort({ plan, sql }: Sample): Sample {
    const order = this.#shuffled([...plan.schema.keys()]);
    const keys = order.map((index) => ({
      expression: at(plan, index),
      descending: this.#below(2) === 0,
      nullsFirst: this.#below(2) === 0,
    }));
    const by = keys.map(
      (key, position) =>
        `${column(order[position] ?? 0)} ${key.descending ? "DESC" : "ASC"} NULLS ${key.nullsFirst ? "FIRST" : "LAST"}`,
    );
    const limit = this.#below(2) === 0 ? undefined : this.#below(40);
    return {
      plan: { kind: "sort", input: plan, keys, limit, schema: plan.schema },
      sql: `SELECT * FROM (${sql}) ORDER BY ${by.join(", ")}${limit === undefined ? "" : ` LIMIT ${limit}`}`,
      ordered: true,
    };
  }

  #distinct({ plan, sql }: Sample): Sample {
    return {
      plan: { kind: "distinct", input: plan, schema: plan.schema },
      sql: `SELECT DISTINCT * FROM (${sql})`,
      ordered: false,
    };
  }

  #concat({ plan, sql }: Sample): Sample {
    return {
      plan: { kind: "concat", inputs: [plan, plan], schema: plan.schema },
      sql: `(${sql}) UNION ALL (${sql})`,
      ordered: false,
    };
  }

  #reorder({ plan, sql }: Sample): Sample {
    const order = this.#shuffled([...plan.schema.keys()]).slice(0, 1 + this.#below(plan.schema.length));
    return this.#projected(
      { plan, sql, ordered: false },
      order.map((index) => at(plan, index)),
    );
  }

  #filter({ plan, sql }: Sample): Sample {
    const predicate = this.#expression(plan, "bool");
    return {
      plan: { kind: "filter", input: plan, predicate, schema: plan.schema },
      sql: `SELECT * FROM (${sql}) WHERE ${toSql(predicate, column)}`,
      ordered: false,
    };
  }

  #project(sample: Sample): Sample {
    const kept = [...sample.plan.schema.keys()]
      .filter(() => this.#below(2) === 0)
      .map((index) => at(sample.plan, index));
    const families = ["number", "bool", "utf8", "time"] as const;
    return this.#projected(sample, [...kept, this.#expression(sample.plan, this.#random.pick(families))]);
  }

  #projected({ plan, sql }: Sample, expressions: readonly ResolvedExpression[]): Sample {
    const schema = expressions.map(({ type }, index) => ({ name: `p${index}`, type }));
    return {
      plan: { kind: "project", input: plan, expressions, schema },
      sql: `SELECT ${renamed(schema, (index) => toSql(expressions[index] ?? at(plan, 0), column))} FROM (${sql})`,
      ordered: false,
    };
  }

  /** Of the columns that there are, by positions as names. */
  #expression(plan: PlanNode, family: "number" | "bool" | "utf8" | "time"): ResolvedExpression {
    const schema = plan.schema.map(({ type }, index) => ({ name: column(index), type }));
    for (;;) {
      try {
        return resolve(new ExpressionsOver(schema, this.#random).of(family, 2), schema);
      } catch {}
    }
  }

  #shuffled<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.#below(last + 1);
      [items[last], items[other]] = [items[other] as T, items[last] as T];
    }
    return items;
  }

  #below(count: number): number {
    return Math.floor(this.#random.random() * count);
  }
}

/** Random expressions over some columns. */
class ExpressionsOver extends Generator {
  readonly #schema: readonly Field[];

  constructor(schema: readonly Field[], { random }: Generator) {
    super(Math.floor(random() * 2 ** 32));
    this.#schema = schema;
  }

  override leaf(family: ReturnType<typeof familyOf>): ColumnExpression {
    const fields = this.#schema.filter(({ type }) => familyOf(type) === family);
    if (fields.length === 0 || this.random() < 0.2) return super.leaf(family);
    return { kind: "column", name: this.pick(fields).name };
  }
}

function takes(name: AggregateFunction, type: ColumnType | undefined): boolean {
  if (type === undefined) return false;
  try {
    typeOfAggregate({ function: name, operand: { kind: "column", index: 0, type } });
    return true;
  } catch {
    return false;
  }
}
