import { describe, expect, it } from "vitest";
import { planArena } from "#src/nn/executor/arena.js";
import type { Buffer } from "#src/nn/executor/buffer.js";
import { importModel } from "#src/nn/executor/import.js";
import { planModel } from "#src/nn/executor/plan.js";
import { planRun } from "#src/nn/executor/run-plan.js";
import type { Step } from "#src/nn/executor/step.js";
import { readModel } from "#src/nn/onnx/index.js";
import { failure } from "../../support/errors.ts";
import { seeded } from "../../support/random.ts";
import { encode, f32, type Graph, i64 } from "./support.ts";

const traits = { long: true, f64: true, blas: false, threads: 4 };

async function planOf(graph: Graph) {
  const { model } = await readModel(encode(graph));
  return planRun(
    importModel(model, () => true),
    graph.inputs,
    traits,
  );
}

const perceptron = (batch: number): Graph => ({
  nodes: [
    ["Gemm", "x w1 b1", "h1"],
    ["Relu", "h1", "r1"],
    ["Gemm", "r1 w2 b2", "h2"],
    ["Relu", "h2", "r2"],
    ["Gemm", "r2 w3 b3", "y"],
  ],
  inputs: { x: f32([batch, 784]) },
  constants: {
    w1: f32([784, 512]),
    b1: f32([512]),
    w2: f32([512, 512]),
    b2: f32([512]),
    w3: f32([512, 10]),
    b3: f32([10]),
  },
  outputs: "y",
});

describe("plans", () => {
  it("write a product with its bias and activation in one step", async () => {
    const plan = await planOf(perceptron(4));
    expect(plan.each.map(({ step }) => step.operators)).toEqual([
      ["Gemm", "Relu"],
      ["Gemm", "Relu"],
      ["Gemm"],
    ]);
    expect(plan.once.map(({ step }) => step.label)).toEqual(["pack weights", "pack weights", "pack weights"]);
  });

  it("keep at most 60 % of all tensors in memory at once", async () => {
    for (const batch of [1, 32, 256]) {
      const { peakBytes, totalBytes } = await planOf(perceptron(batch));
      expect(peakBytes / totalBytes).toBeLessThanOrEqual(0.6);
    }
  });

  it("compute a chain of elementwise operators in one step, with no step for what is only seen differently", async () => {
    const plan = await planOf({
      nodes: [
        ["Transpose", "x", "t", { perm: [1, 0] }],
        ["Exp", "t", "e"],
        ["Add", "e b", "s"],
        ["Sigmoid", "s", "g"],
        ["Mul", "s g", "m"],
        ["Reshape", "m shape", "y"],
      ],
      inputs: { x: f32([4, 6]) },
      constants: { b: f32([4]), shape: i64([1], [-1]) },
      outputs: "y",
    });
    expect(plan.each.map(({ step }) => step.operators)).toEqual([["Exp", "Add", "Sigmoid", "Mul"]]);
  });

  it("compute what depends on constants alone once, and what nobody reads never", async () => {
    const plan = await planOf({
      nodes: [
        ["Exp", "w", "e"],
        ["Mul", "e e", "f"],
        ["Add", "x f", "y"],
        ["Softmax", "x", "unused"],
      ],
      inputs: { x: f32([5]) },
      constants: { w: f32([5]) },
      outputs: "y",
    });
    expect(plan.once.length).toBe(1);
    expect(plan.each.map(({ step }) => step.operators)).toEqual([["Add"]]);
  });

  it("write elementwise results where an input was", async () => {
    const plan = await planOf({
      nodes: [
        ["Softmax", "x", "s"],
        ["Exp", "s", "e"],
        ["Softmax", "e", "y"],
      ],
      inputs: { x: f32([50, 50]) },
      outputs: "y",
    });
    const [, middle] = plan.each;
    expect(middle === undefined ? undefined : plan.arena.replaced.get(middle.step)).toBeDefined();
    expect(plan.peakBytes).toBeLessThan(2.1 * 50 * 50 * 4);
  });

  it("never place what is alive at the same time in one place", () => {
    const next = seeded(7);
    for (let round = 0; round < 50; round++) {
      const buffers: Buffer[] = [];
      const steps = Array.from({ length: 30 }, (_, at): Step => {
        const read = buffers.filter(() => next() < 0.15);
        const made: Buffer = {
          id: at,
          dtype: "f32",
          length: Math.ceil(next() * 3000),
          source: { kind: "step" },
        };
        const scratch: Buffer = {
          id: at + 100,
          dtype: "f32",
          length: Math.ceil(next() * 500),
          source: { kind: "step" },
        };
        buffers.push(made);
        const replaceable = read.filter(({ length }) => length >= made.length && next() < 0.5);
        const common = { label: "", operators: [], flops: 0, dispatches: () => [] };
        return { ...common, reads: read, writes: [made], scratch: [scratch], replaceable };
      });
      const kept = buffers.filter(() => next() < 0.1);
      const { offsets, byteLength, replaced } = planArena(steps, [], kept, () => true);
      const alive = (buffer: Buffer): readonly [number, number] => {
        const used = steps.flatMap(({ reads, writes, scratch }, at) =>
          [...reads, ...writes, ...scratch].includes(buffer) ? [at] : [],
        );
        return [Math.min(...used), kept.includes(buffer) ? steps.length : Math.max(...used)];
      };
      const all = [...offsets.keys()];
      for (const a of all) {
        for (const b of all) {
          if (a.id >= b.id) continue;
          const [first, last] = alive(a);
          const [start, end] = alive(b);
          if (last < start || end < first) continue;
          const inPlace =
            last === start && steps.some((step) => replaced.get(step) === a && step.writes.includes(b));
          const [from, to] = [offsets.get(a) ?? 0, offsets.get(b) ?? 0];
          const apart = from + a.length * 4 <= to || to + b.length * 4 <= from;
          expect(apart || inPlace).toBe(true);
          expect(to + b.length * 4).toBeLessThanOrEqual(byteLength);
        }
      }
    }
  });
});

