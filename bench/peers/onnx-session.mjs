import { versionOf } from "./version.mjs";

/** @typedef {import("../contest.mjs").Rival} Rival */

/**
 * ONNX Runtime's own binding on its CPU provider; the result is the model's first output.
 * @param {Uint8Array} model
 * @param {Record<string, { data: Float32Array | BigInt64Array, shape: readonly number[] }>} inputs
 * @returns {Promise<Rival>}
 */
export async function onnxRival(model, inputs) {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(model, { executionProviders: ["cpu"] });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [
      name,
      data instanceof Float32Array
        ? new Tensor("float32", data, [...shape])
        : new Tensor("int64", data, [...shape]),
    ]),
  );
  const [output = ""] = session.outputNames;
  return {
    name: "onnxruntime-node",
    version: versionOf("onnxruntime-node"),
    run: async () => (await session.run(feeds))[output]?.data,
    dispose: () => void session.release(),
  };
}
