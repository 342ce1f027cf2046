export type { Shape } from "../core/shape.ts";
export { cholesky } from "./cholesky.ts";
export type { NestedArray, NumberArray } from "./convert.ts";
export { determinant, type SignAndLogarithm, slogdet } from "./determinant.ts";
export { type Eigh, type EighOptions, eigh } from "./eigh.ts";
export { einsum } from "./einsum/einsum.ts";
export { bindMatrix, type MatrixFamily } from "./family.ts";
export { type LeastSquares, type LeastSquaresOptions, leastSquares, pseudoInverse } from "./least-squares.ts";
export { bindLinearAlgebra, type LinearAlgebra } from "./linear-algebra.ts";
export { type Lu, lu } from "./lu.ts";
export { Matrix, type MatrixInput } from "./matrix.ts";
export {
  conditionNumber,
  type MatrixNorm,
  type MatrixRankOptions,
  matrixNorm,
  matrixRank,
} from "./matrix-norm.ts";
export { type MultiplyOptions, multiply } from "./multiply.ts";
export { type FileOptions, readNpy, writeNpy } from "./npy.ts";
export { type Qr, type QrOptions, qr } from "./qr.ts";
export { inverse, solve } from "./solve.ts";
export { type Svd, type SvdOptions, svd } from "./svd.ts";
export { type TriangularSolveOptions, triangularSolve } from "./triangular-solve.ts";
