import { contestRows } from "../contest.mjs";
import { randomFloats } from "../harness.mjs";

const nodes = 100_000;
const perNode = 16;
const columns = 32;

/** @param {import("../index.mjs").Bench} bench @returns {Promise<import("../index.mjs").Row[]>} */
export async function rows(bench) {
  const edges = nodes * perNode;
  const from = Uint32Array.from(randomFloats(edges, 41), (value) =>
    Math.min(nodes - 1, Math.floor(((value + 1) / 2) * nodes)),
  );
  const to = Uint32Array.from({ length: edges }, (_, at) => Math.floor(at / perNode));
  const weights = randomFloats(edges, 42);
  const values = randomFloats(nodes * columns, 43);
  const graph = await bench.gpu.agents.graph({ nodes, edges: { from, to, weights } });
  const all = [];
  try {
    for (const steps of [1, 10]) {
      const run = () => plain(from, weights, values, steps);
      all.push(
        ...(await contestRows(bench, {
          family: "agents",
          operation: "agents.propagate",
          title: `${nodes / 1000}k agents of ${perNode} edges, ${columns} numbers, ${steps} steps`,
          ours: async (placement, report) => {
            const options = { steps, decay: 0.5, placement, strict: placement === "gpu", report };
            const result = await graph.propagate(values, options);
            const found = await result.values.read();
            return { values: found, report: result.report, dispose: () => result.values.dispose() };
          },
          rivals: [],
          plain: [{ name: "plain TypeScript", version: process.version, run }],
          expected: run(),
          tolerance: 1e-4,
          limit: ({ copyBytesPerSecond }, ms) => {
            const bytes = steps * (edges * (columns + 2) * 4 + nodes * columns * 4);
            const perSecond = bytes / (ms / 1000);
            return {
              kind: "bandwidth",
              unit: "B/s",
              measured: perSecond,
              share: perSecond / copyBytesPerSecond,
            };
          },
        })),
      );
    }
  } finally {
    graph.dispose();
  }
  return all;
}

/** @param {Uint32Array} from @param {Float32Array} weights @param {Float32Array} values @param {number} steps */
function plain(from, weights, values, steps) {
  let before = values;
  for (let step = 0; step < steps; step++) {
    const after = new Float32Array(nodes * columns);
    for (let node = 0; node < nodes; node++) {
      const line = node * columns;
      for (let edge = node * perNode; edge < (node + 1) * perNode; edge++) {
        const source = from[edge] * columns;
        const weight = weights[edge];
        for (let j = 0; j < columns; j++) after[line + j] += before[source + j] * weight;
      }
      for (let j = 0; j < columns; j++) after[line + j] *= 0.5;
    }
    before = after;
  }
  return before;
}
