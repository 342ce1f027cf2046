import { contestRows } from "../contest.mjs";
import { PlainCircles } from "./circles-grid.mjs";

const count = 97_000;
const strength = 0.05;
const radius = 2;

/**
 * Circles, a step at a time: the agents stay where they are computed, in arrays of their own for each contestant. Its limit
 * counts what a step must move at least: the agents' fields, read and written once.
 * @param {import("../index.mjs").Bench} bench @returns {Promise<import("../index.mjs").Row[]>}
 */
export async function rows(bench) {
  const { gpu } = bench;
  const first = await gpu.agents.boards.circles({ count, radius, strength });
  const [x, y, z] = await Promise.all([
    first.agents.read("x"),
    first.agents.read("y"),
    first.agents.read("z"),
  ]);
  const { size } = first;
  first.dispose();
  const plain = () => new PlainCircles({ x, y, z, size, radius, strength });
  const expected = plain();
  expected.step();
  /** @type {Map<string, any>} */
  const made = new Map();
  const timed = plain();
  const all = await contestRows(bench, {
    family: "agents",
    operation: "agents.boards",
    title: `Circles, ${count / 1000}k agents in 3D`,
    ours: async (placement, report) => {
      let own = made.get(placement);
      if (own === undefined) {
        own = await gpu.agents.boards.circles({ count, radius, strength });
        made.set(placement, own);
      }
      const options = { placement, strict: placement === "gpu", report };
      const result = await own.simulation.run(1, options);
      const { agents } = own;
      return {
        values: async () => joined(await Promise.all(axes.map((axis) => agents.read(axis)))),
        ...result,
      };
    },
    rivals: [
      {
        name: "plain JS",
        version: process.version,
        run: () => timed.step(),
        values: () => joined([timed.x, timed.y, timed.z]),
      },
    ],
    expected: joined([expected.x, expected.y, expected.z]),
    tolerance: 1e-3,
    limit: ({ copyBytesPerSecond }, ms) => ({
      kind: "bandwidth",
      unit: "GB/s",
      measured: copyBytesPerSecond / 1e9,
      share: (count * 4 * 4 * 2) / (ms / 1000) / copyBytesPerSecond,
    }),
  });
  for (const own of made.values()) own.dispose();
  return all;
}

const axes = /** @type {const} */ (["x", "y", "z"]);

/** @param {readonly Float32Array[]} parts */
function joined(parts) {
  return Float32Array.from(parts.flatMap((part) => Array.from(part)));
}
