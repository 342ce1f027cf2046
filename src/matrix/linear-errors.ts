import { AikoError } from "../errors.ts";

function which(item: number, batch: number): string {
  return batch > 1 ? `Matrix ${item} of the batch` : "The matrix";
}

/** `pivot` counts from 1. */
export function singular(pivot: number, item: number, batch: number): AikoError {
  return new AikoError("SINGULAR_MATRIX", {
    message: `${which(item, batch)} is singular: pivot ${pivot} of its LU factorisation is zero`,
    hint: "leastSquares gives the solution of least norm, and singular values (svd) say how much is missing.",
  });
}

/** `minor` counts from 1. */
export function notPositiveDefinite(minor: number, item: number, batch: number): AikoError {
  return new AikoError("NOT_POSITIVE_DEFINITE", {
    message: `${which(item, batch)} is not positive definite: its leading minor of order ${minor} is not positive`,
    hint: "Only the lower triangle is read. eigh shows the eigenvalues; solve takes any invertible matrix.",
  });
}

export function notFinite(operation: string, item: number, batch: number): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${operation}: ${which(item, batch).toLowerCase()} holds NaN or infinities`,
    hint: "Replace them first: a decomposition of such numbers does not exist.",
  });
}

export function noConvergence(operation: string, item: number, batch: number): AikoError {
  return new AikoError("NO_CONVERGENCE", {
    message: `${operation}: ${which(item, batch).toLowerCase()} did not converge`,
    hint: "Scale the matrix, or compute it in f64 with placement: 'cpu'.",
  });
}
