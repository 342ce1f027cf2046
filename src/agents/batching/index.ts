export { type BatchPlacement, batch, type ModelInputs } from "./batch.ts";
export { Batched, type BatchedOptions, type BatchFunction } from "./batched.ts";
export { type BatchMaker, bindBatch } from "./bind.ts";
