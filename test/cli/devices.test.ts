import { describe, expect, it } from "vitest";
import { aikoryu } from "./run.ts";

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
    expect([...backends]).toEqual(expect.arrayContaining(["opencl", "webgpu"]));
  });

  it("explains a device that is not there", async () => {
    const { status, stdout } = await aikoryu(["doctor", "--quick"], "", { AIKORYU_DEVICE: "opencl:77" });
    expect(status).toBe(1);
    expect(stdout).toContain('There is no device "opencl:77"');
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });
});

describe("tour", () => {
  it("compares both paths on the installed packages", async () => {
    const { status, stdout } = await aikoryu(["tour", "--json"]);
    expect(status).toBe(0);
    const { rows } = JSON.parse(stdout);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ operation: "matrix.multiply", agree: true, reason: expect.any(String) });
    expect(rows[0].cpuMs).toBeGreaterThan(0);
  });

  it("works without any device, in 80 columns", async () => {
    const { status, stdout } = await aikoryu(["tour"], "", { AIKORYU_DEVICE: "cpu" });
    expect(status).toBe(0);
    expect(stdout).toContain("No device was found");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
