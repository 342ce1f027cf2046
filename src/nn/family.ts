import type { Runtime } from "../runtime/index.ts";
import { type LoadOptions, loadModel } from "./load.ts";
import type { Model } from "./model.ts";
import type { MatrixExchange } from "./tensorflow/matrices.ts";
import type { TensorFlow, TensorFlowOptions } from "./tensorflow/tensorflow.ts";

/** Neural networks on one runtime, with matrices of type `M`. */
export interface NnFamily<M = unknown> {
  /** See `loadModel`. */
  load(source: string | Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Model>;
  /** See `tensorflow`. */
  tensorflow(options?: TensorFlowOptions): Promise<TensorFlow<M>>;
}

export function bindNn<M>(runtime: Runtime, matrices: MatrixExchange<M>): NnFamily<M> {
  return {
    load: (source, options) => loadModel(runtime, source, options),
    tensorflow: async (options) => {
      const { tensorflow } = await import("./tensorflow/tensorflow.ts");
      return tensorflow(runtime, matrices, options);
    },
  };
}
