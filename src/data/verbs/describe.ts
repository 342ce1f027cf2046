import type { ColumnType } from "../../core/column-type.ts";
import { column, count, when } from "../../expression/column/index.ts";
import type { PlanNode } from "../plan/node.ts";
import { aggregate } from "./aggregate.ts";

type Cell = string | number | null;

interface Description {
  /** One row of everything. */
  readonly statistics: PlanNode;
  /** That row as a row for each column. */
  table(row: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, Cell>>[];
}

const numbers = new Set(["decimal", "float32", "float64"]);

function isNumber({ kind }: ColumnType): boolean {
  return numbers.has(kind) || /^u?int\d+$/.test(kind);
}

/** Statistics of every column that is not of lists. */
export function describe(input: PlanNode): Description {
  const columns: Record<string, unknown> = { rows: count() };
  input.schema.forEach(({ name, type }, at) => {
    const value = column(name);
    columns[`count${at}`] = value.count();
    if (type.kind === "list") return;
    columns[`distinct${at}`] = value.countDistinct();
    columns[`min${at}`] = value.min();
    columns[`max${at}`] = value.max();
    if (!isNumber(type)) return;
    const finite = type.kind.startsWith("float") ? when(value.isFinite()).then(value) : value;
    columns[`mean${at}`] = finite.mean();
    columns[`stddev${at}`] = finite.stddev();
    columns[`q25${at}`] = value.quantile(0.25);
    columns[`median${at}`] = value.median();
    columns[`q75${at}`] = value.quantile(0.75);
  });
  return {
    statistics: aggregate(input, [], columns),
    table: (row) => {
      const number = (name: string): number | null => {
        const value = row[name];
        return value === null || value === undefined ? null : Number(value);
      };
      const text = (name: string): string | null => {
        const value = row[name];
        if (value === null || value === undefined) return null;
        return value instanceof Date ? value.toISOString() : String(value);
      };
      const rows = number("rows") ?? 0;
      return input.schema.map(({ name, type }, at) => ({
        column: name,
        type: type.kind,
        count: number(`count${at}`),
        nulls: rows - (number(`count${at}`) ?? 0),
        distinct: number(`distinct${at}`),
        mean: number(`mean${at}`),
        stddev: number(`stddev${at}`),
        min: text(`min${at}`),
        q25: number(`q25${at}`),
        median: number(`median${at}`),
        q75: number(`q75${at}`),
        max: text(`max${at}`),
      }));
    },
  };
}
