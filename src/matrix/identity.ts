import { allocateHostArray } from "./host-memory.ts";
import type { Real } from "./linear-operation.ts";
import { Matrix } from "./matrix.ts";
import { Storage } from "./storage.ts";

/** The identity of `size` rows in the type of another matrix. */
export function identityLike<D extends Real>({ dtype }: Matrix<D>, size: number): Matrix<D> {
  const data = allocateHostArray(dtype, size * size);
  data.fill(0 as never);
  for (let i = 0; i < size; i++) data[i * (size + 1)] = 1;
  return new Matrix(Storage.onHost(data, dtype), [size, size]);
}
