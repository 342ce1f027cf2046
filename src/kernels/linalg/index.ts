export { type CholeskyArguments, factorCholesky } from "./cholesky.ts";
export { contextOf, dense, type FactorOptions, type Memory, type Real } from "./context.ts";
export { factorLu, type LuArguments, type LuSolveArguments, solveLu } from "./lu.ts";
export { factorQr, type QrArguments } from "./qr.ts";
export { solveTriangular, type TriangularArguments } from "./triangular.ts";
