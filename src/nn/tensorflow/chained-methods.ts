import type { Tensor } from "@tensorflow/tfjs-core";
import type { TensorFlowLibrary } from "./library.ts";

/** Operations that are methods of tensors with the tensor as their first argument. */
const plain =
  `abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm batchToSpaceND broadcastTo cast
  ceil clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod cumsum depthToSpace depthwiseConv2d dilation2d div divNoNan
  dot elu equal erf euclideanNorm exp expandDims expm1 fft floor floorDiv gather greater greaterEqual ifft irfft isFinite
  isInf isNaN leakyRelu less lessEqual localResponseNormalization log log1p logSigmoid logSoftmax logSumExp logicalAnd
  logicalNot logicalOr logicalXor matMul max maxPool maximum mean min minimum mirrorPad mod mul neg norm notEqual oneHot
  onesLike pad pool pow prelu prod reciprocal relu relu6 reshape resizeBilinear resizeNearestNeighbor reverse rfft round
  rsqrt selu separableConv2d sigmoid sign sin sinh slice softmax softplus spaceToBatchND split sqrt square squaredDifference
  squeeze step stridedSlice sub sum tan tanh tile topk transpose unique unsortedSegmentSum unstack zerosLike`.split(
    /\s+/,
  );

/**
 * Gives tensors the methods that TensorFlow.js documents (`x.matMul(y).relu()`). The package that holds them all,
 * `@tensorflow/tfjs`, is twice the size; in tfjs-core they are files that Node's `require` cannot load.
 */
export function addChainedMethods(tf: TensorFlowLibrary): void {
  const functions = tf as unknown as Record<string, (...args: unknown[]) => unknown>;
  const image = tf.image as unknown as typeof functions;
  const prototype = tf.Tensor.prototype as unknown as Record<string, unknown>;
  const define = (name: string, method: (this: Tensor, ...args: never[]) => unknown) => {
    prototype[name] ??= method;
  };
  for (const name of plain) {
    const operation = functions[name] ?? image[name];
    if (operation !== undefined) define(name, chained(operation));
  }
  const listOf = (other: Tensor | Tensor[]) => (Array.isArray(other) ? other : [other]);
  define("concat", function (others: Tensor | Tensor[], axis?: number) {
    return tf.concat([this, ...listOf(others)], axis);
  });
  define("stack", function (others: Tensor | Tensor[], axis?: number) {
    return tf.stack([this, ...listOf(others)], axis);
  });
  define("where", function (condition: Tensor, other: Tensor) {
    return tf.where(condition, this, other);
  });
  for (const name of ["flatten", "as1D"]) {
    define(name, function () {
      return tf.reshape(this, [this.size]);
    });
  }
  for (const name of ["asScalar", "as2D", "as3D", "as4D", "as5D"]) {
    define(name, function (...sizes: number[]) {
      return tf.reshape(this, sizes);
    });
  }
  define("reshapeAs", function (other: Tensor) {
    return tf.reshape(this, other.shape);
  });
  define("asType", chained(tf.cast));
  for (const [name, type] of [
    ["toBool", "bool"],
    ["toFloat", "float32"],
    ["toInt", "int32"],
  ] as const) {
    define(name, function () {
      return tf.cast(this, type);
    });
  }
}

function chained(operation: (...args: never[]) => unknown) {
  const call = operation as (...args: unknown[]) => unknown;
  return function (this: Tensor, ...args: unknown[]) {
    return call(this, ...args);
  };
}
