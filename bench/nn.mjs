import { contestRows } from "./contest.mjs";
import { randomFloats } from "./harness.mjs";
import { networks } from "./networks/index.mjs";
import { onnxRival } from "./peers/onnx-session.mjs";
import { tensorflowRivals } from "./peers/tensorflow.mjs";

/** @typedef {import("./index.mjs").Row} Row */

const batches = [1, 32, 256];
const tolerance = 2e-4;
/** In plain TypeScript, 256 items take seconds. */
const plainBatch = 32;

/** @param {import("./index.mjs").Bench} bench @returns {Promise<Row[]>} */
export async function rows(bench) {
  const all = [];
  for (const make of networks) {
    const network = make();
    const { model } = network;
    const loaded = await bench.gpu.nn.load(model);
    try {
      for (const batch of batches) all.push(...(await networkRows(bench, network, model, loaded, batch)));
    } finally {
      await loaded.dispose();
    }
  }
  return all;
}

/**
 * @param {import("./index.mjs").Bench} bench @param {import("./networks/index.mjs").Network} network
 * @param {Uint8Array} model @param {any} loaded @param {number} batch
 */
async function networkRows(bench, network, model, loaded, batch) {
  const shape = network.inputShape(batch);
  const x = randomFloats(
    shape.reduce((product, size) => product * size, 1),
    17,
  );
  const reference = await onnxRival(model, { x: { data: x, shape } });
  const expected = Float32Array.from(/** @type {Float32Array} */ (await reference.run()));
  const plain = batch === plainBatch && network.plain !== undefined ? [network.plain(x, batch)] : [];
  const rows = await contestRows(bench, {
    family: "nn",
    operation: "nn.run",
    title: `${network.name}, batch ${batch}`,
    ours: async (placement, report) => {
      const options = { placement, strict: placement === "gpu", report, batch: false };
      const { outputs, report: found } = await loaded.run({ x: { data: x, shape } }, options);
      return { values: outputs.y.data, report: found };
    },
    rivals: [reference, ...(await tensorflowRivals((tf) => network.tensorflow(tf, x, batch)))],
    plain: plain.map((run) => ({ name: "plain TypeScript", version: process.version, run })),
    expected,
    tolerance,
  });
  return rows;
}
