import { expect, it } from "vitest";
import { BaseDevice } from "#src/device/base-device.js";
import * as kernels from "#src/device/conformance/kernels.js";
import type { Device } from "#src/device/device.js";
import { isAikoError } from "#src/errors.js";
import { onEveryDevice, withDevice } from "../support/devices.ts";
import { failure } from "../support/errors.ts";

async function expectUnusable(device: Device, used: Awaited<ReturnType<typeof prepare>>): Promise<void> {
  const { buffer, kernel } = used;
  expect(device.isLost).toBe(true);
  await failure(() => device.allocate(4), "DEVICE_LOST");
  await failure(() => device.write(buffer, new Uint8Array(4)), "DEVICE_LOST");
  await failure(() => device.read(buffer), "DEVICE_LOST");
  await failure(() => device.copy(buffer, buffer), "DEVICE_LOST");
  await failure(() => device.compile(kernels.empty), "DEVICE_LOST");
  await failure(() => device.dispatch(kernel, {}, 1), "DEVICE_LOST");
  await failure(() => device.dispatchThreads(kernel, {}, 1), "DEVICE_LOST");
  await failure(() => device.wait(), "DEVICE_LOST");
  buffer.dispose();
  kernel.dispose();
  expect(device.memory()).toMatchObject({ inUseBytes: 0, buffers: 0, kernels: 0 });
}

async function prepare(device: Device) {
  return { buffer: device.allocate(64), kernel: await device.compile(kernels.empty) };
}

onEveryDevice("loss", (adapter) => {
  it("ends with dispose, once", () =>
    withDevice(adapter, async (device) => {
      const used = await prepare(device);
      await Promise.all([device.dispose(), device.dispose()]);
      expect(await device.lost).toMatchObject({ reason: "disposed" });
      await expectUnusable(device, used);
      await device.dispose();
    }));

  it("rejects what is pending when it is disposed", () =>
    withDevice(adapter, async (device) => {
      const { buffer } = await prepare(device);
      const pending = [device.wait(), device.read(buffer), device.compile(kernels.scale)].map((work) =>
        work.then(
          () => "done",
          (error) => (isAikoError(error) ? error.code : String(error)),
        ),
      );
      await device.dispose();
      for (const outcome of await Promise.all(pending)) expect(["done", "DEVICE_LOST"]).toContain(outcome);
    }));

  it("tells when the driver lost it", () =>
    withDevice(adapter, async (device) => {
      const used = await prepare(device);
      const waiting = device.read(used.buffer).catch((error) => error.code);
      if (device instanceof BaseDevice) device.simulateLoss();
      expect(await device.lost).toMatchObject({ reason: "driver" });
      expect(["DEVICE_LOST", new Uint8Array(64)]).toContainEqual(await waiting);
      await expectUnusable(device, used);
    }));

  it("opens again after a loss", async () => {
    for (let i = 0; i < 3; i++) {
      await withDevice(adapter, async (device) => {
        const buffer = device.allocate(4);
        if (device instanceof BaseDevice && i === 1) device.simulateLoss();
        else expect(await device.read(buffer)).toEqual(new Uint8Array(4));
      });
    }
  });
});

onEveryDevice(
  "a kernel that never ends",
  (adapter) => {
    it("times out and loses the device", async (context) => {
      if (adapter.backend !== "cuda" && (adapter.backend !== "opencl" || adapter.kind !== "cpu")) {
        context.skip("only a watchdog ends a kernel in this process; see process.test.ts");
      }
      const device = await adapter.open({ timeoutMs: 300 });
      const cell = device.allocate(8);
      const kernel = await device.compile(kernels.endless);
      device.dispatch(kernel, { cell }, 1);
      const read = device.read(cell);
      read.catch(() => {});
      const error = await failure(() => device.wait(), "TIMEOUT");
      expect(error.hint).toContain("timeoutMs");
      await failure(() => read, "TIMEOUT");
      expect(await device.lost).toMatchObject({ reason: "timeout" });
      await failure(() => device.allocate(4), "DEVICE_LOST");
      await device.dispose();
      // A kernel that went on would take a core in every window; other tests' work passes.
      const coresIn500Ms = async () => {
        const before = process.cpuUsage();
        await new Promise((resolve) => setTimeout(resolve, 500));
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 5e5;
      };
      await expect.poll(coresIn500Ms, { timeout: 30_000, interval: 0 }).toBeLessThan(0.6);
    });
  },
  { computing: true },
);
