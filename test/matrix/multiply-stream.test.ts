import { expect, it } from "vitest";
import type { Adapter } from "#src/device/device.js";
import { Matrix, type MultiplyOptions, multiply } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { intercept, loseDevice } from "../support/faults.js";
import { seeded } from "../support/random.js";
import { firstDifference, oracle } from "./oracle.js";

const random = seeded(17);

function randomMatrix(...shape: number[]): Matrix {
  const length = shape.reduce((size, next) => size * next, 1);
  return Matrix.from(
    Float32Array.from({ length }, () => random() * 2 - 1),
    shape,
  );
}

const memoryBudgetBytes = 160 * 1024;

function runtimeOn(adapter: Adapter, options = {}): Runtime {
  return new Runtime({ adapters: async () => [adapter], memoryBudgetBytes, placement: "gpu", ...options });
}

async function expectRight(
  runtime: Runtime,
  a: Matrix,
  b: Matrix,
  options: MultiplyOptions = {},
): Promise<void> {
  using product = await multiply(runtime, a, b, { strict: true, ...options });
  expect(product.location).toBe("host");
  expect(firstDifference(await product.read(), await oracle(a, b, options))).toBe(-1);
}

onEveryDevice(
  "a product that exceeds the budget",
  (adapter) => {
    it("is computed in blocks of rows, whatever its form", async () => {
      await using runtime = runtimeOn(adapter);
      const [a, b, c] = [randomMatrix(611, 67), randomMatrix(67, 65), randomMatrix(611, 65)];
      await expectRight(runtime, a, b);
      await expectRight(runtime, a, b, { alpha: 0.5, beta: -2, c });
      await expectRight(runtime, randomMatrix(67, 611), b, { transposeA: true });
      await expectRight(runtime, a, randomMatrix(65, 67), { transposeB: true });
      const items = randomMatrix(3, 200, 67);
      await expectRight(runtime, items, b, { c: randomMatrix(200, 65) });
      await expectRight(runtime, items, randomMatrix(3, 67, 65), { c: randomMatrix(3, 200, 65) });
      await expectRight(runtime, randomMatrix(300, 67), randomMatrix(4, 67, 65));
      const device = await runtime.device();
      expect(device.memory().peakBytes).toBeLessThanOrEqual(memoryBudgetBytes);
    });

    it("takes operands from the device, and sends them away for room", async () => {
      await using runtime = runtimeOn(adapter);
      const a = await multiply(runtime, randomMatrix(300, 20), randomMatrix(20, 17), { strict: true });
      expect(a.location).toBe("device");
      await expectRight(runtime, a, randomMatrix(17, 120));
      expect((await runtime.device()).memory().peakBytes).toBeLessThanOrEqual(memoryBudgetBytes);
    });

    it("goes to the CPU where not even one row fits beside b, or is refused under strict", async () => {
      await using runtime = runtimeOn(adapter);
      const [a, b] = [randomMatrix(10, 300), randomMatrix(300, 200)];
      const error = await failure(() => multiply(runtime, a, b, { strict: true }), "OUT_OF_MEMORY");
      expect(error.message).toContain("A matrix product needs");
      using product = await multiply(runtime, a, b, { report: true });
      expect(firstDifference(await product.read(), await oracle(a, b))).toBe(-1);
      expect(product.report).toMatchObject({ placement: "cpu", fallback: { code: "OUT_OF_MEMORY" } });
    });

    it("survives a device lost in the middle, and an abort", async () => {
      await using runtime = runtimeOn(adapter);
      const [a, b] = [randomMatrix(611, 67), randomMatrix(67, 65)];
      const device = await runtime.device();
      let reads = 0;
      intercept(device, (stage) => {
        if (stage === "read" && ++reads === 2) loseDevice(device);
      });
      using product = await multiply(runtime, a, b);
      expect(firstDifference(await product.read(), await oracle(a, b))).toBe(-1);
      const again = await runtime.device();
      expect(again).not.toBe(device);
      const abort = new AbortController();
      intercept(again, (stage) => {
        if (stage === "read") abort.abort();
      });
      await failure(() => multiply(runtime, a, b, { signal: abort.signal }), "ABORTED");
      await new Promise((resolve) => setTimeout(resolve, 100));
      a.dispose();
      b.dispose();
    });
  },
  { computing: true },
);
