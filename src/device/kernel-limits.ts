import { formatBytes } from "../core/bytes.ts";
import { AikoError } from "../errors.ts";
import type { Translation } from "../wgsl/index.ts";
import type { Adapter } from "./device.ts";

function unsupported(label: string, adapter: Adapter, what: string, hint: string): AikoError {
  return new AikoError("UNSUPPORTED", { message: `${adapter.name} cannot run ${label}: ${what}`, hint });
}

/** Throws UNSUPPORTED when the kernel asks for more than the adapter has. */
export function assertRunnable(translation: Translation, label: string, adapter: Adapter): void {
  const { limits, features } = adapter;
  for (const feature of translation.requires) {
    if (features.has(feature)) continue;
    throw unsupported(label, adapter, `it lacks ${feature}`, `Write a variant that does without ${feature}.`);
  }
  const storage = translation.bindings.filter((binding) => binding.access !== "uniform").length;
  if (storage > limits.storageBuffers) {
    const what = `${storage} storage buffers, the limit is ${limits.storageBuffers}`;
    throw unsupported(label, adapter, what, "Join arrays in one buffer; 8 storage buffers are portable.");
  }
  const { workgroupSize: size, workgroupBytes } = translation;
  const over = size.findIndex((count, axis) => count > (limits.workgroupSize[axis] ?? 1));
  const threads = size[0] * size[1] * size[2];
  if (over >= 0 || threads > limits.workgroupThreads) {
    const what = `a workgroup of ${size.join(" x ")} threads, the limit is ${limits.workgroupThreads} (${limits.workgroupSize.join(" x ")})`;
    throw unsupported(label, adapter, what, "Use a smaller @workgroup_size; 256 threads are portable.");
  }
  if (workgroupBytes > limits.workgroupBytes) {
    const what = `${formatBytes(workgroupBytes)} of workgroup memory, the limit is ${formatBytes(limits.workgroupBytes)}`;
    throw unsupported(label, adapter, what, "Use smaller tiles; 16 KiB are portable.");
  }
}
