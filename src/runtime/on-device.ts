import { type AikoError, isAikoError } from "../errors.ts";
import type { GpuContext, Operation } from "./operation.ts";

/** The GPU path in one piece, or in batches where that exceeds the device's memory; `onBatches` is told of those. */
export async function onDevice<I, O>(
  operation: Operation<I, O>,
  input: I,
  context: GpuContext,
  onBatches: (cause: AikoError) => void,
): Promise<O> {
  try {
    return await operation.gpu(input, context);
  } catch (error) {
    if (operation.stream === undefined || !isAikoError(error, "OUT_OF_MEMORY")) throw error;
    const streamed = await operation.stream(input, context);
    if (streamed === undefined) throw error;
    onBatches(error);
    return streamed;
  }
}
