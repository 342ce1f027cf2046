import type { Model, ModelResult } from "../../nn/index.ts";
import type { Operation, Runtime } from "../../runtime/index.ts";
import { type BatchPlacement, batch, type ModelInputs } from "./batch.ts";
import type { Batched, BatchedOptions, BatchFunction } from "./batched.ts";

/** Puts a queue in front of what takes many inputs at once: see `batch`. */
export interface BatchMaker {
  (target: Model, options?: BatchedOptions & BatchPlacement): Batched<ModelInputs, ModelResult>;
  <Input, Output>(
    target: Operation<Input, Output>,
    options?: BatchedOptions & BatchPlacement,
  ): Batched<Input, Output>;
  <Input, Output>(target: BatchFunction<Input, Output>, options?: BatchedOptions): Batched<Input, Output>;
}

export function bindBatch(runtime: Runtime): BatchMaker {
  return batch.bind(undefined, runtime) as BatchMaker;
}
