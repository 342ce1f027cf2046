import type { Adapter } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { Permit } from "./breaker.ts";
import type { DeviceSlot } from "./device-slot.ts";
import type { Operation } from "./operation.ts";
import type { Decision, PlacementChoice } from "./placement/index.ts";
import type { Fallback } from "./report.ts";

/** Where a call goes, and what it holds while it is there. */
export interface Choice {
  readonly decision: Decision;
  /** What the decision compared the CPU with. */
  readonly adapter?: Adapter;
  readonly slot?: DeviceSlot;
  readonly permit?: Permit;
  readonly fallback?: Fallback;
}

export interface Choosing {
  readonly asked: "auto" | "gpu";
  /** The adapter asked for, by id. */
  readonly device: string | undefined;
  readonly strict: boolean;
  readonly decide: (slot: DeviceSlot) => Decision;
}

/** Throws INVALID_ARGUMENT. */
export function assertPlacement(asked: unknown): asserts asked is PlacementChoice {
  if (asked === "auto" || asked === "gpu" || asked === "cpu") return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `placement is "${String(asked)}"`,
    hint: 'Use "auto", "gpu" or "cpu".',
  });
}

/** The first device that is not rested, or the CPU where that is predicted to be faster. Throws DEVICE_NOT_FOUND. */
export function choose(slots: readonly DeviceSlot[], choosing: Choosing): Choice {
  const { asked, device, decide } = choosing;
  const first = find(slots, device);
  if (first === undefined) {
    if (asked === "gpu") throw noDevice();
    return { decision: { placement: "cpu", reason: "no device was found" } };
  }
  for (const slot of device === undefined ? slots : [first]) {
    const permit = slot.breaker.enter();
    if (permit === undefined) continue;
    const decision: Decision =
      asked === "gpu" ? { placement: "gpu", reason: 'placement "gpu" was asked for' } : decide(slot);
    if (decision.placement === "gpu") return { decision, slot, permit };
    permit.cancel();
    return { decision, adapter: slot.adapter };
  }
  return chooseRested(first, choosing);
}

/** The CPU, where the operation says that an adapter cannot do this call. */
export function lackingDecision<I, O>(
  operation: Operation<I, O>,
  input: I,
  adapter: Adapter,
): Decision | undefined {
  const lacking = operation.lacks?.(input, adapter);
  return lacking === undefined ? undefined : { placement: "cpu", reason: `${adapter.id}: ${lacking}` };
}

/** Every device is rested: what would have gone there falls back without trying. */
function chooseRested(slot: DeviceSlot, { asked, decide, strict }: Choosing): Choice {
  const decision = decide(slot);
  if (asked === "auto" && (decision.placement === "cpu" || decision.explores === true)) {
    return { decision: { ...decision, placement: "cpu", explores: false }, adapter: slot.adapter };
  }
  const error = restedError(slot);
  if (strict) throw error;
  const { code, message } = error;
  const fallback = { code, message, device: slot.adapter.id };
  return { decision: { placement: "cpu", reason: message }, fallback };
}

/** Why a rested device is not asked. */
export function restedError({ adapter, breaker }: DeviceSlot): AikoError {
  const { lastError, restMsLeft } = breaker;
  const seconds = Math.ceil(restMsLeft / 1000);
  const code = lastError?.code ?? "DEVICE_LOST";
  return new AikoError(code, {
    message: `${adapter.id} is rested for ${seconds} s more after ${code}: ${lastError?.message ?? "unknown"}`,
    hint: "Wait, or leave strict out to let the CPU answer.",
    cause: lastError,
  });
}

/** The adapter of that id, the first without one. Throws DEVICE_NOT_FOUND. */
export function find(slots: readonly DeviceSlot[], id: string | undefined): DeviceSlot | undefined {
  if (id === undefined) return slots[0];
  const slot = slots.find(({ adapter }) => adapter.id === id);
  if (slot !== undefined) return slot;
  const present = slots.map(({ adapter }) => adapter.id).join(", ");
  throw new AikoError("DEVICE_NOT_FOUND", {
    message: `There is no device "${id}" in this runtime`,
    hint: present === "" ? "It has no device at all." : `It has: ${present}.`,
  });
}

export function noDevice(): AikoError {
  return new AikoError("DEVICE_NOT_FOUND", {
    message: "No device was found",
    hint: 'Run "npx aikoryu doctor" to see what is missing, or use placement "auto" to let the CPU answer.',
  });
}
