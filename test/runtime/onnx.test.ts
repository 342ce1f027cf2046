import { describe, expect, it } from "vitest";
import { type Graph, loadOnnxLibrary, OnnxEngine, type OnnxRequest } from "#src/runtime/onnx/index.js";
import { failure } from "../support/errors.js";

const double: Graph = {
  nodes: [{ operator: "Add", inputs: ["x", "x"], outputs: ["y"] }],
  inputs: ["x"],
  outputs: ["y"],
};

function request(key: string, values: number[], graph = double): OnnxRequest & { result: Float32Array } {
  const result = new Float32Array(values.length);
  return {
    key,
    graph: () => graph,
    inputs: [{ data: Float32Array.from(values), shape: [values.length] }],
    outputs: [{ data: result, shape: [values.length] }],
    result,
  };
}

describe("the ONNX Runtime engine", () => {
  it("writes into the caller's memory, on this thread or off it", async () => {
    const engine = new OnnxEngine();
    for (const effort of [1e12, 1]) {
      const { result, ...asked } = request("double", [1, 2, 3]);
      const { runMs } = await engine.run({ ...asked, effort });
      expect(Array.from(result)).toEqual([2, 4, 6]);
      expect(runMs).toBeGreaterThan(0);
    }
  });

  it("keeps working with more graphs than it keeps sessions", async () => {
    const engine = new OnnxEngine();
    const requests = Array.from({ length: 40 }, (_, index) => request(`key ${index % 20}`, [index]));
    await Promise.all(requests.map((each) => engine.run(each)));
    expect(requests.map(({ result }) => result[0])).toEqual(requests.map((_, index) => 2 * index));
  });

  it("fails with a typed error and goes on", async () => {
    const engine = new OnnxEngine();
    const nonsense = { ...double, nodes: [{ operator: "NoSuchOperator", inputs: ["x"], outputs: ["y"] }] };
    expect((await failure(() => engine.run(request("bad", [1], nonsense)), "INTERNAL")).message).toContain(
      "NoSuchOperator",
    );
    const mismatched = { ...request("double", [1, 2]), outputs: [{ data: new Float32Array(1), shape: [1] }] };
    await failure(() => engine.run(mismatched), "INTERNAL");
    const good = request("double", [4]);
    await engine.run(good);
    expect(good.result[0]).toBe(8);
  });

  it("skips requests that were aborted while they waited", async () => {
    const engine = new OnnxEngine();
    const first = engine.run(request("double", [1]));
    const second = { ...request("double", [1]), signal: AbortSignal.abort() };
    await failure(() => engine.run(second), "ABORTED");
    await first;
    expect(second.result[0]).toBe(0);
  });

  it("says how to install what is missing", async () => {
    const missing = new OnnxEngine(() => loadOnnxLibrary("/nowhere/onnxruntime-node/package.json"));
    expect((await failure(() => missing.run(request("double", [1])), "ENGINE_MISSING")).message).toContain(
      "/nowhere/",
    );
  });
});
