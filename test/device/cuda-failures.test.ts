import { expect, it } from "vitest";
import * as kernels from "#src/device/conformance/kernels.js";
import { cudaSignatures } from "#src/device/cuda/library.js";
import type { Device } from "#src/device/device.js";
import { isAikoError } from "#src/errors.js";
import { leftovers } from "../support/cuda/index.ts";
import { onFakeCuda } from "../support/cuda/suite.ts";
import { withDevice } from "../support/devices.ts";

const OUT_OF_MEMORY = 2;
const ILLEGAL_ADDRESS = 700;

const functions = Object.keys(cudaSignatures);

/** Needed before there is a device at all; see cuda-setup.test.ts. */
const discovering = /^cu(Init|DriverGetVersion|DeviceGet)/;

/** Uses everything a device does: uploads and downloads of both sizes, a graph, a copy, a clock, memory freed under way. */
async function work(device: Device): Promise<void> {
  using kernel = await device.compile(kernels.add);
  using total = device.allocate(4);
  using big = device.allocate(1_500_000);
  using copy = device.allocate(1_500_000);
  device.write(big, new Uint8Array(1_500_000).fill(3));
  device.copy(big, copy);
  const timer = device.timer();
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 5; i++) device.dispatch(kernel, { total, amount: Uint32Array.of(round + i) }, 1);
    const [sum] = new Uint32Array((await device.read(total)).slice().buffer);
    expect(sum).toBe([10, 25, 45, 70][round]);
    device.allocate(5000).dispose();
  }
  device.dispatch(kernel, { total, amount: Uint32Array.of(1) }, 1, { timer });
  expect((await device.read(copy)).every((byte) => byte === 3)).toBe(true);
  await timer.result();
  expect(device.memory().buffers).toBe(3);
}

onFakeCuda("a failure of the CUDA driver", ({ adapter, control }) => {
  const options = { cacheDirectory: false, timeoutMs: 10_000 } as const;
  const attempt = async (task: () => Promise<unknown>) => {
    try {
      await task();
      return undefined;
    } catch (error) {
      if (!isAikoError(error)) throw error;
      return error;
    }
  };

  it.each(functions.filter((name) => !discovering.test(name)))(
    "in %s is an error of ours, and nothing of the device is left",
    async (name) => {
      const codes: string[] = [];
      for (const [status, nth] of [
        [OUT_OF_MEMORY, 1],
        [ILLEGAL_ADDRESS, 1],
      ] as const) {
        control.clear();
        control.fail(name, status, nth);
        const failed = await attempt(() => withDevice(adapter, work, options));
        control.clear();
        const what = `${name} = ${status}, call ${nth}: ${failed?.stack}`;
        expect(await leftovers(), what).toEqual({ races: [], faults: [] });
        if (failed === undefined) continue;
        codes.push(`${status}: ${failed.code}`);
        if (status === OUT_OF_MEMORY)
          expect(["OUT_OF_MEMORY", "DEVICE_LOST", "INTERNAL"], what).toContain(failed.code);
        else expect(failed.code, what).toBe("DEVICE_LOST");
      }
      console.log(`${name.padEnd(28)} ${codes.join(", ") || "never matters"}`);
    },
  );

  it("is forgotten by the next device", () => withDevice(adapter, work, options));
});
