import type { CudaAdapter } from "#src/device/cuda/adapter.js";
import { discoverCuda } from "#src/device/cuda/adapter.js";
import { buildFakeCuda, controlOf, type FakeControl, withFakeCuda } from "../../support/cuda/index.ts";

const built = await buildFakeCuda();
const found = typeof built === "string" ? undefined : await withFakeCuda(discoverCuda);
const control = typeof built === "string" ? undefined : controlOf(built);

/** Why there is no fake GPU here. */
export const whyNoCuda = typeof built === "string" ? built : undefined;

export function cudaControl(): FakeControl {
  if (control === undefined) throw new Error("there is no fake driver");
  return control;
}

export function cudaAdapter(): CudaAdapter {
  const adapter = found?.adapters[0];
  if (adapter === undefined) throw new Error(`there is no fake GPU: ${JSON.stringify(found?.problems)}`);
  return adapter;
}
