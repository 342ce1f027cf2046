import { OnnxBuilder } from "aikoryu/nn";
import { contestRows } from "../contest.mjs";
import { randomFloats } from "../harness.mjs";
import { versionOf } from "../peers/version.mjs";

const agents = 512;
const sizes = [768, 1024, 1024, 16];

/** @param {import("../index.mjs").Bench} bench @returns {Promise<import("../index.mjs").Row[]>} */
export async function rows(bench) {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const bytes = network();
  const [width = 0] = sizes;
  const inputs = randomFloats(agents * width, 51);
  const inputOf = (/** @type {number} */ at) => inputs.subarray(at * width, (at + 1) * width);
  const session = await InferenceSession.create(bytes, { executionProviders: ["cpu"] });
  const unbatched = async () => {
    const found = [];
    for (let at = 0; at < agents; at++) {
      const { y } = await session.run({ x: new Tensor("float32", inputOf(at), [1, width]) });
      if (y?.data instanceof Float32Array) found.push(...y.data);
    }
    return found;
  };
  const model = await bench.gpu.nn.load(bytes);
  /** @type {Map<string, any>} */
  const queues = new Map();
  /** @param {import("../contest.mjs").Placement} placement @param {boolean} report */
  const queueOf = (placement, report) => {
    const options = { placement, strict: placement === "gpu", report };
    const queue = queues.get(`${placement} ${report}`) ?? bench.gpu.agents.batch(model, options);
    queues.set(`${placement} ${report}`, queue);
    return queue;
  };
  try {
    return await contestRows(bench, {
      family: "agents",
      operation: "agents.batch",
      title: `${agents} agents call a ${sizes.join("-")} network`,
      ours: async (placement, report) => {
        const queue = queueOf(placement, report);
        const calls = Array.from({ length: agents }, (_, at) =>
          queue.run({ x: { data: inputOf(at), shape: [1, width] } }, { caller: `agent ${at}` }),
        );
        const results = await Promise.all(calls);
        const values = async () => results.flatMap(({ outputs }) => [...outputs.y.data]);
        return { values, report: results[0]?.report };
      },
      rivals: [
        {
          name: "onnxruntime-node, unbatched",
          version: versionOf("onnxruntime-node"),
          run: unbatched,
          dispose: () => void session.release(),
        },
      ],
      expected: await unbatched(),
      tolerance: 1e-4,
    });
  } finally {
    for (const queue of queues.values()) queue.dispose();
    await model.dispose();
  }
}

function network() {
  const graph = new OnnxBuilder();
  let value = graph.input("x", "f32", ["agents", sizes[0] ?? 0]);
  for (const [layer, to] of sizes.slice(1).entries()) {
    const from = sizes[layer] ?? 0;
    const scale = Math.sqrt(6 / (from + to));
    const numbers = randomFloats(from * to, 60 + layer).map((weight) => weight * scale);
    const weights = graph.constant(`w${layer}`, "f32", [from, to], numbers);
    const bias = graph.constant(`b${layer}`, "f32", [to], randomFloats(to, 70 + layer));
    value = graph.add("Gemm", [value, weights, bias]);
    if (layer + 2 < sizes.length) value = graph.add("Relu", [value]);
  }
  graph.output("y", value, "f32", ["agents", sizes.at(-1) ?? 0]);
  return graph.encode();
}
