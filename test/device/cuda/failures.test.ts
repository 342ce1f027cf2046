import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as kernels from "#src/device/conformance/kernels.js";
import type { Device } from "#src/device/device.js";
import { failure } from "../../support/errors.ts";
import { cudaAdapter, cudaControl, whyNoCuda } from "./fake.ts";

const add = (device: Device) => device.compile(kernels.add, { label: "add" });

describe.skipIf(whyNoCuda !== undefined)(`failures on cuda: ${whyNoCuda ?? "on a fake GPU"}`, () => {
  const nothing = { contexts: 0, streams: 0, events: 0, modules: 0, allocations: 0, pinned: 0 };
  let device: Device;

  beforeEach(async () => {
    cudaControl().clear();
    device = await cudaAdapter().open({ cacheDirectory: false });
  });

  afterEach(async () => {
    await device.dispose();
    expect(cudaControl().stats()).toMatchObject(nothing);
  });

  const works = async () => {
    using kernel = await add(device);
    using total = device.allocate(4);
    const rounds = 300_000;
    const big = new Uint8Array(rounds).fill(5);
    using copy = device.allocate(rounds);
    device.write(copy, big);
    device.write(total, Uint32Array.of(9));
    device.copy(copy.view(0, 4), total);
    device.write(total, Uint32Array.of(0));
    for (let at = 0; at < 10; at++) device.dispatch(kernel, { total, amount: Uint32Array.of(at) }, 1);
    expect(new Uint32Array((await device.read(total)).buffer)[0]).toBe(45);
    expect(Buffer.compare(await device.read(copy), big)).toBe(0);
    await device.wait();
  };

  /** Calls of which any may fail once without harm to the next. */
  const calls = [
    "cuLaunchKernel",
    "cuMemcpyHtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyDtoDAsync_v2",
    "cuMemsetD8Async",
    "cuEventRecord",
    "cuEventCreate",
    "cuStreamWaitEvent",
    "cuMemAlloc_v2",
    "cuMemHostAlloc",
    "cuModuleLoadDataEx",
    "cuModuleGetFunction",
    "cuEventQuery",
  ];

  it.each(calls)("%s that fails once is reported once", async (name) => {
    let reported = 0;
    for (let nth = 1; nth <= 6; nth++) {
      cudaControl().fail(name, 1, nth);
      const outcome = await works().then(
        () => "fine",
        (error) => error,
      );
      await device.wait().catch(() => reported++);
      cudaControl().fail(name, 1, 0);
      if (outcome !== "fine") {
        reported++;
        expect(String(outcome)).toContain("CUDA_ERROR_INVALID_VALUE");
      }
      expect(device.isLost).toBe(false);
      await works();
    }
    if (name !== "cuMemsetD8Async" && name !== "cuStreamWaitEvent") expect(reported).toBeGreaterThan(0);
  });

  it.each([
    ["execute", 700],
    ["execute", 719],
    ["copy", 700],
    ["cuEventQuery", 702],
    ["cuLaunchKernel", 999],
    ["cuEventSynchronize", 719],
  ] as const)("%s that fails with %i loses the device", async (name, code) => {
    using kernel = await device.compile(kernels.slow);
    using cells = device.allocate(4096);
    device.write(cells, new Uint8Array(4096));
    await device.wait();
    cudaControl().fail(name, code);
    device.dispatch(kernel, { cells, rounds: Uint32Array.of(2000) }, 64);
    if (name === "copy") device.write(cells, new Uint8Array(4096));
    await failure(() => device.read(cells), "DEVICE_LOST");
    expect(await device.lost).toMatchObject({ reason: "driver" });
    await failure(() => device.wait(), "DEVICE_LOST");
    await failure(() => device.compile(kernels.empty), "DEVICE_LOST");
    const again = await cudaAdapter().open();
    using word = again.allocate(4);
    expect(await again.read(word)).toEqual(new Uint8Array(4));
    await again.dispose();
  });

  it("a dispatch that fails keeps no other from running", async () => {
    using kernel = await add(device);
    using total = device.allocate(4);
    await device.read(total);
    const sum = async () => new Uint32Array((await device.read(total)).buffer)[0];
    const addAll = () => {
      device.write(total, Uint32Array.of(0));
      for (let at = 0; at < 8; at++) device.dispatch(kernel, { total, amount: Uint32Array.of(1 << at) }, 1);
    };
    cudaControl().fail("cuLaunchKernel", 701, 3);
    addAll();
    const error = await failure(() => device.wait(), "INTERNAL");
    expect(error.message).toContain("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
    expect(await sum()).toBe(255 - 4);
    for (let round = 0; round < 3; round++) {
      cudaControl().fail("cuGraphLaunch", 701);
      addAll();
      expect(await sum()).toBe(255);
    }
  });

  it("a full GPU says how full it is", async () => {
    cudaControl().fail("cuMemAlloc_v2", 2);
    const error = await failure(() => device.allocate(1 << 20, "weights"), "OUT_OF_MEMORY");
    expect(error.message).toMatch(/weights.*CUDA_ERROR_OUT_OF_MEMORY.*MiB of .*MiB are free/);
    expect(device.memory()).toMatchObject({ inUseBytes: 0, buffers: 0 });
    await works();
    cudaControl().fail("cuCtxCreate_v2", 2);
    await failure(() => cudaAdapter().open(), "OUT_OF_MEMORY");
    cudaControl().fail("cuCtxCreate_v2", 46);
    const busy = await failure(() => cudaAdapter().open(), "DEVICE_LOST");
    expect(busy.hint).toContain("nvidia-smi");
  });

  it("memory that was disposed serves the next allocation, though work still uses it", async () => {
    using kernel = await device.compile(kernels.slow);
    const { memoryBytes = 0 } = device.adapter.limits;
    const size = Math.floor(memoryBytes / 3);
    for (let at = 0; at < 8; at++) {
      using cells = device.allocate(size + 16 * at);
      device.dispatch(kernel, { cells, rounds: Uint32Array.of(100) }, 64);
    }
    await device.wait();
    expect(cudaControl().stats().bytes).toBeLessThan(2 ** 20);
  });

  it("what does not compile says why", async () => {
    cudaControl().failNvrtc("nvrtcCompileProgram", 6);
    const error = await failure(() => add(device), "COMPILE_FAILED");
    expect(error.message).toContain("NVRTC 13.0");
    cudaControl().fail("cuModuleLoadDataEx", 222);
    const refused = await failure(() => add(device), "COMPILE_FAILED");
    expect(refused.message).toContain("CUDA_ERROR_UNSUPPORTED_PTX_VERSION");
    expect(refused.message).toContain("CUDA 13.0");
    await works();
  });
});
