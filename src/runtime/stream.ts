import { AikoError, allowsFallback, toAikoError } from "../errors.ts";
import { type StreamBatch, type StreamOperation, type StreamSource, streamThrough } from "../memory/index.ts";
import type { Permit } from "./breaker.ts";
import type { DeviceSlot } from "./device-slot.ts";
import type { Placement } from "./operation.ts";
import { type Fallback, operationChannel } from "./report.ts";
import { warnOnce } from "./warn.ts";

export interface StreamRunOptions {
  /** Default "auto": the device while there is one, else the CPU path. */
  readonly placement?: "auto" | Placement | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Throws where the CPU path would have taken over from the device. */
  readonly strict?: boolean | undefined;
  /** Which of the runtime's adapters, by id. Default: the best one that is not rested. */
  readonly device?: string | undefined;
  /** Batches between the source and the consumer at once. Default 3. */
  readonly inFlight?: number | undefined;
  /** Downloads into the memory of results that were consumed: a result is only valid until the next one is asked for. */
  readonly reuseResults?: boolean | undefined;
}

export interface StreamPlace {
  readonly slots: readonly DeviceSlot[];
  readonly placement: "auto" | Placement;
  readonly strict: boolean;
}

/** `streamThrough` on a runtime's device, with its breaker, its warnings and one report at the end. */
export async function* streamOn<Batch extends StreamBatch, Result extends StreamBatch>(
  placing: () => Promise<StreamPlace>,
  source: StreamSource<Batch>,
  operation: StreamOperation<Batch, Result>,
  options: StreamRunOptions,
): AsyncGenerator<Result, void, undefined> {
  const { signal, inFlight, reuseResults } = options;
  const { slots, placement, strict } = await placing();
  const chosen = choose(slots, placement);
  const start = performance.now();
  let bytes = 0;
  let failure: AikoError | undefined;
  let fallback: Fallback | undefined;
  let isAnswered = true;
  const onFallback = (error: AikoError) => {
    const { code, message } = error;
    failure ??= error;
    fallback ??= { code, message, device: chosen?.slot.adapter.id ?? "none" };
    warnOnce(operation.name, fallback);
  };
  const onProgress = (moved: number) => {
    bytes += moved;
  };
  try {
    const memory = chosen && (await open(chosen.slot, operation.cpu !== undefined && !strict, onFallback));
    yield* streamThrough(source, operation, {
      ...{ memory, signal, inFlight, reuseResults, strict, onFallback, onProgress },
    });
  } catch (error) {
    isAnswered = false;
    failure ??= toAikoError(error);
    throw error;
  } finally {
    settle(chosen?.permit, failure);
    if (isAnswered && operationChannel.hasSubscribers) {
      operationChannel.publish({
        operation: operation.name,
        placement: chosen === undefined ? "cpu" : "gpu",
        device: chosen?.slot.adapter.id ?? "cpu",
        reason: chosen === undefined ? 'no device, or placement "cpu"' : "streams go to the device",
        ...(fallback === undefined ? {} : { fallback }),
        ...{ queueMs: 0, uploadMs: 0, kernelMs: 0, downloadMs: 0, cpuMs: 0 },
        totalMs: performance.now() - start,
        bytes,
        flops: 0,
      });
    }
  }
}

function choose(slots: readonly DeviceSlot[], placement: StreamPlace["placement"]) {
  if (placement === "cpu") return undefined;
  if (placement !== "auto" && placement !== "gpu") {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `placement is "${String(placement)}"`,
      hint: 'Use "auto", "gpu" or "cpu".',
    });
  }
  for (const slot of slots) {
    if (placement === "auto" && slot.adapter.kind === "null") continue;
    const permit = slot.breaker.enter();
    if (permit !== undefined) return { slot, permit };
  }
  if (placement === "auto") return undefined;
  throw new AikoError("DEVICE_NOT_FOUND", {
    message: slots.length === 0 ? "No device was found" : "Every device is rested after failures",
    hint: 'Use placement "auto" to let the CPU path answer.',
  });
}

/** The slot's memory; nothing where it does not open and the CPU path may answer. */
async function open(slot: DeviceSlot, mayFallBack: boolean, note: (error: AikoError) => void) {
  try {
    return (await slot.open()).memory;
  } catch (thrown) {
    const error = toAikoError(thrown);
    if (!mayFallBack || !allowsFallback(error)) throw error;
    note(error);
    return undefined;
  }
}

function settle(permit: Permit | undefined, failure: AikoError | undefined): void {
  if (failure === undefined) permit?.succeed();
  else if (failure.code === "UNSUPPORTED" || !allowsFallback(failure)) permit?.cancel();
  else permit?.fail(failure);
}
