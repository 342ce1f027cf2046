import { elementCount } from "../../core/shape.ts";
import type { Device } from "../../device/device.ts";
import { isAikoError } from "../../errors.ts";
import type { Work } from "../../runtime/index.ts";
import { describeNode } from "../onnx/index.ts";
import type { NnTensor } from "../tensor.ts";
import type { ExecutablePlan, NamedTensors, PlanDescription, PlanModel, Unsupported } from "./executor.ts";
import { DeviceExecutor } from "./executor-on-device.ts";
import { importModel } from "./import.ts";
import { Plans } from "./plans.ts";
import { operatorName, operatorOf } from "./registry.ts";
import { type Call, type Plan, planRun } from "./run-plan.ts";
import type { DeviceTraits } from "./step.ts";

export type {
  ExecutablePlan,
  Executor,
  NamedTensors,
  PlanDescription,
  PlanModel,
  Unsupported,
} from "./executor.ts";

/** Imports a model for the executor, or says which operators and types it lacks. */
export const planModel: PlanModel = (model) => {
  const graph = importModel(model, (node) => operatorOf(node) !== undefined);
  const unsupported: Unsupported[] = [];
  for (const { node } of graph.nodes) {
    if (operatorOf(node) !== undefined) continue;
    unsupported.push({
      operator: operatorName(node),
      reason: `${describeNode(node)}: the executor has no such operator`,
    });
  }
  for (const { name, type } of model.graph.inputs) {
    if (type.kind === "tensor" && type.dtype !== "string" && type.dtype !== "unsupported") continue;
    const what = type.kind === "tensor" ? type.dtype : type.kind;
    unsupported.push({ operator: undefined, reason: `Input "${name}" is ${what}` });
  }
  if (unsupported.length > 0) return { unsupported, plan: undefined };
  const general = new Plans();
  const planOf = (inputs: NamedTensors) =>
    general.find(inputs) ?? general.add(inputs, planRun(graph, inputs, generalTraits));
  const weights = [...model.graph.initializers.values()].reduce(
    (sum, { shape }) => sum + elementCount(shape),
    0,
  );
  const plan: ExecutablePlan = {
    work: (inputs) => {
      try {
        return graph.nodes.length > mostPlannedAtOnce
          ? roughWork(weights, inputs)
          : workOf(planOf(inputs), inputs);
      } catch (error) {
        if (isAikoError(error, "UNSUPPORTED")) return transferOf(inputs);
        throw error;
      }
    },
    describe: (inputs) => descriptionOf(planOf(inputs)),
    open: (device: Device) => new DeviceExecutor(graph, device),
  };
  return { unsupported, plan };
};

/** Planning more nodes holds the JavaScript thread for too long to be done for a prediction. */
const mostPlannedAtOnce = 40;
const generalTraits: DeviceTraits = { long: false, f64: true, blas: false, threads: 1 };

/** As if each row of the largest input were multiplied with all weights. */
function roughWork(weights: number, inputs: NamedTensors): Work {
  const rows = Object.values(inputs).map(({ shape }) =>
    elementCount(shape.slice(0, shape.length < 4 ? -1 : 1)),
  );
  const work = transferOf(inputs);
  return { ...work, flops: 2 * weights * Math.max(1, ...rows), bytes: 4 * weights + 2 * work.bytes };
}

/** Inputs that cannot be planned: whoever runs them says so. */
function transferOf(inputs: NamedTensors): Work {
  const hostBytes = bytesOf(inputs);
  return { flops: 0, bytes: hostBytes, hostBytes, deviceBytes: 0, resultBytes: 0 };
}

function bytesOf(inputs: NamedTensors): number {
  const own = ({ data }: NnTensor) => (ArrayBuffer.isView(data) ? data.byteLength : 0);
  return Object.values(inputs).reduce((sum, tensor) => sum + own(tensor), 0);
}

function descriptionOf({ each, once, flops, peakBytes, totalBytes }: Plan): PlanDescription {
  const described = (calls: readonly Call[]) =>
    calls.map(({ step }) => ({ kernel: step.label, operators: step.operators }));
  return { steps: described(each), once: described(once), flops, peakBytes, totalBytes };
}

function workOf(plan: Plan, inputs: NamedTensors): Work {
  const resultBytes = [...plan.outputs.values()].reduce((sum, { buffer }) => sum + buffer.length * 4, 0);
  return {
    flops: plan.flops,
    bytes: plan.totalBytes + plan.constantBytes,
    hostBytes: bytesOf(inputs),
    deviceBytes: 0,
    resultBytes,
  };
}
