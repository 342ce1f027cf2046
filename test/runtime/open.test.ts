import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { open } from "#src/index.js";
import { failure } from "../support/errors.js";

describe("open", () => {
  it("works without any device", async () => {
    await using gpu = await open({ device: "cpu" });
    expect(await gpu.adapters()).toEqual([]);
    const product = await gpu.matrix.multiply([[1, 2]], [[3], [4]], { report: true });
    expect(await product.toArray()).toEqual([[11]]);
    expect(product.report?.placement).toBe("cpu");
    await failure(() => gpu.device(), "DEVICE_NOT_FOUND");
  });

  it("rejects a device that is not there at once", async () => {
    await failure(() => open({ device: "opencl:99" }), "DEVICE_NOT_FOUND");
  });

  it("lets the process end by itself, also in the middle of a product", () => {
    const index = new URL("../../dist/index.js", import.meta.url).href;
    const script = `
      import { Matrix, open } from ${JSON.stringify(index)};
      const gpu = await open({ device: "cpu" });
      const a = Matrix.from(new Float32Array(600 * 600), [600, 600]);
      await gpu.matrix.multiply(a, a);
      gpu.matrix.multiply(a, a);
      console.log("done");
    `;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "done\n", stderr: "" });
  });
});
