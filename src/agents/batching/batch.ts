import { disposeIfAble } from "../../core/dispose.ts";
import { AikoError, toAikoError } from "../../errors.ts";
import { Model, type ModelResult, type TensorInput } from "../../nn/index.ts";
import type { BatchContext, Operation, RunOptions, Runtime } from "../../runtime/index.ts";
import { Batched, type BatchedOptions, type BatchFunction } from "./batched.ts";

/** How the execution of a batch is placed, and whether a model's results have its report. */
export type BatchPlacement = Pick<RunOptions, "placement" | "strict" | "device" | "report">;

export type ModelInputs = Readonly<Record<string, TensorInput>>;

/**
 * Puts a queue in front of a model, an operation or a function that takes many inputs, so that single calls of many agents
 * become one execution. Models are run along the first dimension of their inputs; an operation needs a `batch` facet. Throws
 * INVALID_ARGUMENT.
 */
export function batch(
  runtime: Runtime,
  target: Model,
  options?: BatchedOptions & BatchPlacement,
): Batched<ModelInputs, ModelResult>;
export function batch<Input, Output>(
  runtime: Runtime,
  target: Operation<Input, Output>,
  options?: BatchedOptions & BatchPlacement,
): Batched<Input, Output>;
export function batch<Input, Output>(
  runtime: Runtime,
  target: BatchFunction<Input, Output>,
  options?: BatchedOptions,
): Batched<Input, Output>;
export function batch<Input, Output>(
  runtime: Runtime,
  target: Model | Operation<Input, Output> | BatchFunction<Input, Output>,
  { placement, strict, device, report, ...options }: BatchedOptions & BatchPlacement = {},
): Batched<ModelInputs, ModelResult> | Batched<Input, Output> {
  const placed = { placement, strict, device, report };
  if (typeof target === "function") return new Batched(target, options);
  if (target instanceof Model) {
    const execute: BatchFunction<ModelInputs, ModelResult> = (items, { signal }) =>
      target.runAll(items, { ...placed, signal });
    return new Batched(execute, { name: `agents.batch ${target.name}`, ...options });
  }
  const name = (target as Partial<Operation<Input, Output>> | null)?.name;
  if (target?.batch === undefined) {
    throw new AikoError("INVALID_ARGUMENT", {
      message:
        name === undefined
          ? `Cannot batch ${target === null ? "null" : typeof target}`
          : `The operation ${name} has no batch facet`,
      hint: "Pass a model, an operation with `batch`, or a function from inputs to results.",
    });
  }
  const execute: BatchFunction<Input, Output> = (items, context) =>
    executeOperation(runtime, target, items, { ...placed, signal: context.signal });
  return new Batched(execute, { name: `agents.batch ${name}`, ...options });
}

async function executeOperation<Input, Output>(
  runtime: Runtime,
  operation: Operation<Input, Output>,
  items: readonly Input[],
  options: RunOptions & Pick<BatchContext, "signal">,
): Promise<(Output | Error)[]> {
  const results: (Output | Error)[] = [];
  const groups = new Map<unknown, number[]>();
  for (const [at, item] of items.entries()) {
    try {
      const key = operation.batch?.key(item) ?? at;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [at]);
      else group.push(at);
    } catch (error) {
      results[at] = toAikoError(error);
    }
  }
  for (const places of groups.values()) {
    const outputs = await executeGroup(
      runtime,
      operation,
      places.map((at) => items[at] as Input),
      options,
    );
    for (const [nth, at] of places.entries()) results[at] = outputs[nth] as Output;
  }
  return results;
}

async function executeGroup<Input, Output>(
  runtime: Runtime,
  operation: Operation<Input, Output>,
  inputs: readonly Input[],
  options: RunOptions,
): Promise<readonly Output[]> {
  const { batch: facet } = operation;
  const isMerged = inputs.length > 1 && facet !== undefined;
  const merged = isMerged ? await facet.merge(inputs) : (inputs[0] as Input);
  try {
    const { value } = await runtime.run(operation, merged, { ...options, batch: false });
    return isMerged ? facet.split(value, inputs) : [value];
  } finally {
    if (isMerged) disposeIfAble(merged);
  }
}
