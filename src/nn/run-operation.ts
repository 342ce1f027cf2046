import { availableParallelism } from "node:os";
import type { Device } from "../device/index.ts";
import { AikoError } from "../errors.ts";
import type { CpuContext, GpuContext, Operation, Work } from "../runtime/index.ts";
import type { ModelSession } from "../runtime/onnx/index.ts";
import type { Batching } from "./batch.ts";
import type { ExecutablePlan, Executor, NamedTensors, Unsupported } from "./executor/executor.ts";

/** One run, or several that were merged. */
export interface ModelRun {
  readonly inputs: NamedTensors;
  readonly outputs: readonly string[];
  /** The inputs of each, where this is a batch. */
  readonly parts?: readonly NamedTensors[];
}

export interface ModelOutput {
  readonly tensors: NamedTensors;
  /** Present where a batch had to be run apart. */
  readonly parts?: readonly NamedTensors[];
}

/** What can run a model. */
export interface Engines {
  readonly name: string;
  /** Bytes of the model's weights, about. */
  readonly bytes: number;
  readonly plan: ExecutablePlan | undefined;
  readonly unsupported: readonly Unsupported[];
  /** What runs the CPU path, for reports. */
  readonly engine: string;
  /** Why ONNX Runtime would answer these inputs wrongly. */
  readonly deviations: ((inputs: NamedTensors) => string | undefined) | undefined;
  /** False where the executor has to do without. */
  readonly hasOnnxRuntime: boolean;
  /** Rejects where ONNX Runtime cannot be had. */
  session(): Promise<ModelSession>;
  readonly executors: Map<Device, Executor>;
}

const cores = availableParallelism();

/** Running one model. Its name is the operation's, so that placement learns models apart. */
export function runOperation(
  engines: Engines,
  batching: Batching | undefined,
): Operation<ModelRun, ModelOutput> {
  const checked = (run: ModelRun, once: (run: ModelRun) => Promise<NamedTensors>) =>
    batching === undefined ? once(run).then((tensors) => ({ tensors })) : batching.run(run, once);
  return {
    name: `nn.run ${engines.name}`,
    engine: engines.engine,
    rates: {
      engine: { overheadMs: 0.1, flopsPerMs: 4e7 * cores, bytesPerMs: 1e7 },
      gpu: { overheadMs: 1, flopsPerMs: 2e9, bytesPerMs: 1e8 },
      cpu: { overheadMs: 1, flopsPerMs: 1e7 * cores, bytesPerMs: 4e6 },
    },
    work: ({ inputs }) => engines.plan?.work(inputs) ?? transferredBytes(engines.bytes, inputs),
    gpu: (run, context) => checked(run, (one) => runOnDevice(engines, one, context)),
    cpu: (run, context) => checked(run, (one) => runOnOnnxRuntime(engines, one, context)),
    batch: batching?.facet,
  };
}

/** Without a plan nobody counted the flops. */
function transferredBytes(modelBytes: number, inputs: NamedTensors): Work {
  let hostBytes = 0;
  for (const { data } of Object.values(inputs)) hostBytes += "byteLength" in data ? data.byteLength : 0;
  return { flops: 0, bytes: modelBytes + hostBytes, hostBytes, deviceBytes: 0, resultBytes: 0 };
}

async function runOnDevice(engines: Engines, run: ModelRun, context: GpuContext): Promise<NamedTensors> {
  const { plan, executors, name } = engines;
  if (plan === undefined) throw lacking(name, engines.unsupported);
  const { device } = context;
  let executor = executors.get(device);
  if (executor === undefined) {
    executor = plan.open(device);
    executors.set(device, executor);
  }
  return executor.run(run.inputs, run.outputs, context);
}

/** Why the executor cannot run a model. */
export function lacking(name: string, unsupported: readonly Unsupported[]): AikoError {
  return new AikoError("UNSUPPORTED", {
    message: `${name}: ${lackingText(unsupported)}`,
    hint: 'ONNX Runtime may have it: load the model with provider "auto" or "cpu".',
  });
}

/** Their names, each once. */
export function operatorsOf(unsupported: readonly Unsupported[]): string {
  return [...new Set(unsupported.flatMap(({ operator }) => operator ?? []))].join(", ");
}

export function lackingText(unsupported: readonly Unsupported[]): string {
  const operators = operatorsOf(unsupported);
  const [first] = unsupported;
  if (operators === "") return first?.reason ?? "the executor cannot run it";
  const text = `the executor lacks ${operators}`;
  return first === undefined || operators.includes(",") || first.reason === text
    ? text
    : `${text} (${first.reason})`;
}

async function runOnOnnxRuntime(
  engines: Engines,
  { inputs, outputs }: ModelRun,
  { signal, meter }: CpuContext,
): Promise<NamedTensors> {
  const session = await engines.session();
  const deviation = engines.deviations?.(inputs);
  if (deviation !== undefined)
    throw new AikoError("UNSUPPORTED", { message: `${engines.name}: ${deviation}` });
  const result = await session.run({ inputs: new Map(Object.entries(inputs)), outputs, signal });
  meter.add("queueMs", result.timing.queueMs);
  meter.add("cpuMs", result.timing.runMs);
  return Object.fromEntries(result.outputs.map((tensor, at) => [outputs[at] ?? "", tensor]));
}
