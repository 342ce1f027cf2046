import type { Device } from "../../device/device.ts";
import type { GpuContext, Work } from "../../runtime/index.ts";
import type { OnnxModel } from "../onnx/index.ts";
import type { NnTensor } from "../tensor.ts";

/** What a model needs that the executor lacks. */
export interface Unsupported {
  /** "Conv", "com.microsoft.Gelu"; absent where a type or a shape is the reason. */
  readonly operator: string | undefined;
  /** The node and what about it: `Resize node "up": mode "cubic"`. */
  readonly reason: string;
}

/** Everything about a model that depends on no device and no input: imported, folded, fused. */
export interface ExecutablePlan {
  /** What one run computes and moves, by the shapes of its inputs. */
  work(inputs: NamedTensors): Work;
  /**
   * What a run on such inputs does, step by step, on a GPU; other devices differ in details. Throws UNSUPPORTED or
   * INVALID_ARGUMENT, naming the node.
   */
  describe(inputs: NamedTensors): PlanDescription;
  /** Opens it on a device: compiles nothing yet, uploads the weights when first run. */
  open(device: Device): Executor;
}

/** For people: which kernels a run takes, and what was fused into them. */
export interface PlanDescription {
  readonly steps: readonly StepDescription[];
  /** Steps that depend on constants alone, done before the first run. */
  readonly once: readonly StepDescription[];
  readonly flops: number;
  /** Device memory of one run, weights apart. */
  readonly peakBytes: number;
  /** Of all tensors that the model's nodes name: what a run would hold without fusion and shared memory. */
  readonly totalBytes: number;
}

export interface StepDescription {
  readonly kernel: string;
  /** Of the model, by name. */
  readonly operators: readonly string[];
}

export type NamedTensors = Readonly<Record<string, NnTensor>>;

/** A model on one device. */
export interface Executor extends Disposable {
  /**
   * The outputs asked for, downloaded, when the device's work is done. Rejects with UNSUPPORTED naming the node where the inputs'
   * shapes are not supported, with INVALID_ARGUMENT where they do not fit, and with whatever the device rejects with.
   */
  run(inputs: NamedTensors, outputs: readonly string[], context: GpuContext): Promise<NamedTensors>;
}

/** Says what the executor lacks (empty: it can run the model), and where nothing is lacking gives the plan. */
export type PlanModel = (model: OnnxModel) => {
  readonly unsupported: readonly Unsupported[];
  readonly plan: ExecutablePlan | undefined;
};
