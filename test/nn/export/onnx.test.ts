import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gpu, open } from "#src/index.js";
import { OnnxBuilder } from "#src/nn/index.js";
import { failure } from "../../support/errors.js";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await open({ device: "cpu" });
});
afterAll(() => gpu.dispose());

describe("the ONNX writer", () => {
  it("writes constants of every type, which ONNX Runtime reads", async () => {
    const graph = new OnnxBuilder();
    const constants = [
      ["f32", Float32Array.of(1.5, -2)],
      ["f64", Float64Array.of(1.5, -2)],
      ["i8", Int8Array.of(-128, 127)],
      ["u8", Uint8Array.of(0, 255)],
      ["i16", Int16Array.of(-32768, 1)],
      ["u16", Uint16Array.of(65535, 1)],
      ["i32", Int32Array.of(-(2 ** 31), 1)],
      ["u32", Uint32Array.of(2 ** 32 - 1, 1)],
      ["i64", BigInt64Array.of(-(2n ** 63n), 1n)],
      ["u64", BigUint64Array.of(2n ** 64n - 1n, 1n)],
      ["bool", Uint8Array.of(1, 0)],
      ["f16", Uint16Array.of(0x3c00, 0xc248)],
    ] as const;
    const unused = graph.input("x", "f32", [1]);
    graph.output("same", unused, "f32", [1]);
    for (const [dtype, data] of constants) {
      graph.output(`${dtype}_out`, graph.constant(dtype, dtype, [1, 2], data), dtype, [1, 2]);
    }
    await using model = await gpu.nn.load(graph.encode(), { provider: "cpu" });
    const { outputs } = await model.run({ x: { data: Float32Array.of(3), shape: [1] } });
    for (const [dtype, data] of constants) {
      expect(outputs[`${dtype}_out`], dtype).toMatchObject({ dtype, shape: [1, 2] });
      expect(outputs[`${dtype}_out`]?.data).toEqual(data);
    }
  });

  it("writes every kind of attribute, negative numbers and open sizes", async () => {
    const graph = new OnnxBuilder();
    const x = graph.input("x", "f32", ["batch", 2, 3]);
    const mean = graph.add("ReduceMean", [x], { axes: { ints: [-1] }, keepdims: { int: 0 } });
    const leaky = graph.add("LeakyRelu", [mean], { alpha: { float: 0.5 } });
    const value = { name: "value", dtype: "f32", shape: [1], data: Float32Array.of(10) } as const;
    const ten = graph.add("ConstantOfShape", [graph.constant("sizes", "i64", [1], BigInt64Array.of(2n))], {
      value: { tensor: value },
    });
    const floats = graph.add("Constant", [], { value_floats: { floats: [0.25, -0.25] } });
    const sum = graph.add("Einsum", [graph.add("Add", [leaky, ten]), floats], {
      equation: { string: "bi,i->b" },
    });
    graph.output("y", sum, "f32", ["batch"]);
    await using model = await gpu.nn.load(graph.encode(), { provider: "cpu" });
    expect(model.inputs[0]).toMatchObject({ name: "x", dtype: "f32", shape: ["batch", 2, 3] });
    const data = Float32Array.of(1, 2, 3, -1, -2, -3, 4, 4, 4, 8, 8, 8);
    const { outputs } = await model.run({ x: { data, shape: [2, 2, 3] } });
    expect(outputs["y"]?.data).toEqual(Float32Array.of((2 - -1) / 4, (4 - 8) / 4));
  });

  it("refuses what would not be a model", async () => {
    const graph = new OnnxBuilder();
    const x = graph.input("x", "f32", [1]);
    await failure(() => graph.encode(), "INVALID_ARGUMENT");
    await failure(() => graph.input("x", "f32", [1]), "INVALID_ARGUMENT");
    await failure(() => graph.input("", "f32", [1]), "INVALID_ARGUMENT");
    const foreign = new OnnxBuilder().input("other", "f32", [1]);
    expect((await failure(() => graph.add("Add", [x, foreign]), "INVALID_ARGUMENT")).message).toContain(
      "other",
    );
    await failure(() => graph.output("y", foreign, "f32", [1]), "INVALID_ARGUMENT");
    const short = () => graph.constant("c", "f32", [2, 2], new Float32Array(3));
    expect((await failure(short, "INVALID_ARGUMENT")).message).toContain("needs 16 bytes, not 12");
    await failure(() => graph.constant("c", "f32", [-1], new Float32Array(0)), "INVALID_ARGUMENT");
  });
});
