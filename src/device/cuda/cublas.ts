import type { Call, Handle, Signatures } from "../../core/native.ts";

/** The functions in use of cuBLAS. All return a cublasStatus_t. */
export interface Cublas {
  readonly cublasCreate_v2: Call<[Handle], number>;
  readonly cublasDestroy_v2: Call<[Handle], number>;
  readonly cublasGetVersion_v2: Call<[Handle, version: Handle], number>;
  readonly cublasSetStream_v2: Call<[Handle, stream: Handle], number>;
  readonly cublasSetWorkspace_v2: Call<[Handle, workspace: Handle, bytes: number], number>;
  readonly cublasGemmStridedBatchedEx: Call<ProductArguments, number>;
}

export type ProductArguments = [
  handle: Handle,
  transposeA: number,
  transposeB: number,
  m: number,
  n: number,
  k: number,
  alpha: Handle,
  a: Handle,
  typeA: number,
  rowA: number,
  strideA: number,
  b: Handle,
  typeB: number,
  rowB: number,
  strideB: number,
  beta: Handle,
  c: Handle,
  typeC: number,
  rowC: number,
  strideC: number,
  batch: number,
  compute: number,
  algorithm: number,
];

const [I, P, S, L] = ["int32", "uint64", "size_t", "int64"];

/** https://docs.nvidia.com/cuda/cublas */
export const cublasSignatures: Signatures<Cublas> = {
  cublasCreate_v2: [I, P],
  cublasDestroy_v2: [I, P],
  cublasGetVersion_v2: [I, P, P],
  cublasSetStream_v2: [I, P, P],
  cublasSetWorkspace_v2: [I, P, P, S],
  cublasGemmStridedBatchedEx: [I, P, I, I, I, I, I, P, P, I, I, L, P, I, I, L, P, P, I, I, L, I, I, I],
};

const statusNames: Readonly<Record<number, string>> = {
  1: "CUBLAS_STATUS_NOT_INITIALIZED",
  3: "CUBLAS_STATUS_ALLOC_FAILED",
  7: "CUBLAS_STATUS_INVALID_VALUE",
  8: "CUBLAS_STATUS_ARCH_MISMATCH",
  11: "CUBLAS_STATUS_MAPPING_ERROR",
  13: "CUBLAS_STATUS_EXECUTION_FAILED",
  14: "CUBLAS_STATUS_INTERNAL_ERROR",
  15: "CUBLAS_STATUS_NOT_SUPPORTED",
};

export function cublasStatusName(status: number): string {
  return statusNames[status] ?? `cuBLAS status ${status}`;
}

export const CUBLAS_STATUS_ALLOC_FAILED = 3;
