import { afterEach, describe, expect, it } from "vitest";
import type { Adapter } from "#src/device/device.js";
import { adapters, isFake } from "../devices.ts";
import { buildFakeCuda, controlOf, type FakeControl, leftovers } from "./index.ts";

/** The fake CUDA device, and the hands on its driver. */
export interface FakeDevice {
  readonly adapter: Adapter;
  readonly control: FakeControl;
}

const built = await buildFakeCuda();
const adapter = adapters.find(isFake);

/** Declares tests on the fake CUDA device; after each the driver must hold nothing and have seen no race. */
export function onFakeCuda(title: string, body: (fake: FakeDevice) => void): void {
  if (adapter === undefined || typeof built === "string") {
    it.skip(`${title}: ${typeof built === "string" ? built : "a real CUDA driver is in use"}`, () => {});
    return;
  }
  const control = controlOf(built);
  describe(title, () => {
    afterEach(async () => {
      control.configure({ log: 0, jitter: 0, taken: 0 });
      const { faults, ...rest } = await leftovers();
      expect(rest).toEqual({ races: [] });
      control.clear();
    });
    body({ adapter, control });
  });
}
