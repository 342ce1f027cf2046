import { AikoError } from "../../errors.ts";
import type { HeldColumn } from "./held-column.ts";

/** Columns of one length. It owns a use of each of them. */
export class Relation implements Disposable {
  readonly rows: number;
  readonly columns: readonly HeldColumn[];

  constructor(rows: number, columns: readonly HeldColumn[]) {
    this.rows = rows;
    this.columns = columns;
  }

  column(index: number): HeldColumn {
    const column = this.columns[index];
    if (column !== undefined) return column;
    throw new AikoError("INTERNAL", {
      message: `Column ${index} is asked for of a relation of ${this.columns.length} columns`,
    });
  }

  /** Some of its columns, in another order or repeatedly. */
  pick(indexes: readonly number[]): Relation {
    return new Relation(
      this.rows,
      indexes.map((index) => this.column(index).retain()),
    );
  }

  dispose(): void {
    for (const column of this.columns) column.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
