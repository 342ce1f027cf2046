import { afterAll, describe, expect, it } from "vitest";
import { toHalf } from "#src/nn/half.js";
import type { TensorInput } from "#src/nn/index.js";
import { open } from "#src/open.js";
import { failure } from "../support/errors.js";
import { attribute, floats, model, node, tensor, value } from "../support/onnx.js";

const gpu = await open({ device: "cpu" });
afterAll(() => gpu.dispose());

type Run = Readonly<Record<string, TensorInput>>;

async function refused(bytes: Uint8Array, inputs: Run): Promise<string> {
  await using found = await gpu.nn.load(bytes, { provider: "cpu" });
  return (await failure(() => found.run(inputs), "UNSUPPORTED")).message;
}

async function answered(bytes: Uint8Array, inputs: Run, output = "y") {
  await using found = await gpu.nn.load(bytes, { provider: "cpu" });
  return (await found.run(inputs)).outputs[output];
}

describe("where ONNX Runtime differs from the specification", () => {
  const dropout = model({
    nodes: [node("Dropout", ["x", "r", "t"], ["y"], [attribute.int("seed", 1)], { name: "drop" })],
    inputs: [value("x", "f32", [4]), value("r", "f32", []), value("t", "bool", [])],
    outputs: [value("y", "f32", [4])],
  });
  const x = { data: [1, 2, 3, 4], shape: [4] };
  const scalar = (number: number | boolean) => ({ data: [number], shape: [] });

  it("random numbers are refused, and what needs none is not", async () => {
    expect(await refused(dropout, { x, r: scalar(0.5), t: scalar(true) })).toContain('Dropout node "drop"');
    expect((await answered(dropout, { x, r: scalar(0), t: scalar(true) }))?.data).toEqual(
      Float32Array.of(1, 2, 3, 4),
    );
    expect((await answered(dropout, { x, r: scalar(0.5), t: scalar(false) }))?.data).toEqual(
      Float32Array.of(1, 2, 3, 4),
    );
  });

  const resize = (scale: number) =>
    model({
      nodes: [
        node(
          "Resize",
          ["x", "", "scales"],
          ["y"],
          [
            attribute.text("mode", "linear"),
            attribute.text("coordinate_transformation_mode", "align_corners"),
          ],
        ),
      ],
      inputs: [value("x", "f32", [1, 1, 1, 4])],
      outputs: [value("y", "f32")],
      initializers: [floats("scales", [4], [1, 1, 1, scale])],
    });

  it("aligned corners of broken sizes are refused, of whole ones not", async () => {
    const image = { data: [1, 2, 3, 4], shape: [1, 1, 1, 4] };
    expect(await refused(resize(0.6), { x: image })).toContain("Resize node");
    expect((await answered(resize(0.5), { x: image }))?.data).toEqual(Float32Array.of(1, 4));
  });

  it("a Fourier transform has the digits that f32 can hold", async () => {
    const length = 1000;
    const bytes = model({
      nodes: [node("DFT", ["x"], ["y"], [attribute.int("axis", 1)])],
      inputs: [value("x", "f32", [1, length, 1])],
      outputs: [value("y", "f32", [1, length, 2])],
    });
    const input = { data: Array.from({ length }, (_, at) => at), shape: [1, length, 1] };
    const result = await answered(bytes, { x: input });
    expect(result?.dtype).toBe("f32");
    const expected = Array.from({ length }, (_, bin) => {
      if (bin === 0) return [(length * (length - 1)) / 2, 0];
      const angle = (Math.PI * bin) / length;
      return [-length / 2, length / (2 * Math.tan(angle))];
    }).flat();
    for (const [at, number] of expected.entries()) {
      expect(Math.abs(Number(result?.data[at]) - number)).toBeLessThan(1e-7 * Math.abs(number) + 1e-6);
    }
  });

  it("f16 attention is computed in f32", async () => {
    const shape = [1, 1, 2, 2];
    const bytes = model({
      nodes: [node("Attention", ["q", "k", "v"], ["y"])],
      inputs: ["q", "k", "v"].map((name) => value(name, "f16", shape)),
      outputs: [value("y", "f16", shape)],
      opset: 23,
      irVersion: 10,
    });
    const input = (numbers: number[]) => ({ data: numbers, shape });
    const result = await answered(bytes, {
      q: input([0, 0, 0, 0]),
      k: input([1, 2, 3, 4]),
      v: input([1, 2, 3, 5]),
    });
    expect(result).toEqual({ dtype: "f16", shape, data: Uint16Array.from([2, 3.5, 2, 3.5], toHalf) });
  });

  it("weights in a widened model stay what they were", async () => {
    const bytes = model({
      nodes: [node("DFT", ["w"], ["f"], [attribute.int("axis", 1)]), node("Add", ["f", "x"], ["y"])],
      inputs: [value("x", "f32", [1])],
      outputs: [value("y", "f32")],
      initializers: [tensor("w", "f32", [1, 2, 1], Float32Array.of(3, 1))],
    });
    const result = await answered(bytes, { x: { data: [1], shape: [1] } });
    expect(Array.from<unknown>(result?.data ?? [])).toEqual(
      [5, 1, 3, 1].map((number) => expect.closeTo(number, 6)),
    );
  });
});
