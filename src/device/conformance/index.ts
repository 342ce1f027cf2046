import type { Adapter, Device } from "../device.ts";
import type { Behaviour } from "./behaviour.ts";
import { compilation } from "./compilation.ts";
import { dispatch } from "./dispatch.ts";
import { memory } from "./memory.ts";
import { queue } from "./queue.ts";

export type { Behaviour } from "./behaviour.ts";

/** Everything that `device.ts` documents, each with its test. */
export const behaviours: readonly Behaviour[] = [...memory, ...compilation, ...dispatch, ...queue];

export interface Verdict {
  readonly behaviour: string;
  /** `skipped` where the adapter cannot show it. */
  readonly outcome: "yes" | "no" | "skipped";
  /** Why not. */
  readonly reason: string | undefined;
}

/** Tries every behaviour on a device of this adapter; a device that is lost on the way is opened anew. */
export async function conformance(adapter: Adapter, signal?: AbortSignal): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  let device: Device | undefined;
  try {
    for (const { name, unless, body } of behaviours) {
      signal?.throwIfAborted();
      const skipped = unless?.(adapter);
      if (skipped !== undefined) {
        verdicts.push({ behaviour: name, outcome: "skipped", reason: skipped });
        continue;
      }
      try {
        if (device?.isLost !== false) device = await adapter.open();
        await body(device, adapter);
        verdicts.push({ behaviour: name, outcome: "yes", reason: undefined });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        verdicts.push({ behaviour: name, outcome: "no", reason });
      }
    }
  } finally {
    await device?.dispose();
  }
  return verdicts;
}
