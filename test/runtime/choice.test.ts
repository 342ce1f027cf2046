import { expect, it } from "vitest";
import { AikoError } from "#src/errors.js";
import { choose } from "#src/runtime/choice.js";
import { DeviceSlot } from "#src/runtime/device-slot.js";
import { failure } from "../support/errors.js";
import { FakeAdapter } from "../support/fake-device.js";

const predicted = { gpuMs: 2, cpuMs: 1 };

function rested(): DeviceSlot {
  const slot = new DeviceSlot(new FakeAdapter(), {});
  slot.breaker.enter()?.fail(new AikoError("TIMEOUT", { message: "hung" }));
  return slot;
}

it("does not count it as a fallback that a rested device is not tried", () => {
  const slot = rested();
  const decide = () => ({ placement: "gpu", reason: "to learn", predicted, explores: true }) as const;
  const choice = choose([slot], { asked: "auto", device: undefined, strict: true, decide });
  expect(choice).toMatchObject({ decision: { placement: "cpu", explores: false }, adapter: slot.adapter });
  expect(choice.fallback).toBeUndefined();
});

it("falls back where the device would have been faster, unless that is forbidden", async () => {
  const slot = rested();
  const decide = () => ({ placement: "gpu", reason: "faster", predicted }) as const;
  const choosing = { asked: "auto", device: undefined, decide } as const;
  const choice = choose([slot], { ...choosing, strict: false });
  expect(choice).toMatchObject({ decision: { placement: "cpu" }, fallback: { code: "TIMEOUT" } });
  await failure(async () => choose([slot], { ...choosing, strict: true }), "TIMEOUT");
});
