import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { versionOf } from "./version.mjs";

/**
 * @typedef {import("../contest.mjs").Rival} Rival
 * @typedef {typeof import("@tensorflow/tfjs-core")} TensorFlow
 * @typedef {import("@tensorflow/tfjs-core").Tensor} Tensor
 * @typedef {"wasm" | "cpu"} Backend
 */

const require = createRequire(import.meta.url);

/** @type {Promise<TensorFlow> | undefined} */
let loading;

/** @returns {Promise<TensorFlow>} */
export function tensorflow() {
  loading ??= load();
  return loading;
}

async function load() {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-backend-cpu");
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")), "/"));
  await tf.setBackend("wasm");
  await tf.ready();
  return tf;
}

/**
 * One rival for each backend.
 * @param {(tf: TensorFlow, backend: Backend) => (() => Tensor)} build makes its inputs, and gives what is timed
 * @param {readonly Backend[]} [backends]
 * @returns {Promise<Rival[]>}
 */
export async function tensorflowRivals(build, backends = ["wasm", "cpu"]) {
  const tf = await tensorflow();
  const rivals = [];
  for (const backend of backends) {
    await tf.setBackend(backend);
    const compute = build(tf, backend);
    rivals.push({
      name: `tfjs-${backend}`,
      version: versionOf(`@tensorflow/tfjs-backend-${backend}`),
      run: async () => {
        if (tf.getBackend() !== backend) await tf.setBackend(backend);
        const result = tf.tidy(compute);
        const data = await result.data();
        result.dispose();
        return data;
      },
    });
  }
  return rivals;
}
