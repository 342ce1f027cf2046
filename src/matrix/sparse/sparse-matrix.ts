import type { Matrix } from "../matrix.ts";

export type SparseType = "f32" | "f64";

/**
 * A matrix of which only some entries are stored, in compressed rows. The entries of row r are those from `rowStarts[r]`
 * before `rowStarts[r + 1]`. Zeros that were given are kept. Disposing frees all three.
 */
export class SparseMatrix<D extends SparseType = "f32"> implements Disposable {
  readonly shape: readonly [rows: number, columns: number];
  /** u32, one more than there are rows. */
  readonly rowStarts: Matrix<"u32">;
  /** u32, the column of each entry. */
  readonly columns: Matrix<"u32">;
  readonly values: Matrix<D>;

  /** @internal Unchecked: use `sparse.fromCsr`. */
  constructor(
    shape: readonly [rows: number, columns: number],
    rowStarts: Matrix<"u32">,
    columns: Matrix<"u32">,
    values: Matrix<D>,
  ) {
    this.shape = shape;
    this.rowStarts = rowStarts;
    this.columns = columns;
    this.values = values;
  }

  get dtype(): D {
    return this.values.dtype;
  }

  /** Entries that are stored. */
  get nonzeros(): number {
    return this.values.size;
  }

  dispose(): void {
    this.rowStarts.dispose();
    this.columns.dispose();
    this.values.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
