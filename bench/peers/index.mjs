import { matMulModel } from "./onnx-model.mjs";
import { tensorflow } from "./tensorflow.mjs";
import { versionOf } from "./version.mjs";

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} version
 * @property {(a: Float32Array, b: Float32Array, size: number) => Promise<Contest>} prepare
 *   Brings square inputs into the peer's own form, which is not timed.
 *
 * @typedef {object} Contest
 * @property {() => unknown} run what is timed
 * @property {(result: unknown) => ArrayLike<number>} values the first row of the result, for the check
 * @property {() => void} [dispose]
 */

/** @returns {Promise<Peer[]>} */
export async function matrixPeers() {
  return [await onnxRuntime(), await tfjsWasm(), await mlMatrix(), await mathJs(), textbook()];
}

/** @returns {Promise<Peer>} */
async function onnxRuntime() {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(matMulModel(), { executionProviders: ["cpu"] });
  return {
    name: "onnxruntime-node",
    version: versionOf("onnxruntime-node"),
    prepare: async (a, b, size) => {
      const inputs = {
        a: new Tensor("float32", a, [size, size]),
        b: new Tensor("float32", b, [size, size]),
      };
      return {
        run: async () => (await session.run(inputs))["c"]?.data,
        values: (result) => /** @type {Float32Array} */ (result),
      };
    },
  };
}

/** @returns {Promise<Peer>} */
async function tfjsWasm() {
  const tf = await tensorflow();
  return {
    name: "tfjs-wasm",
    version: versionOf("@tensorflow/tfjs-backend-wasm"),
    prepare: async (a, b, size) => {
      const left = tf.tensor2d(a, [size, size]);
      const right = tf.tensor2d(b, [size, size]);
      return {
        run: async () => {
          if (tf.getBackend() !== "wasm") await tf.setBackend("wasm");
          const product = tf.matMul(left, right);
          const data = await product.data();
          product.dispose();
          return data;
        },
        values: (result) => /** @type {Float32Array} */ (result),
        dispose: () => tf.dispose([left, right]),
      };
    },
  };
}

/** @returns {Promise<Peer>} */
async function mlMatrix() {
  const { Matrix } = await import("ml-matrix");
  return {
    name: "ml-matrix",
    version: versionOf("ml-matrix"),
    prepare: async (a, b, size) => {
      const left = new Matrix(nested(a, size));
      const right = new Matrix(nested(b, size));
      return {
        run: () => left.mmul(right),
        values: (result) => /** @type {import("ml-matrix").Matrix} */ (result).getRow(0),
      };
    },
  };
}

/** @returns {Promise<Peer>} */
async function mathJs() {
  const { create, matrixDependencies, multiplyDependencies } = await import("mathjs");
  const math = create({ matrixDependencies, multiplyDependencies });
  return {
    name: "mathjs",
    version: versionOf("mathjs"),
    prepare: async (a, b, size) => {
      const left = math.matrix(nested(a, size), "dense", "number");
      const right = math.matrix(nested(b, size), "dense", "number");
      return {
        run: () => math.multiply(left, right),
        values: (result) =>
          /** @type {number[][]} */ (/** @type {import("mathjs").Matrix} */ (result).valueOf())[0] ?? [],
      };
    },
  };
}

/** The triple loop of every textbook, over nested arrays. @returns {Peer} */
function textbook() {
  return {
    name: "triple loop",
    version: process.version,
    prepare: async (a, b, size) => {
      const left = nested(a, size);
      const right = nested(b, size);
      return {
        run: () => tripleLoop(left, right),
        values: (result) => /** @type {number[][]} */ (result)[0] ?? [],
      };
    },
  };
}

/** @param {number[][]} a @param {number[][]} b */
function tripleLoop(a, b) {
  const product = [];
  for (let i = 0; i < a.length; i++) {
    const row = [];
    for (let j = 0; j < b[0].length; j++) {
      let sum = 0;
      for (let k = 0; k < b.length; k++) sum += a[i][k] * b[k][j];
      row.push(sum);
    }
    product.push(row);
  }
  return product;
}

/** @param {Float32Array} data @param {number} size */
function nested(data, size) {
  return Array.from({ length: size }, (_, row) => Array.from(data.subarray(row * size, (row + 1) * size)));
}
