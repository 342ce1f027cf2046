import { describe, expect, it } from "vitest";
import { isAikoError } from "#src/errors.js";
import { open } from "#src/open.js";
import { model, node, perceptron, value } from "../support/onnx.js";

const isRequired = (process.env["AIKORYU_REQUIRE_DEVICES"] ?? "").split(",").includes("webgpu");

describe("ONNX Runtime's WebGPU provider", () => {
  it("computes, or says why it does not open", async ({ skip }) => {
    await using gpu = await open({ device: "cpu" });
    try {
      await using dense = await gpu.nn.load(perceptron(), { provider: "webgpu" });
      const x = { data: [1, 2, 3, -4], shape: [2, 2] };
      const { outputs, report } = await dense.run({ x }, { report: true });
      expect(outputs["y"]?.data).toEqual(Float32Array.of(0, 12, 15.5, 0, 0, 0));
      expect(report).toMatchObject({ provider: "onnxruntime-webgpu", placement: "gpu", lacking: [] });
      await using mixed = await gpu.nn.load(
        model({
          nodes: [node("Neg", ["x"], ["a"]), node("NonZero", ["a"], ["at"])],
          inputs: [value("x", "f32", [3])],
          outputs: [value("at", "i64")],
        }),
        { provider: "webgpu" },
      );
      const places = await mixed.run({ x: { data: [0, 2, 3], shape: [3] } }, { report: true });
      expect(places.outputs["at"]?.data).toEqual(BigInt64Array.of(1n, 2n));
      expect(places.report?.reason).toContain("leaves NonZero to the CPU");
    } catch (error) {
      if (isRequired || !isAikoError(error, "UNSUPPORTED")) throw error;
      expect(error.message).toContain("WebGPU provider does not open");
      skip(error.message);
    }
  });
});
