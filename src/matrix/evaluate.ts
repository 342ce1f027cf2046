import type { DType } from "../core/dtype.ts";
import { elementCount } from "../core/shape.ts";
import { AikoError, isAikoError } from "../errors.ts";
import { abortable, abortError, type RunOptions, type Runtime } from "../runtime/index.ts";
import { elementwiseOperation } from "./elementwise-operation.ts";
import type { Matrix } from "./matrix.ts";
import { denseStorageOf, type Evaluate, type Node } from "./node.ts";
import { planOf } from "./plan.ts";
import type { AnyStorage, Storage } from "./storage.ts";

/** The dense numbers of a matrix, wherever they are: computed now if it is lazy, once for all who need them. */
export async function evaluated<D extends DType>(
  runtime: Runtime,
  matrix: Matrix<D>,
  options: RunOptions,
): Promise<Storage<D>> {
  const node = matrix.usableNode();
  return (denseStorageOf(node) ?? (await evaluateNode(runtime, node, options))) as Storage<D>;
}

/** How the lazy matrices of a runtime are computed when somebody reads them. */
export function evaluatorOf(runtime: Runtime): Evaluate {
  let evaluator = evaluators.get(runtime);
  if (evaluator === undefined) {
    evaluator = (node, options) => evaluateNode(runtime, node, options);
    evaluators.set(runtime, evaluator);
  }
  return evaluator;
}

const evaluators = new WeakMap<Runtime, Evaluate>();

async function evaluateNode(runtime: Runtime, node: Node, options: RunOptions): Promise<AnyStorage> {
  const { signal } = options;
  for (;;) {
    const ready = denseStorageOf(node);
    if (ready !== undefined) return ready;
    if (signal?.aborted) throw abortError(signal, elementwiseOperation.name);
    if (node.pending === undefined) {
      node.pending = compute(runtime, node, options).finally(() => {
        node.pending = undefined;
      });
      return node.pending;
    }
    // Wrapped: what is shared is not disposed when one of those who wait gives up.
    const shared = node.pending.then((storage) => [storage] as const);
    try {
      const [storage] = await abortable(shared, signal, elementwiseOperation.name);
      return storage;
    } catch (error) {
      // Whoever started it gave up, not this caller.
      if (!isAikoError(error, "ABORTED") || signal?.aborted) throw error;
    }
  }
}

async function compute(runtime: Runtime, node: Node, options: RunOptions): Promise<AnyStorage> {
  node.retain();
  try {
    const { first, expression, leaves } = planOf(node);
    for (const part of first) await evaluateNode(runtime, part, options);
    const inputs = leaves.map((leaf) => ({ storage: storageOf(leaf.node), layout: leaf.layout }));
    const isEmpty = elementCount(node.shape) === 0;
    const placed = isEmpty ? ({ ...options, placement: "cpu" } as const) : options;
    const { value, report } = await runtime.run(
      elementwiseOperation,
      { expression, inputs, shape: node.shape, dtype: node.dtype },
      placed,
    );
    node.settle(value, report);
    return value;
  } finally {
    node.release();
  }
}

function storageOf(node: Node): AnyStorage {
  const storage = denseStorageOf(node);
  if (storage !== undefined) return storage;
  throw new AikoError("INTERNAL", { message: "A part of a lazy matrix was not evaluated" });
}
