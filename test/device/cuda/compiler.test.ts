import { describe, expect, it } from "vitest";
import { type Compiler, targetFor } from "#src/device/cuda/compiler.js";
import { cublasFix, nvrtcFix, unfit } from "#src/device/cuda/installation.js";

const compiler = (version: readonly [number, number], architectures: readonly number[]): Compiler => ({
  kind: "NVRTC",
  path: "/lib/libnvrtc.so",
  version,
  architectures,
  compile: () => Promise.reject(new TypeError("not called")),
});

describe("what is compiled for", () => {
  it("is the GPU's own architecture, or PTX of the newest before it", () => {
    expect(targetFor(90, [75, 80, 90, 100])).toEqual({ architecture: "sm_90", format: "cubin" });
    expect(targetFor(89, [75, 80, 90])).toEqual({ architecture: "compute_80", format: "ptx" });
    expect(targetFor(120, [50, 90])).toEqual({ architecture: "compute_90", format: "ptx" });
    expect(targetFor(61, [75, 80])).toBeUndefined();
    expect(targetFor(61, [])).toBeUndefined();
  });
});

describe("a compiler is of use", () => {
  it("where it knows the GPU, be it newer than the driver", () => {
    expect(unfit(compiler([13, 0], [75, 90]), [12, 8], 90)).toBeUndefined();
    expect(unfit(compiler([12, 2], [75, 90]), [13, 0], 120)).toBeUndefined();
  });

  it("not where the driver would not take its PTX", () => {
    const problem = unfit(compiler([13, 1], [75, 90]), [13, 0], 120);
    expect(problem?.reason).toContain("NVRTC 13.1 at /lib/libnvrtc.so is newer than the driver");
    expect(problem?.reason).toContain("CUDA 13.0");
    expect(problem?.fix).toBe('pip install "nvidia-cuda-nvrtc<14"');
  });

  it("not where it compiles for nothing as old as the GPU", () => {
    const problem = unfit(compiler([13, 0], [75, 90]), [13, 0], 61);
    expect(problem?.reason).toContain("compute capability 6.1");
    expect(problem?.reason).toContain("sm_75");
  });
});

it("names pip's packages for the driver", () => {
  expect(nvrtcFix([12, 4])).toBe("pip install nvidia-cuda-nvrtc-cu12");
  expect(cublasFix([12, 4])).toBe("pip install nvidia-cublas-cu12");
  expect(cublasFix([13, 0])).toBe('pip install "nvidia-cublas<14"');
});
