import { expect, it } from "vitest";
import * as kernels from "#src/device/conformance/kernels.js";
import { open } from "#src/index.js";
import type { Operation } from "#src/runtime/index.js";
import { adapters } from "../support/devices.js";

const waits: Operation<undefined, string> = {
  name: "test.endless",
  engine: "JavaScript",
  rates: {
    engine: { overheadMs: 0, flopsPerMs: 1, bytesPerMs: 1 },
    gpu: { overheadMs: 0, flopsPerMs: 1, bytesPerMs: 1 },
    cpu: { overheadMs: 0, flopsPerMs: 1, bytesPerMs: 1 },
  },
  work: () => ({ flops: 1, bytes: 1, hostBytes: 0, deviceBytes: 0, resultBytes: 0 }),
  gpu: async (_input, { device }) => {
    using cell = device.allocate(8);
    using kernel = await device.compile(kernels.endless);
    device.dispatch(kernel, { cell }, 1);
    await device.wait();
    return "the device";
  },
  cpu: async () => "the processor",
};

it("a kernel that never ends times out, rests the device, and the processor answers", async ({ skip }) => {
  const adapter = adapters.find(({ backend, kind }) => backend === "opencl" && kind === "cpu");
  if (adapter === undefined) return skip("would occupy a GPU for ever");
  await using gpu = await open({ device: adapter.id, timeoutMs: 300 });
  const first = await gpu.runtime.run(waits, undefined, { placement: "gpu", report: true });
  expect(first.value).toBe("the processor");
  expect(first.report).toMatchObject({ placement: "cpu", fallback: { code: "TIMEOUT" } });
  const second = await gpu.runtime.run(waits, undefined, { placement: "gpu", report: true });
  expect(second.value).toBe("the processor");
  expect(JSON.stringify(second.report)).toMatch(/rest/);
  await expect(gpu.runtime.run(waits, undefined, { placement: "gpu", strict: true })).rejects.toMatchObject({
    code: expect.stringMatching(/DEVICE_LOST|TIMEOUT|UNSUPPORTED/),
  });
});
