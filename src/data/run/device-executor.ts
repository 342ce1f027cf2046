import { executeInBatches } from "../gpu/batches/execute.ts";
import { executeOnGpu } from "../gpu/execute.ts";
import { unsupportedReason } from "../gpu/reason.ts";
import type { GpuExecutor } from "./executor.ts";

export const deviceExecutor: GpuExecutor = {
  lacking: unsupportedReason,
  execute: executeOnGpu,
  executeInBatches,
};
