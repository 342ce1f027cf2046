import { describe, expect, it } from "vitest";
import { isAikoError } from "#src/errors.js";
import { open } from "#src/open.js";
import { perceptron } from "../support/onnx.js";

const isRequired = (process.env["AIKORYU_REQUIRE_DEVICES"] ?? "").split(",").includes("webgpu");

describe("ONNX Runtime's WebGPU provider", () => {
  it("computes, or says why it does not open", async ({ skip }) => {
    await using gpu = await open({ device: "cpu" });
    try {
      await using model = await gpu.nn.load(perceptron(), { provider: "webgpu" });
      const x = { data: [1, 2, 3, -4], shape: [2, 2] };
      const { outputs, report } = await model.run({ x }, { report: true });
      expect(outputs["y"]?.data).toEqual(Float32Array.of(0, 12, 15.5, 0, 0, 0));
      expect(report).toMatchObject({ provider: "onnxruntime-webgpu", placement: "gpu" });
    } catch (error) {
      if (isRequired || !isAikoError(error, "UNSUPPORTED")) throw error;
      expect(error.message).toContain("WebGPU provider does not open");
      skip(error.message);
    }
  });
});
