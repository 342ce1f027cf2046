import { dtypes } from "../core/dtype.ts";
import { elementCount, formatShape } from "../core/shape.ts";
import { AikoError, isAikoError, toAikoError } from "../errors.ts";
import type { Operation, OperationReport, RunOptions, Runtime } from "../runtime/index.ts";
import type { NamedTensors, Unsupported } from "./executor/executor.ts";
import type { Provider } from "./load.ts";
import { type Engines, lackingText, type ModelOutput, type ModelRun, operatorsOf } from "./run-operation.ts";
import { checkInputs, checkOutputs, formatValue, type ModelValue } from "./signature.ts";
import type { NnTensor, TensorInput } from "./tensor.ts";

export interface ModelRunOptions extends RunOptions {
  /** Which outputs to compute, by name. Default: all. */
  readonly outputs?: readonly string[] | undefined;
}

export interface NnReport extends OperationReport {
  /** Who computed. */
  readonly provider: "onnxruntime" | "onnxruntime-webgpu" | "aikoryu";
  /** What of the model our executor lacks, where it might have been asked; under "webgpu" what that provider lacks. */
  readonly lacking: readonly Unsupported[];
}

export interface ModelResult {
  /** By name. Results of runs that were merged share memory. */
  readonly outputs: NamedTensors;
  /** Present when `report` was asked for or the channel has subscribers. */
  readonly report: NnReport | undefined;
}

export interface WarmUpOptions {
  /** Sizes of open dimensions, by name. Default: 1. */
  readonly sizes?: Readonly<Record<string, number>> | undefined;
  /** Tensors to run with. Default: zeros. */
  readonly inputs?: Readonly<Record<string, TensorInput>> | undefined;
  readonly placement?: RunOptions["placement"];
  readonly signal?: AbortSignal | undefined;
}

interface Parts {
  readonly runtime: Runtime;
  readonly engines: Engines;
  readonly operation: Operation<ModelRun, ModelOutput>;
  readonly provider: Provider;
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly close: () => Promise<void>;
}

