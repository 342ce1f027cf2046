import { expect, it } from "vitest";
import type { Adapter, Device } from "#src/device/device.js";
import { Matrix, multiply } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../support/devices.js";
import { injected, intercept, loseDevice, type Stage } from "../support/faults.js";
import { seeded } from "../support/random.js";
import { firstDifference, oracle } from "./oracle.js";

const random = seeded(23);
const [m, n, k] = [70, 33, 40];

function randomMatrix(rows: number, columns: number): Matrix {
  return Matrix.from(
    Float32Array.from({ length: rows * columns }, () => random() * 2 - 1),
    [rows, columns],
  );
}

/** Multiplies with a fault at the call of the given number; the result has to be right all the same. */
async function multiplyWith(
  runtime: Runtime,
  onCall: (device: Device, stage: Stage, at: number) => void,
): Promise<string> {
  const device = await runtime.device();
  const restore = intercept(device, (stage, at) => onCall(device, stage, at));
  using a = randomMatrix(m, k);
  using b = randomMatrix(k, n);
  try {
    using product = await multiply(runtime, a, b, { report: true });
    expect(firstDifference(await product.read(), await oracle(a, b))).toBe(-1);
    return product.report?.placement ?? "none";
  } finally {
    restore();
  }
}

async function callsOf(adapter: Adapter): Promise<readonly Stage[]> {
  await using runtime = new Runtime({ adapters: async () => [adapter], placement: "gpu" });
  const calls: Stage[] = [];
  expect(await multiplyWith(runtime, (_, stage) => calls.push(stage))).toBe("gpu");
  // The last call is the download; what it was to bring back is gone with the device.
  expect(calls.at(-1)).toBe("read");
  return calls.slice(0, -1);
}

onEveryDevice(
  "every call of a product, failing in turn",
  (adapter) => {
    it("is answered all the same when the device is full", async () => {
      const calls = await callsOf(adapter);
      for (let failing = 1; failing <= calls.length; failing++) {
        await using runtime = new Runtime({ adapters: async () => [adapter], placement: "gpu" });
        const place = await multiplyWith(runtime, (_, __, at) => {
          if (at === failing) throw injected("OUT_OF_MEMORY");
        });
        expect(["gpu", "cpu"]).toContain(place);
        await expectCacheOnly(await runtime.device(), runtime);
      }
    });

    it("is answered all the same when the device is lost", async () => {
      const calls = await callsOf(adapter);
      expect(calls).toEqual(expect.arrayContaining(["allocate", "write", "wait"]));
      await using runtime = new Runtime({
        adapters: async () => [adapter],
        placement: "gpu",
        threshold: 1e6,
      });
      for (let failing = 1; failing <= calls.length; failing++) {
        const device = await runtime.device();
        await multiplyWith(runtime, (_, __, at) => {
          if (at === failing) loseDevice(device);
        });
        await device.lost;
        await device.dispose();
        expect(device.memory().inUseBytes).toBe(0);
      }
    });
  },
  { computing: true },
);

/** Everything that a product left behind can be used by the next. */
async function expectCacheOnly(device: Device, runtime: Runtime): Promise<void> {
  await multiplyWith(runtime, () => {});
  const before = device.memory().inUseBytes;
  for (let call = 0; call < 3; call++) await multiplyWith(runtime, () => {});
  expect(device.memory().inUseBytes).toBe(before);
}
