import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { type PropagateReduction, propagate, trace } from "../../kernels/index.ts";
import { type DeviceCall, denseOperation, type HostCall } from "../../matrix/dense-operation.ts";
import { abortError } from "../../runtime/index.ts";
import { javascriptEngine, type TaskArray } from "../../runtime/javascript/index.ts";
import { module } from "./edges.ts";
import type { StepParameters, TraceParameters } from "./host.ts";

export interface PropagateParameters {
  readonly nodes: number;
  readonly entries: number;
  readonly columns: number;
  readonly steps: number;
  readonly reduce: PropagateReduction;
  /** Whether what a node gathers is divided by the weights of its edges. */
  readonly isShared: boolean;
  readonly factor: number;
  readonly restart: number;
  readonly provenance: "first" | "strongest" | undefined;
  /** Of the strength of a way, at each step. */
  readonly decay: number;
}

/** Steps enqueued at once, so that a device's time limit holds for these and not for all. */
const stepsAtOnce = 64;

/**
 * inputs: row starts, places, weights, shares, values [nodes, columns], and where provenance is asked for, what is known of
 * each node at the start. outputs: values, and what is known at the end.
 */
export const propagateOperation = denseOperation<PropagateParameters>({
  name: "agents.propagate",
  engine: "javascript",
  rates: {
    // 100k nodes of 16 edges and 32 numbers: 100 ms a step on 2 threads.
    engine: { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 5e6 },
    gpu: { overheadMs: 0.2, flopsPerMs: 2e8, bytesPerMs: 1e8 },
    // PoCL: 18 ms a step.
    cpu: { overheadMs: 0.2, flopsPerMs: 6e6, bytesPerMs: 1e7 },
  },
  outputs: (inputs) => inputs.slice(4),
  flops: (_inputs, _outputs, { entries, columns, steps }) => 2 * entries * columns * steps,
  scratchBytes: (_device, _inputs, { nodes, columns, steps, provenance }) =>
    steps === 1 ? [] : [nodes * columns * 4, ...(provenance === undefined ? [] : [nodes * 16])],
  gpu: onDevice,
  cpu: onHost,
});

async function onDevice({
  device,
  inputs,
  outputs,
  parameters,
  timer,
  allocate,
  signal,
}: DeviceCall<PropagateParameters>): Promise<void> {
  const [starts, places, weights, shares, first, known] = inputs.map(({ data }) => data);
  const [result, knownAfter] = outputs.map(({ data }) => data);
  if (!starts || !places || !weights || !shares || !first || !result) return;
  const { nodes, columns, steps, provenance, decay } = parameters;
  const edges = { rowStarts: starts, places, weights, nodes };
  using spare = steps === 1 ? undefined : allocate(nodes * columns * 4, "values between");
  using knownSpare =
    steps === 1 || provenance === undefined ? undefined : allocate(nodes * 16, "sources between");
  let before = first;
  let knownBefore = known;
  for (let step = 1; step <= steps; step++) {
    const isOurs = (steps - step) % 2 === 0;
    const after = isOurs ? result : (spare ?? result);
    await propagate(device, { ...edges, ...parameters, shares, before, first, after }, { timer });
    before = after;
    if (provenance !== undefined && knownBefore !== undefined && knownAfter !== undefined) {
      const target = isOurs ? knownAfter : (knownSpare ?? knownAfter);
      const strongest = provenance === "strongest";
      const work = { ...edges, strongest, hop: step, factor: decay, before: knownBefore, after: target };
      await trace(device, work, { timer });
      knownBefore = target;
    }
    while (isTurnLong()) await nextTurn();
    if (step % stepsAtOnce !== 0) continue;
    if (signal?.aborted) throw abortError(signal, "agents.propagate");
    await device.wait();
  }
}

async function onHost({
  inputs,
  outputs,
  parameters,
  context: { signal },
}: HostCall<PropagateParameters>): Promise<void> {
  const [starts, places, weights, shares, first, known] = inputs.map(({ data }) => data as TaskArray);
  const [result, knownAfter] = outputs.map(({ data }) => data as TaskArray);
  if (!starts || !places || !weights || !shares || !first || !result) return;
  const { nodes, entries, columns, steps, provenance, decay, reduce, isShared, factor, restart } = parameters;
  if (nodes === 0) return;
  const spare = steps === 1 ? result : new Float32Array(result.length);
  const knownSpare = knownAfter && (steps === 1 ? knownAfter : new Uint32Array(knownAfter.length));
  const effort = entries * columns + nodes * columns;
  const edges = rowEdges(starts as Uint32Array, effort > 1e5 ? javascriptEngine.parallelism : 1);
  const each = async (name: string, arrays: readonly TaskArray[], more: object) => {
    const runs = edges.slice(1).map((end, part) => {
      const own = { ...more, first: edges[part], end };
      return javascriptEngine.run({ module, name, arrays, parameters: own, effort, signal });
    });
    await Promise.allSettled(runs);
    await Promise.all(runs);
  };
  let before = first;
  let knownBefore = known;
  for (let step = 1; step <= steps; step++) {
    const isOurs = (steps - step) % 2 === 0;
    const after = isOurs ? result : spare;
    const work: Omit<StepParameters, "first" | "end"> = { columns, reduce, isShared, factor, restart };
    await each("step", [starts, places, weights, shares, before, first, after], work);
    before = after;
    if (provenance !== undefined && knownBefore && knownAfter && knownSpare) {
      const target = isOurs ? knownAfter : knownSpare;
      const tracing: Omit<TraceParameters, "first" | "end"> = {
        strongest: provenance === "strongest",
        hop: step,
        factor: decay,
      };
      await each("trace", [starts, places, weights, knownBefore, target], tracing);
      knownBefore = target;
    }
    while (isTurnLong()) await nextTurn();
  }
}

/** Rows in parts of about equal work. */
function rowEdges(starts: Uint32Array, parts: number): number[] {
  const rows = starts.length - 1;
  const all = (starts[rows] ?? 0) + rows;
  return Array.from({ length: parts + 1 }, (_, part) => {
    if (part === parts) return rows;
    let [low, high] = [0, rows];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((starts[middle] ?? 0) + middle < (all * part) / parts) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}
