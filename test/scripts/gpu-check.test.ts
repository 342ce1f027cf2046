import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { adapters } from "../support/devices.js";

const script = fileURLToPath(new URL("../../scripts/gpu-check", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "aikoryu-gpu-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(script, args, {
      env: { ...process.env, NODE: process.execPath },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stderr }));
  });
}

describe.skipIf(process.platform === "win32")("gpu-check", () => {
  it.skipIf(!adapters.some(({ id }) => id === "opencl:0"))(
    "measures a device and says so in both forms",
    { timeout: 180_000 },
    async () => {
      const out = join(folder, "deep", "report");
      const { code, stderr } = await run(out, "--device", "opencl:0", "--no-bench");
      expect(stderr).toContain("opencl:0: contract");
      expect(code, stderr).toBe(0);
      const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
      const [device] = report.devices;
      expect(device.id).toBe("opencl:0");
      expect(device.contract.no).toEqual([]);
      expect(device.contract.yes).toBeGreaterThan(30);
      expect(device.kernels).toMatchObject({ wrong: [] });
      expect(device.kernels.checked).toBeGreaterThan(30);
      expect(device.microbench.launch.emptyAmortisedUs).toBeGreaterThan(0);
      expect(device.products.rows.length).toBeGreaterThan(0);
      expect(device.data.rows.length).toBeGreaterThan(5);
      expect(device.data.rows.filter(({ wrong }: { wrong: boolean }) => wrong)).toEqual([]);
      expect(report.bench.matrix.skipped).toBe("not asked for");
      const text = readFileSync(join(out, "report.md"), "utf8");
      expect(text).toContain(`## opencl:0: ${device.name}`);
      expect(text).toContain("Nothing failed.");
      expect(text).toMatch(/copy kernel, read \+ write \| \d+\.\d GB\/s/);
    },
  );

  it.skipIf(!adapters.some(({ id }) => id === "opencl:0"))("says what it had no time for", async () => {
    const out = join(folder, "short");
    const { code } = await run(out, "--minutes", "0.05", "--device", "opencl:0");
    expect(code).toBe(0);
    const [device] = JSON.parse(readFileSync(join(out, "report.json"), "utf8")).devices;
    expect(device.contract).toEqual({ skipped: "no time was left" });
    expect(readFileSync(join(out, "report.md"), "utf8")).toContain("The device contract: no time was left.");
  });

  it("explains wrong usage and measures nothing", async () => {
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining("Name one folder") });
    expect(await run(folder, "--minuts", "3")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--minuts"),
    });
    expect(await run(folder, "--minutes", "soon")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("soon"),
    });
    const absent = await run(join(folder, "none"), "--device", "cuda:7");
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining("There is no device cuda:7") });
    expect(existsSync(join(folder, "none", "report.json"))).toBe(false);
  });
});
