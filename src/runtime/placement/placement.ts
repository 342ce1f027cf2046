import type { Adapter } from "../../device/device.ts";
import type { Operation, Placement, Work } from "../operation.ts";
import type { CostModel } from "./cost-model.ts";
import type { Exploration } from "./exploration.ts";

export type PlacementChoice = "auto" | Placement;

/** What either place was predicted to take, in milliseconds. */
export interface Prediction {
  readonly gpuMs: number;
  readonly cpuMs: number;
}

export interface Decision {
  readonly placement: Placement;
  /** For people: what was compared, or who decided. */
  readonly reason: string;
  /** Absent where nothing was compared. */
  readonly predicted?: Prediction | undefined;
  /** The place is tried to learn what it takes, not because it is predicted to be faster. */
  readonly explores?: boolean;
}

export interface PlacementContext {
  readonly model: CostModel;
  /** Absent where nothing may be tried. */
  readonly exploration: Exploration | undefined;
  /** Milliseconds before the device can start: opening it, compiling for it. */
  readonly startMs: number;
}

/** Takes the smaller predicted time. A null device computes nothing, so it is only ever chosen by name. */
export function place<I, O>(
  operation: Operation<I, O>,
  work: Work,
  adapter: Adapter,
  { model, exploration, startMs }: PlacementContext,
): Decision {
  if (adapter.kind === "null") {
    return { placement: "cpu", reason: `${adapter.id} computes nothing; ask for it with placement "gpu"` };
  }
  const gpu = model.estimate("gpu", operation, work, adapter);
  const cpu = model.estimate("cpu", operation, work, adapter);
  const faster: Placement = gpu.ms < cpu.ms ? "gpu" : "cpu";
  const [best, other] = faster === "gpu" ? [gpu, cpu] : [cpu, gpu];
  const preparing = faster === "cpu" ? startMs : 0;
  const explores =
    !other.sure && exploration?.allows(operation.name, other.ms - best.ms, other.ms, preparing) === true;
  const placement = explores ? (faster === "gpu" ? "cpu" : "gpu") : faster;
  const software = adapter.kind === "cpu" ? " (a device in software)" : "";
  return {
    placement,
    predicted: { gpuMs: gpu.ms, cpuMs: cpu.ms },
    explores,
    // Only reports read it.
    get reason() {
      const compared = `predicted ${formatMs(cpu.ms)} on ${operation.engine}, ${formatMs(gpu.ms)} on ${adapter.id}${software}`;
      return explores ? `${compared}; tried to learn what it takes` : compared;
    },
  };
}

function formatMs(ms: number): string {
  return `${ms >= 100 ? Math.round(ms) : Number(ms.toPrecision(2))} ms`;
}
