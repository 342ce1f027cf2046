import type { DType } from "../core/dtype.ts";
import type { RunOptions, Runtime } from "../runtime/index.ts";
import type { Matrix } from "./matrix.ts";
import type { Storage } from "./storage.ts";

/** The dense numbers of a matrix, wherever they are. */
export async function evaluated<D extends DType>(
  _runtime: Runtime,
  matrix: Matrix<D>,
  _options: RunOptions,
): Promise<Storage<D>> {
  return matrix.storage;
}
