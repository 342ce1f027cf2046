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
  const general = new Plans((inputs) =>
    planRun(graph, inputs, { long: false, f64: true, blas: false, threads: 1 }),
  );
  const plan: ExecutablePlan = {
    work: (inputs) => {
      try {
        return workOf(general.get(inputs), inputs);
      } catch (error) {
        if (isAikoError(error, "UNSUPPORTED")) return transferOf(inputs);
        throw error;
      }
    },
    describe: (inputs) => descriptionOf(general.get(inputs)),
    open: (device: Device) => new DeviceExecutor(graph, device),
  };
  return { unsupported, plan };
};

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
