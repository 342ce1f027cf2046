import { describe, expect, it } from "vitest";
import { explainMissing, explainStatus, type GpuSigns } from "#src/device/cuda/startup.js";

const nothing: GpuSigns = {
  platform: "linux",
  onBus: false,
  nodes: [],
  denied: undefined,
  inContainer: false,
  env: {},
};
const server: GpuSigns = { ...nothing, onBus: true, nodes: ["nvidia0", "nvidiactl"] };

describe("a driver that is missing", () => {
  const missing = (signs: GpuSigns) => explainMissing(signs, "libcuda.so.1: not found");

  it("is one line where there is no NVIDIA GPU", () => {
    expect(missing(nothing)).toEqual({
      reason: "There is no NVIDIA driver, and no NVIDIA GPU to be seen",
      fix: undefined,
    });
  });

  it("is to be installed where there is one, or let into the container", () => {
    expect(missing({ ...nothing, onBus: true }).fix).toContain("nvidia.com");
    expect(missing({ ...server, inContainer: true }).fix).toContain("--gpus all");
  });

  it("is what a variable names wrongly", () => {
    const problem = missing({ ...nothing, env: { AIKORYU_CUDA: "/x" } });
    expect(problem).toEqual({
      reason: "libcuda.so.1: not found",
      fix: "unset AIKORYU_CUDA (it is /x)",
    });
  });
});

describe("a driver that does not start", () => {
  it.each([
    [34, server, /stub/, /LD_LIBRARY_PATH/],
    [34, { ...server, inContainer: true }, /stub/, /--gpus all/],
    [100, { ...server, env: { CUDA_VISIBLE_DEVICES: "" } }, /CUDA_VISIBLE_DEVICES is ""/, /unset CUDA_VIS/],
    [100, { ...server, denied: "/dev/nvidia0" }, /may not open \/dev\/nvidia0/, /usermod -aG video/],
    [100, { ...server, denied: "/dev/nvidia0", inContainer: true }, /may not open/, /--gpus all/],
    [100, { ...nothing, onBus: true }, /no device node/, /nvidia-modprobe/],
    [100, { ...nothing, inContainer: true }, /no device node/, /--gpus all/],
    [802, server, /SYSTEM_NOT_READY/, /fabricmanager/],
    [803, server, /running kernel module/, /reboot/],
    [804, server, /compatibility library/, /compat folder/],
    [999, { ...server, denied: "/dev/nvidia-uvm" }, /may not open \/dev\/nvidia-uvm.*UNKNOWN/, /usermod/],
    [999, server, /cuInit failed: CUDA_ERROR_UNKNOWN/, /nvidia-smi/],
  ] as const)("%i says why, and what to do (%o)", (status, signs, reason, fix) => {
    const problem = explainStatus(status, signs as GpuSigns, "/lib/libcuda.so.1");
    expect(problem.reason).toMatch(reason);
    expect(problem.fix).toMatch(fix);
  });

  it("finds no GPU on a machine without one", () => {
    expect(explainStatus(100, nothing, "libcuda.so.1")).toMatchObject({ fix: undefined });
  });
});
