import type { RunOptions, Runtime } from "../../runtime/index.ts";
import type { Matrix, MatrixInput } from "../matrix.ts";
import { fromCoo, fromCsr, fromDense, transpose } from "./convert.ts";
import { multiply, toDense } from "./multiply.ts";
import type { SparseMatrix, SparseType } from "./sparse-matrix.ts";

/** Sparse matrices of one runtime, in compressed rows. */
export interface SparseFamily {
  /** See `fromCoo`. */
  readonly fromCoo: typeof fromCoo;
  /** See `fromCsr`. */
  readonly fromCsr: typeof fromCsr;
  /** See `fromDense`. */
  fromDense<D extends SparseType = "f32">(
    matrix: MatrixInput<D>,
    options?: RunOptions,
  ): Promise<SparseMatrix<D>>;
  /** See `toDense`. */
  toDense<D extends SparseType>(sparse: SparseMatrix<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `transpose`. */
  transpose<D extends SparseType>(sparse: SparseMatrix<D>, options?: RunOptions): Promise<SparseMatrix<D>>;
  /** See `multiply`. */
  multiply<D extends SparseType>(
    sparse: SparseMatrix<D>,
    dense: MatrixInput<D>,
    options?: RunOptions,
  ): Promise<Matrix<D>>;
}

export function bindSparse(runtime: Runtime): SparseFamily {
  return {
    fromCoo,
    fromCsr,
    fromDense: (matrix, options) => fromDense(runtime, matrix, options),
    toDense: (sparse, options) => toDense(runtime, sparse, options),
    transpose: (sparse, options) => transpose(runtime, sparse, options),
    multiply: (sparse, dense, options) => multiply(runtime, sparse, dense, options),
  };
}
