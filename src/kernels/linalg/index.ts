export { multiply, type Part, scaleRows, take } from "./blocks.ts";
export { type CholeskyArguments, factorCholesky } from "./cholesky.ts";
export { type Context, contextOf, dense, type FactorOptions, type Memory, type Real } from "./context.ts";
export { decomposeEigh, type EighArguments } from "./eigh.ts";
export { factorLu, type LuArguments, type LuSolveArguments, solveLu } from "./lu.ts";
export { factorQr, type QrArguments } from "./qr.ts";
export { decomposeSvd, type Outcome, type SvdArguments } from "./svd.ts";
export { solveTriangular, type TriangularArguments } from "./triangular.ts";
