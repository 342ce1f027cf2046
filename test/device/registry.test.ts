import { describe, expect, it } from "vitest";
import type { Adapter } from "#src/device/device.js";
import {
  chooseAdapter,
  type Discovery,
  discover,
  isOnRequest,
  rankOf,
  selectAdapters,
} from "#src/device/registry.js";
import { adapters } from "../support/devices.ts";
import { failure } from "../support/errors.ts";

const fake = (backend: Adapter["backend"], kind: Adapter["kind"], index = 0) =>
  ({ backend, kind, index, id: `${backend}:${index}`, name: `${kind} of ${backend}` }) as Adapter;

const [nullDevice, softwareWebGpu, cpuOpenCl, gpuWebGpu, gpuOpenCl] = [
  fake("null", "null"),
  fake("webgpu", "cpu", 1),
  fake("opencl", "cpu"),
  fake("webgpu", "gpu"),
  fake("opencl", "gpu", 1),
];

const discovery: Discovery = {
  adapters: [gpuOpenCl, gpuWebGpu, cpuOpenCl, softwareWebGpu, nullDevice],
  problems: [{ backend: "cuda", reason: "libcuda.so.1 is not there", fix: "install the NVIDIA driver" }],
};

describe("ranking", () => {
  it("prefers GPUs, and OpenCL to WebGPU", () => {
    const all = [nullDevice, softwareWebGpu, cpuOpenCl, gpuWebGpu, gpuOpenCl];
    expect(all.sort((a, b) => rankOf(a) - rankOf(b))).toEqual(discovery.adapters);
  });

  it("leaves software WebGPU and the null device to those who ask", () => {
    expect(selectAdapters(discovery, undefined)).toEqual([gpuOpenCl, gpuWebGpu, cpuOpenCl]);
    expect([softwareWebGpu, nullDevice].every(isOnRequest)).toBe(true);
  });
});

describe("choosing", () => {
  it("takes a backend, an id, several of them, or none", () => {
    expect(chooseAdapter(discovery, "webgpu")).toBe(gpuWebGpu);
    expect(chooseAdapter(discovery, "opencl:0")).toBe(cpuOpenCl);
    expect(chooseAdapter(discovery, "null")).toBe(nullDevice);
    expect(chooseAdapter(discovery, "cpu")).toBeUndefined();
    expect(selectAdapters(discovery, ["webgpu:1", "opencl"])).toEqual([softwareWebGpu, gpuOpenCl, cpuOpenCl]);
  });

  it("says what is there when the device is not", async () => {
    const error = await failure(() => chooseAdapter(discovery, "cuda:0"), "DEVICE_NOT_FOUND");
    expect(error.message).toContain("libcuda.so.1 is not there");
    expect(error.hint).toContain("install the NVIDIA driver");
    expect(error.hint).toContain("opencl:1 (gpu of opencl)");
    await failure(() => chooseAdapter(discovery, "opencl:7"), "DEVICE_NOT_FOUND");
    await failure(() => chooseAdapter(discovery, "toaster"), "DEVICE_NOT_FOUND");
  });

  it("follows AIKORYU_DEVICE", () => {
    const before = process.env.AIKORYU_DEVICE;
    try {
      process.env.AIKORYU_DEVICE = "webgpu:1";
      expect(chooseAdapter(discovery)).toBe(softwareWebGpu);
      process.env.AIKORYU_DEVICE = "";
      expect(chooseAdapter(discovery)).toBe(gpuOpenCl);
    } finally {
      if (before === undefined) delete process.env.AIKORYU_DEVICE;
      else process.env.AIKORYU_DEVICE = before;
    }
  });
});

describe("discovery", () => {
  it("always finds the null device, last", () => {
    expect(adapters.at(-1)?.id).toBe("null:0");
  });

  it("gives every adapter a name and working limits", () => {
    for (const { id, name, limits, backend, index } of adapters) {
      expect(id).toBe(`${backend}:${index}`);
      expect(name).not.toBe("");
      expect(limits.storageBuffers).toBeGreaterThanOrEqual(8);
      expect(limits.workgroupThreads).toBeGreaterThanOrEqual(256);
      expect(limits.workgroupBytes).toBeGreaterThanOrEqual(16_384);
      expect(limits.bindingBytes).toBeGreaterThanOrEqual(2 ** 27);
    }
  });

  it("explains a library that does not load", async () => {
    const before = process.env.AIKORYU_OPENCL;
    try {
      process.env.AIKORYU_OPENCL = "/nonexistent/libOpenCL.so";
      const { adapters: present, problems } = await discover();
      expect(present.some(({ backend }) => backend === "opencl")).toBe(false);
      const problem = problems.find(({ backend }) => backend === "opencl");
      expect(problem?.reason).toContain("/nonexistent/libOpenCL.so");
      expect(problem?.fix).toContain("AIKORYU_OPENCL");
    } finally {
      if (before === undefined) delete process.env.AIKORYU_OPENCL;
      else process.env.AIKORYU_OPENCL = before;
    }
  });
});
