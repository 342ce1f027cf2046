import type { RunOptions, Runtime } from "../runtime/index.ts";
import { cholesky } from "./cholesky.ts";
import { determinant, type SignAndLogarithm, slogdet } from "./determinant.ts";
import { type Eigh, type EighOptions, eigh } from "./eigh.ts";
import { einsum } from "./einsum/einsum.ts";
import { type LeastSquares, type LeastSquaresOptions, leastSquares, pseudoInverse } from "./least-squares.ts";
import type { Real } from "./linear-operation.ts";
import { type Lu, lu } from "./lu.ts";
import type { Matrix, MatrixInput } from "./matrix.ts";
import {
  conditionNumber,
  type MatrixNorm,
  type MatrixRankOptions,
  matrixNorm,
  matrixRank,
} from "./matrix-norm.ts";
import { type Qr, type QrOptions, qr } from "./qr.ts";
import { inverse, solve } from "./solve.ts";
import { type Svd, type SvdOptions, svd } from "./svd.ts";
import { type TriangularSolveOptions, triangularSolve } from "./triangular-solve.ts";

export type {
  Eigh,
  EighOptions,
  LeastSquares,
  LeastSquaresOptions,
  Lu,
  MatrixNorm,
  MatrixRankOptions,
  Qr,
  QrOptions,
  SignAndLogarithm,
  Svd,
  SvdOptions,
  TriangularSolveOptions,
};
export {
  cholesky,
  conditionNumber,
  determinant,
  eigh,
  einsum,
  inverse,
  leastSquares,
  lu,
  matrixNorm,
  matrixRank,
  pseudoInverse,
  qr,
  slogdet,
  solve,
  svd,
  triangularSolve,
};

/** Systems of equations, decompositions and what follows from them, in f32 or f64, for every item of a batch. */
export interface LinearAlgebra {
  /** See `solve`. */
  solve<D extends Real = "f32">(
    a: MatrixInput<D>,
    b: MatrixInput<D>,
    options?: RunOptions,
  ): Promise<Matrix<D>>;
  /** See `triangularSolve`. */
  triangularSolve<D extends Real = "f32">(
    a: MatrixInput<D>,
    b: MatrixInput<D>,
    options?: TriangularSolveOptions,
  ): Promise<Matrix<D>>;
  /** See `inverse`. */
  inverse<D extends Real = "f32">(a: MatrixInput<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `determinant`. */
  determinant<D extends Real = "f32">(a: MatrixInput<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `slogdet`. */
  slogdet<D extends Real = "f32">(a: MatrixInput<D>, options?: RunOptions): Promise<SignAndLogarithm<D>>;
  /** See `cholesky`. */
  cholesky<D extends Real = "f32">(a: MatrixInput<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `lu`. */
  lu<D extends Real = "f32">(a: MatrixInput<D>, options?: RunOptions): Promise<Lu<D>>;
  /** See `qr`. */
  qr<D extends Real = "f32">(a: MatrixInput<D>, options?: QrOptions): Promise<Qr<D>>;
  /** See `eigh`. */
  eigh<D extends Real = "f32">(a: MatrixInput<D>, options?: EighOptions): Promise<Eigh<D>>;
  /** See `svd`. */
  svd<D extends Real = "f32">(a: MatrixInput<D>, options?: SvdOptions): Promise<Svd<D>>;
  /** See `leastSquares`. */
  leastSquares<D extends Real = "f32">(
    a: MatrixInput<D>,
    b: MatrixInput<D>,
    options?: LeastSquaresOptions,
  ): Promise<LeastSquares<D>>;
  /** See `pseudoInverse`. */
  pseudoInverse<D extends Real = "f32">(a: MatrixInput<D>, options?: LeastSquaresOptions): Promise<Matrix<D>>;
  /** See `einsum`. */
  einsum(subscripts: string, operands: readonly MatrixInput[], options?: RunOptions): Promise<Matrix>;
  /** See `matrixNorm`. */
  matrixNorm<D extends Real = "f32">(
    a: MatrixInput<D>,
    kind?: MatrixNorm,
    options?: RunOptions,
  ): Promise<Matrix<D>>;
  /** See `conditionNumber`. */
  conditionNumber<D extends Real = "f32">(a: MatrixInput<D>, options?: RunOptions): Promise<Matrix<D>>;
  /** See `matrixRank`. */
  matrixRank<D extends Real = "f32">(a: MatrixInput<D>, options?: MatrixRankOptions): Promise<Matrix<"u32">>;
}

export function bindLinearAlgebra(runtime: Runtime): LinearAlgebra {
  return {
    solve: (a, b, options) => solve(runtime, a, b, options),
    triangularSolve: (a, b, options) => triangularSolve(runtime, a, b, options),
    inverse: (a, options) => inverse(runtime, a, options),
    determinant: (a, options) => determinant(runtime, a, options),
    slogdet: (a, options) => slogdet(runtime, a, options),
    cholesky: (a, options) => cholesky(runtime, a, options),
    lu: (a, options) => lu(runtime, a, options),
    qr: (a, options) => qr(runtime, a, options),
    eigh: (a, options) => eigh(runtime, a, options),
    svd: (a, options) => svd(runtime, a, options),
    leastSquares: (a, b, options) => leastSquares(runtime, a, b, options),
    pseudoInverse: (a, options) => pseudoInverse(runtime, a, options),
    einsum: (subscripts, operands, options) => einsum(runtime, subscripts, operands, options),
    matrixNorm: (a, kind, options) => matrixNorm(runtime, a, kind, options),
    conditionNumber: (a, options) => conditionNumber(runtime, a, options),
    matrixRank: (a, options) => matrixRank(runtime, a, options),
  };
}
