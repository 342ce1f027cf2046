import { BaseDevice } from "#src/device/base-device.js";
import type { Device } from "#src/device/device.js";
import { AikoError, type ErrorCode } from "#src/errors.js";
import { FakeDevice } from "./fake-device.js";

const stages = [
  "allocate",
  "write",
  "copy",
  "compile",
  "dispatch",
  "dispatchThreads",
  "read",
  "wait",
] as const;
export type Stage = (typeof stages)[number];

/** Calls `onCall` before every call of the device, numbered from 1; what it throws, the call throws. */
export function intercept(device: Device, onCall: (stage: Stage, count: number) => void): () => void {
  let count = 0;
  const target = device as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const stage of stages) {
    const original = Object.getPrototypeOf(device)[stage] as (...args: unknown[]) => unknown;
    const isAsync = stage === "compile" || stage === "read" || stage === "wait";
    target[stage] = (...args) => {
      try {
        onCall(stage, ++count);
      } catch (error) {
        if (isAsync) return Promise.reject(error);
        throw error;
      }
      return original.apply(device, args);
    };
  }
  return () => {
    for (const stage of stages) delete target[stage];
  };
}

export function loseDevice(device: Device): void {
  if (device instanceof BaseDevice) device.simulateLoss();
  else if (device instanceof FakeDevice) device.lose("driver");
}

export function injected(code: ErrorCode): AikoError {
  return new AikoError(code, { message: `injected ${code}` });
}
