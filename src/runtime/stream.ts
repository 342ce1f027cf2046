import { type AikoError, allowsFallback, toAikoError } from "../errors.ts";
import { type StreamBatch, type StreamOperation, type StreamSource, streamThrough } from "../memory/index.ts";
import { abortable } from "./abort.ts";
import type { Permit } from "./breaker.ts";
import { assertPlacement, noDevice, restedError } from "./choice.ts";
import type { DeviceSlot } from "./device-slot.ts";
import type { Metrics } from "./metrics.ts";
import type { Placement } from "./operation.ts";
import { StreamAccount } from "./stream-account.ts";

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
  readonly metrics: Metrics;
}

/** What a stream may go to: a device that lets it in, a rested one, or none. */
interface Chosen {
  readonly slot?: DeviceSlot;
  readonly permit?: Permit | undefined;
}

/** `streamThrough` on a runtime's device, with its breaker, its warnings and counters, and one report at the end. */
export async function* streamOn<Batch extends StreamBatch, Result extends StreamBatch>(
  placing: () => Promise<StreamPlace>,
  source: StreamSource<Batch>,
  operation: StreamOperation<Batch, Result>,
  options: StreamRunOptions,
): AsyncGenerator<Result, void, undefined> {
  const { signal, inFlight, reuseResults } = options;
  const { slots, placement, strict, metrics } = await placing();
  const mayFallBack = operation.cpu !== undefined && !strict;
  const { slot, permit } = choose(slots, placement);
  const account = new StreamAccount(operation.name, { slot, permit, metrics });
  const onFallback = (error: AikoError) => account.fellBack(error);
  try {
    const memory =
      slot && (await open({ slot, permit, signal, name: operation.name }, mayFallBack, onFallback));
    account.start();
    yield* streamThrough(source, operation, {
      ...{ memory, signal, inFlight, reuseResults, strict, onFallback },
      onProgress: (bytes, isOnDevice) => account.progress(bytes, isOnDevice),
      onTimes: account.onTimes,
    });
  } catch (thrown) {
    const error = toAikoError(thrown);
    account.fail(error);
    throw thrown;
  } finally {
    account.end();
  }
}

function choose(slots: readonly DeviceSlot[], placement: StreamPlace["placement"]): Chosen {
  assertPlacement(placement);
  if (placement === "cpu") return {};
  const able = slots.filter(({ adapter }) => placement === "gpu" || adapter.kind !== "null");
  for (const slot of able) {
    const permit = slot.breaker.enter();
    if (permit !== undefined) return { slot, permit };
  }
  const [rested] = able;
  if (rested === undefined && placement === "gpu") throw noDevice();
  return rested === undefined ? {} : { slot: rested };
}

/** The slot's memory; nothing where it is rested or does not open, and the CPU path may answer. */
async function open(
  {
    slot,
    permit,
    signal,
    name,
  }: Chosen & { slot: DeviceSlot; signal: AbortSignal | undefined; name: string },
  mayFallBack: boolean,
  note: (error: AikoError) => void,
) {
  try {
    if (permit === undefined) throw restedError(slot);
    return (await abortable(slot.open(), signal, name)).memory;
  } catch (thrown) {
    const error = toAikoError(thrown);
    if (!mayFallBack || !allowsFallback(error)) throw error;
    note(error);
    return undefined;
  }
}