describe("what the executor refuses", () => {
  it("names operators that it lacks when a model is loaded", async () => {
    const graph: Graph = {
      nodes: [["NonZero", "x", "y"]],
      inputs: { x: f32([3]) },
      outputs: "y",
      types: { y: "i64" },
    };
    const { model } = await readModel(encode(graph));
    const { unsupported, plan } = planModel(model);
    expect(plan).toBeUndefined();
    expect(unsupported.map(({ operator }) => operator)).toEqual(["NonZero"]);
    expect(unsupported[0]?.reason).toContain("NonZero");
  });

  it("names the node, and what about it", async () => {
    const refusal = async (graph: Graph) => (await failure(() => planOf(graph), "UNSUPPORTED")).message;
    const pool: Graph = {
      nodes: [["MaxPool", "x", "y", { kernel_shape: [2, 2, 2] }]],
      inputs: { x: f32([1, 1, 3, 3, 3]) },
      outputs: "y",
    };
    expect(await refusal(pool)).toMatch(/MaxPool.*3 dimensions/);
    expect(
      await refusal({ nodes: [["Relu", "x", "y"]], inputs: { x: f32([3]) }, outputs: "y", opset: 5 }),
    ).toMatch(/operator set 5/);
    const computed: Graph = {
      nodes: [
        ["ReduceSum", "x", "s"],
        ["Cast", "s", "i", { to: 7 }],
        ["Reshape", "x i", "y"],
      ],
      inputs: { x: f32([5000]) },
      outputs: "y",
    };
    expect(await refusal(computed)).toMatch(/Reshape.*shape.*on the device/);
  });

  it("tells a mistake from what it lacks", async () => {
    const wrong: Graph = { nodes: [["MatMul", "x x", "y"]], inputs: { x: f32([2, 3]) }, outputs: "y" };
    expect((await failure(() => planOf(wrong), "INVALID_ARGUMENT")).message).toMatch(/MatMul.*\[2, 3\]/);
    const shapes: Graph = {
      nodes: [["Add", "x z", "y"]],
      inputs: { x: f32([2, 3]), z: f32([4]) },
      outputs: "y",
    };
    expect((await failure(() => planOf(shapes), "INVALID_ARGUMENT")).message).toMatch(
      /Add.*do not broadcast/,
    );
  });
});

describe("descriptions of plans", () => {
  it("name the kernels, what they compute, and the memory of a run", async () => {
    const { model } = await readModel(encode(perceptron(4)));
    const description = planModel(model).plan?.describe(perceptron(4).inputs);
    expect(description?.steps.map(({ operators }) => operators)).toEqual([
      ["Gemm", "Relu"],
      ["Gemm", "Relu"],
      ["Gemm"],
    ]);
    expect(description?.steps[0]?.kernel).toContain("4x784x512");
    expect(description?.totalBytes).toBe(4 * 4 * (784 + 4 * 512 + 10));
  });
});