/** A loaded model. Dispose it to free what its engines hold. */
export class Model implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #running = new Set<Promise<unknown>>();
  #disposal: Promise<void> | undefined;
  readonly name: string;
  readonly provider: Provider;
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** What our executor lacks to run it, and under "webgpu" what that provider lacks; empty under "cpu". */
  readonly lacking: readonly Unsupported[];

  /** @internal */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.name = parts.engines.name;
    this.provider = parts.provider;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.lacking = parts.engines.unsupported;
  }

  /**
   * Runs the model once. Concurrent runs are merged where it allows that. Rejects with INVALID_ARGUMENT, naming the tensor,
   * for names, types and shapes that do not fit; with UNSUPPORTED for values that are no tensors, naming them; with
   * ENGINE_MISSING; with ABORTED; with DISPOSED; and with whatever `runtime.run` rejects with.
   */
  async run(
    given: Readonly<Record<string, TensorInput>>,
    options: ModelRunOptions = {},
  ): Promise<ModelResult> {
    this.#assertOpen();
    const { runtime, operation } = this.#parts;
    const inputs = checkInputs(this.inputs, given);
    const outputs = checkOutputs(this.outputs, options.outputs);
    const placed = this.#placed(options, inputs);
    const running = runtime.run(operation, { inputs, outputs }, { ...options, ...placed });
    this.#running.add(running);
    try {
      const { value, report } = await running;
      return { outputs: value.tensors, report: report && this.#reported(report, options) };
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * Runs the model for each, as one run along the first dimension where the model and the inputs allow that. What is wrong
   * with one is its own result; the rest rejects as `run` does.
   */
  async runAll(
    given: readonly Readonly<Record<string, TensorInput>>[],
    options: ModelRunOptions = {},
  ): Promise<readonly (ModelResult | AikoError)[]> {
    this.#assertOpen();
    const { batch } = this.#parts.operation;
    const outputs = checkOutputs(this.outputs, options.outputs);
    const results: (ModelResult | AikoError)[] = [];
    const groups = new Map<unknown, { readonly at: number; readonly run: ModelRun }[]>();
    for (const [at, inputs] of given.entries()) {
      try {
        const run = { inputs: checkInputs(this.inputs, inputs), outputs };
        const key = batch?.key(run) ?? at;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [{ at, run }]);
        else group.push({ at, run });
      } catch (error) {
        results[at] = toAikoError(error);
      }
    }
    for (const group of groups.values()) {
      const runs = group.map(({ run }) => run);
      const found = await this.#runMerged(runs, options);
      for (const [nth, { at }] of group.entries()) results[at] = found[nth] as ModelResult;
    }
    return results;
  }

  async #runMerged(runs: readonly ModelRun[], options: ModelRunOptions): Promise<readonly ModelResult[]> {
    const { runtime, operation } = this.#parts;
    const { batch } = operation;
    const [first] = runs as readonly [ModelRun];
    const isMerged = runs.length > 1 && batch !== undefined;
    const merged = isMerged ? await batch.merge(runs) : first;
    const placed = this.#placed(options, merged.inputs);
    const running = runtime.run(operation, merged, { ...options, ...placed, batch: false });
    this.#running.add(running);
    try {
      const { value, report } = await running;
      const parts = isMerged ? batch.split(value, runs) : [value];
      const reported = report && this.#reported(report, options);
      return parts.map(({ tensors }) => ({ outputs: tensors, report: reported }));
    } finally {
      this.#running.delete(running);
    }
  }

  /**
   * Runs with zeros, so that sessions, kernels and weights are in place before the first real run: on both sides where
   * placement may choose between them. Rejects as `run` does, also where zeros or sizes of 1 do not suit the model.
   */
  async warmUp(options: WarmUpOptions = {}): Promise<void> {
    const { signal, placement } = options;
    const inputs = options.inputs ?? zeros(this.inputs, options.sizes ?? {});
    const chooses =
      this.provider === "auto" && placement === undefined && this.#parts.engines.plan !== undefined;
    if (chooses) await this.run(inputs, { signal, placement: "gpu", strict: true }).catch(ignoreAbsence);
    await this.run(inputs, { signal, placement: chooses ? "cpu" : placement }).catch((error) => {
      if (chooses) ignoreAbsence(error);
      else throw error;
    });
  }

  /** Frees the model when its runs are done. Safe to call twice. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.#running);
    const { runtime, operation, engines, close } = this.#parts;
    runtime.forget(operation);
    for (const executor of engines.executors.values()) executor[Symbol.dispose]();
    engines.executors.clear();
    await close();
  }

  #placed(options: RunOptions, inputs: NamedTensors): Pick<RunOptions, "placement" | "strict"> {
    const { engines, provider } = this.#parts;
    if (provider === "aikoryu") return { placement: "gpu", strict: true };
    if (provider !== "auto") return { placement: "cpu" };
    const asked = options.placement ?? "auto";
    if (asked !== "auto") return {};
    if (!engines.hasOnnxRuntime) return { placement: "gpu", strict: true };
    if (engines.plan === undefined) return { placement: "cpu" };
    return engines.deviations?.(inputs) === undefined ? {} : { placement: "gpu" };
  }

  #reported(report: OperationReport, options: RunOptions): NnReport {
    const { provider, engines } = this.#parts;
    const lacking = engines.unsupported;
    if (provider === "webgpu") {
      const onCpu = lacking.length === 0 ? "" : `, which leaves ${operatorsOf(lacking)} to the CPU`;
      const reason = `provider "webgpu" was asked for${onCpu}`;
      return { ...report, placement: "gpu", reason, provider: "onnxruntime-webgpu", lacking };
    }
    const by = report.placement === "gpu" ? "aikoryu" : "onnxruntime";
    const asked = options.placement ?? "auto";
    const reason =
      provider === "cpu"
        ? 'provider "cpu" was asked for'
        : provider === "auto" && asked === "auto" && engines.plan === undefined
          ? lackingText(lacking)
          : report.reason;
    return { ...report, reason, provider: by, lacking };
  }

  #assertOpen(): void {
    if (this.#disposal === undefined) return;
    throw new AikoError("DISPOSED", {
      message: `The model ${this.name} is disposed`,
      hint: "Load it again.",
    });
  }
}

function ignoreAbsence(error: unknown): void {
  const absent = ["DEVICE_NOT_FOUND", "ENGINE_MISSING", "UNSUPPORTED", "DEVICE_LOST"] as const;
  if (!absent.some((code) => isAikoError(error, code))) throw error;
}

const mostZeros = 1e9;

export function zeros(
  inputs: readonly ModelValue[],
  sizes: Readonly<Record<string, number>>,
): Readonly<Record<string, NnTensor>> {
  const needed = inputs.filter(({ optional }) => !optional);
  let total = 0;
  return Object.fromEntries(
    needed.map((input) => {
      const { name, dtype } = input;
      if (input.shape === undefined || dtype === "unsupported") {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `The shape of input "${name}" (${formatValue(input)}) is open`,
          hint: "Pass tensors to warm up with: model.warmUp({ inputs }).",
        });
      }
      const shape = input.shape.map((size) =>
        typeof size === "number" ? size : size === undefined ? 1 : (sizes[size] ?? 1),
      );
      const count = elementCount(shape);
      total += count;
      if (!(total <= mostZeros)) {
        throw new AikoError("OUT_OF_MEMORY", {
          message: `Zeros for input "${name}", ${formatShape(shape)}, would be more than ${mostZeros} numbers`,
          hint: "Pass tensors to warm up with: model.warmUp({ inputs }).",
        });
      }
      const data =
        dtype === "string" ? Array.from({ length: count }, () => "") : new dtypes[dtype].array(count);
      return [name, { dtype, shape, data }];
    }),
  );
}
