import { dtypes } from "../core/dtype.ts";
import type { Real } from "./linear-operation.ts";
import { Matrix } from "./matrix.ts";
import { Storage } from "./storage.ts";

/** The identity of `size` rows in the type of another matrix. Fresh zeros cost nothing until they are touched. */
export function identityLike<D extends Real>({ dtype }: Matrix<D>, size: number): Matrix<D> {
  const data = new dtypes[dtype].array(size * size);
  for (let i = 0; i < size; i++) data[i * (size + 1)] = 1;
  return new Matrix(Storage.onHost(data, dtype), [size, size]);
}
