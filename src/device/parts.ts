import { cudaParts } from "./cuda/parts.ts";
import type { Backend } from "./device.ts";
import { openClParts } from "./opencl/parts.ts";
import { webGpuParts } from "./webgpu/parts.ts";

/** A piece of other people's software that a backend needs or can use. */
export interface Part {
  /** Such as "driver", "NVRTC" or "cuBLAS". */
  readonly name: string;
  /** Where it is; undefined where it is missing, or the system does not tell. */
  readonly path: string | undefined;
  readonly version: string | undefined;
  /** Why it cannot be used. */
  readonly problem: string | undefined;
  /** What to type or change. */
  readonly fix: string | undefined;
}

export interface BackendParts {
  readonly backend: Backend;
  readonly parts: readonly Part[];
}

/** What was found of each backend, for `doctor`. Never rejects. Call it after `discover`, which loads what is there. */
export async function backendParts(): Promise<readonly BackendParts[]> {
  const none = () => [];
  return [
    { backend: "cuda", parts: await cudaParts().catch(none) },
    { backend: "opencl", parts: await openClParts().catch(none) },
    { backend: "webgpu", parts: await webGpuParts().catch(none) },
  ];
}
