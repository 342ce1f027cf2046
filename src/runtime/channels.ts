import { channel } from "node:diagnostics_channel";
import type { DeviceLoss } from "../device/device.ts";
import type { Fallback } from "./report.ts";

/** Every fallback, as published on the channel `aikoryu:fallback`. */
export interface FallbackEvent extends Fallback {
  readonly operation: string;
}

/** What becomes of a runtime's devices, as published on the channel `aikoryu:device`. */
export interface DeviceEvent {
  readonly event: "opened" | "lost" | "closed";
  /** The adapter's id. */
  readonly device: string;
  /** Of a loss. */
  readonly loss?: DeviceLoss;
}

export const fallbackChannel = channel("aikoryu:fallback");
export const deviceChannel = channel("aikoryu:device");

export function publishDevice(event: DeviceEvent): void {
  if (deviceChannel.hasSubscribers) deviceChannel.publish(event);
}
