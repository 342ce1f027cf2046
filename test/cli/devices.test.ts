import { describe, expect, it } from "vitest";
import { buildFakeCuda, fakeEnvironment } from "../support/cuda/index.ts";
import { aikoryu } from "./run.ts";

const fake = await buildFakeCuda();

describe("doctor", () => {
  it("lists devices, what is chosen and what is missing", async () => {
    const { status, stdout } = await aikoryu(["doctor", "--quick", "--json"]);
    expect(status).toBe(0);
    const found = JSON.parse(stdout);
    expect(found.machine.cores).toBeGreaterThan(0);
    for (const device of found.devices) {
      expect(device).toMatchObject({
        id: expect.stringMatching(/^\w+:\d+$/),
        limits: { storageBuffers: expect.any(Number) },
      });
      expect(device.measured).toBeUndefined();
    }
    const backends = new Set([...found.devices, ...found.problems].map(({ backend }) => backend));
    expect([...backends]).toEqual(expect.arrayContaining(["cuda", "opencl", "webgpu"]));
  });

  it("names what was found of each backend, where, and its version", async () => {
    const { stdout } = await aikoryu(["doctor", "--quick", "--json"]);
    const { backends } = JSON.parse(stdout);
    expect(backends.map(({ backend }: { backend: string }) => backend)).toEqual(["cuda", "opencl", "webgpu"]);
    const [dawn] = backends[2].parts;
    expect(dawn).toMatchObject({ name: "Dawn", path: expect.stringContaining("webgpu") });
    expect(dawn.version).toMatch(/^webgpu \d+\.\d+/);
  });

  it.skipIf(typeof fake === "string")("names the parts of CUDA, and what fixes a missing one", async () => {
    if (typeof fake === "string") return;
    const seen = await aikoryu(["doctor", "--quick"], "", fakeEnvironment(fake));
    expect(seen.stdout).toMatch(/^cuda:0 {2}Fake GPU$/m);
    expect(seen.stdout).toMatch(/^ {2}driver {4}CUDA 13\.0 at .*libcuda\.so\.1$/m);
    expect(seen.stdout).toMatch(/^ {2}NVRTC {5}13\.0 at .*libnvrtc\.so\.13$/m);
    expect(seen.stdout).toMatch(/^ {2}cuBLAS {4}13\.0 at .*libcublas\.so\.13$/m);
    expect(seen.stdout).toContain("Chosen: cuda:0.");
    const broken = { ...fakeEnvironment(fake), AIKORYU_CUBLAS: "/nonexistent/libcublas.so.13" };
    const without = await aikoryu(["doctor", "--quick"], "", broken);
    expect(without.stdout).toMatch(/^ {2}cuBLAS {4}13\.0 at \/nonexistent/m);
    expect(without.stdout).toContain('fix       pip install "nvidia-cublas<14"');
    const hidden = await aikoryu(["doctor", "--quick"], "", {
      ...fakeEnvironment(fake),
      CUDA_VISIBLE_DEVICES: "",
    });
    expect(hidden.status).toBe(0);
    expect(hidden.stdout).toContain('CUDA_VISIBLE_DEVICES is ""');
    expect(hidden.stdout).toContain("fix       unset CUDA_VISIBLE_DEVICES");
  });

  it("explains a device that is not there", async () => {
    const { status, stdout } = await aikoryu(["doctor", "--quick"], "", { AIKORYU_DEVICE: "opencl:77" });
    expect(status).toBe(1);
    expect(stdout).toContain('There is no device "opencl:77"');
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe("tour", { timeout: 240_000 }, () => {
  it("compares both paths on the installed packages", async () => {
    const { status, stdout } = await aikoryu(["tour", "--json"]);
    expect(status).toBe(0);
    const { rows } = JSON.parse(stdout);
    expect(rows.map(({ operation }: { operation: string }) => operation)).toEqual([
      "matrix.multiply",
      "nn.run",
      "data.query",
      "llm.generate",
      "agents.validate",
    ]);
    for (const row of rows) {
      expect(row).toMatchObject({ agree: true, reason: expect.any(String) });
      expect(row.cpuMs).toBeGreaterThan(0);
    }
  });

  it("works without any device, in 80 columns", async () => {
    const { status, stdout } = await aikoryu(["tour"], "", { AIKORYU_DEVICE: "cpu" });
    expect(status).toBe(0);
    expect(stdout).toContain("No device was found");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
