import assert from "node:assert/strict";
import { type Behaviour, computes, computesNothing } from "./behaviour.ts";
import { parametersOf, words } from "./expectations.ts";
import * as kernels from "./kernels.ts";

export const queue: readonly Behaviour[] = [
  computes("serves many waits and reads at once", async (device) => {
    using kernel = await device.compile(kernels.add);
    using total = device.allocate(4);
    const reads: Promise<Uint32Array>[] = [];
    for (let i = 0; i < 64; i++) {
      device.dispatch(kernel, { total, amount: Uint32Array.of(1) }, 1);
      reads.push(words(device, total));
      if (i % 8 === 0) void device.wait();
    }
    assert.deepEqual(
      (await Promise.all(reads)).map(([value]) => value),
      Array.from({ length: 64 }, (_, i) => i + 1),
    );
  }),

  computes("keeps memory that enqueued work uses", async (device) => {
    using kernel = await device.compile(kernels.scale);
    using result = device.allocate(4096);
    const source = device.allocate(4096);
    device.write(source, new Float32Array(1024).fill(2));
    device.dispatchThreads(kernel, { source, result, parameters: parametersOf(2, 1024) }, 1024);
    source.dispose();
    source.dispose();
    assert.equal(
      new Float32Array((await device.read(result)).buffer).every((value) => value === 4),
      true,
    );
  }),

  {
    name: "times kernels by the device's clock",
    unless: (adapter) =>
      computesNothing(adapter) ?? (adapter.features.has("timestamps") ? undefined : "has no clock"),
    body: async (device) => {
      using kernel = await device.compile(kernels.slow);
      using cells = device.allocate(4096);
      const timer = device.timer();
      assert.equal((await timer.result()).kernelMs, 0);
      for (let i = 0; i < 300; i++)
        device.dispatch(kernel, { cells, rounds: Uint32Array.of(100) }, 4, { timer });
      await device.wait();
      const { kernelMs } = await timer.result();
      assert.ok(Number(kernelMs) > 0);
      device.dispatch(kernel, { cells, rounds: Uint32Array.of(100) }, 4, { timer });
      await device.wait();
      assert.ok(Number((await timer.result()).kernelMs) > Number(kernelMs));
    },
  },
];
