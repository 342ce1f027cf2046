import { AikoError } from "../errors.ts";

function which(item: number, batch: number): string {
  return batch > 1 ? `matrix ${item} of the batch` : "the matrix";
}

/** `pivot` counts from 1. */
export function singular(pivot: number, item: number, batch: number): AikoError {
  return new AikoError("SINGULAR_MATRIX", {
    message: `Cannot solve: ${which(item, batch)} is singular, pivot ${pivot} is zero`,
    hint: "leastSquares gives the solution of least norm, and matrixRank says how much is missing.",
  });
}

/** `minor` counts from 1. */
export function notPositiveDefinite(minor: number, item: number, batch: number): AikoError {
  return new AikoError("NOT_POSITIVE_DEFINITE", {
    message: `Cannot factor: ${which(item, batch)} is not positive definite, its leading minor of order ${minor} is not positive`,
    hint: "Only the lower triangle is read. eigh shows the eigenvalues; solve takes any invertible matrix.",
  });
}

export function notFinite(operation: string, item: number, batch: number): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${operation}: ${which(item, batch)} holds NaN or infinities`,
    hint: "Replace them first: such a matrix has no decomposition.",
  });
}

export function noConvergence(operation: string, batch: number): AikoError {
  return new AikoError("NO_CONVERGENCE", {
    message: `${operation} of ${batch > 1 ? `${batch} matrices` : "the matrix"} did not converge`,
    hint: "Compute it with placement: 'cpu', which works in double precision.",
  });
}
