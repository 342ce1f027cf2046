import { cnn } from "./cnn.mjs";
import { mlp } from "./mlp.mjs";
import { transformer } from "./transformer.mjs";

/**
 * @typedef {object} Network
 * @property {string} name
 * @property {Uint8Array} model an ONNX file, from `x` to `y`, for any number of items
 * @property {(batch: number) => number[]} inputShape
 * @property {(tf: import("../peers/tensorflow.mjs").TensorFlow, x: Float32Array, batch: number) => () => import("@tensorflow/tfjs-core").Tensor} tensorflow
 *   the same network, weights and inputs
 * @property {(x: Float32Array, batch: number) => () => number[]} [plain] in plain TypeScript
 */

export const networks = [mlp, cnn, transformer];
