import type { ColumnType } from "../../core/column-type.ts";
import { sliceRows, takeRows } from "../../kernels/index.ts";
import type { HeldColumn } from "./held-column.ts";
import { LazyColumn } from "./lazy-column.ts";
import { fixedOf } from "./loaded.ts";
import { Relation } from "./relation.ts";
import { columnBytes } from "./sizes.ts";

/** Row numbers of something: u32. Where `mayMiss`, some are `noRow`, which makes nulls. */
export interface RowList {
  readonly column: HeldColumn;
  readonly count: number;
  readonly mayMiss: boolean;
}

export const rowNumbers: ColumnType = { kind: "uint32" };

/** Rows of a column, gathered by the first who needs them. */
class TakenColumn extends LazyColumn<readonly [HeldColumn, HeldColumn]> {
  readonly base: HeldColumn;
  readonly sourceRows: number;
  readonly list: RowList;

  constructor(base: HeldColumn, sourceRows: number, list: RowList) {
    const { count, mayMiss } = list;
    super({
      type: base.type,
      rows: count,
      inputs: [base.retain(), list.column.retain()],
      bytes: columnBytes(base.type, count),
      make: async ({ device, options }, [column, numbers]) => {
        const rows = fixedOf(numbers).values;
        const work = { column: column.memory, rows, count, sourceRows, mayMiss };
        return { ...column, memory: await takeRows(device, work, options) };
      },
    });
    this.base = base;
    this.sourceRows = sourceRows;
    this.list = list;
  }
}

/** Whether it is rows of another column that nobody has gathered. */
export function isUngathered(column: HeldColumn): boolean {
  return column instanceof TakenColumn && column.kept === undefined;
}

/** The rows of a relation that a list names. Nothing is gathered yet: rows of rows of a column are one list. */
export function takenRows(relation: Relation, list: RowList): Relation {
  return mapLists(relation, list.count, {
    column: (column) => new TakenColumn(column, relation.rows, list),
    list: list.mayMiss
      ? undefined
      : (inner) => ({
          ...inner,
          count: list.count,
          column: new TakenColumn(inner.column, inner.count, list),
        }),
  });
}

/** Rows one after the other, copied by the first who needs them. */
export function slicedRows(relation: Relation, first: number, count: number): Relation {
  const sliced = (column: HeldColumn) =>
    new LazyColumn<readonly [HeldColumn]>({
      type: column.type,
      rows: count,
      inputs: [column.retain()],
      bytes: columnBytes(column.type, count),
      make: async ({ device, options }, [whole]) => ({
        ...whole,
        memory: await sliceRows(device, { column: whole.memory, first, count }, options),
      }),
    });
  return mapLists(relation, count, {
    column: sliced,
    list: (inner) => ({ ...inner, count, column: sliced(inner.column) }),
  });
}

/** Maps columns, or the lists of columns that are not gathered yet, each list once. */
function mapLists(
  { columns }: Relation,
  count: number,
  map: {
    readonly column: (column: HeldColumn) => HeldColumn;
    readonly list: ((list: RowList) => RowList) | undefined;
  },
): Relation {
  const lists = new Map<HeldColumn, RowList>();
  const mapped = columns.map((column) => {
    if (map.list === undefined || !(column instanceof TakenColumn) || column.kept !== undefined)
      return map.column(column);
    const known = lists.get(column.list.column);
    const list = known ?? map.list(column.list);
    lists.set(column.list.column, list);
    return new TakenColumn(column.base, column.sourceRows, list);
  });
  for (const { column } of lists.values()) column.release();
  return new Relation(count, mapped);
}
