import type { Runtime } from "../runtime/index.ts";
import { type LoadOptions, loadModel } from "./load.ts";
import type { Model } from "./model.ts";

/** Neural networks on one runtime. */
export interface NnFamily {
  /** See `loadModel`. */
  load(source: string | Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Model>;
}

export function bindNn(runtime: Runtime): NnFamily {
  return { load: (source, options) => loadModel(runtime, source, options) };
}
