import { keyText } from "../../core/key-text.ts";
import { type Arena, planArena } from "./arena.ts";
import type { Buffer } from "./buffer.ts";
import { bytesOfBuffer, type Value } from "./builder.ts";
import type { NamedTensors } from "./executor.ts";
import type { Graph } from "./import.ts";
import { lower } from "./lower.ts";
import type { Command, DeviceTraits, Step } from "./step.ts";

/** What a run with inputs of certain shapes does. */
export interface Plan {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, OutputPlan>;
  readonly decisive: ReadonlySet<string>;
  /** Steps that depend on constants alone, and the keys of what they make. */
  readonly once: readonly Call[];
  readonly each: readonly Call[];
  /** Constants of the model that steps read. */
  readonly constants: readonly Buffer[];
  /** What names the contents of a constant, given or made once. */
  readonly keys: ReadonlyMap<Buffer, string>;
  readonly arena: Arena;
  readonly flops: number;
  /** Of the constants that a run reads. */
  readonly constantBytes: number;
  /** Device memory of one run, weights apart. */
  readonly peakBytes: number;
  /** Of all tensors that the model's nodes name. */
  readonly totalBytes: number;
}

export interface OutputPlan {
  readonly buffer: Buffer;
  readonly value: Value;
}

export interface Call {
  readonly step: Step;
  readonly dispatches: readonly Command[];
}

/** Plans a run on inputs of these shapes. Throws UNSUPPORTED or INVALID_ARGUMENT, naming the node. */
export function planRun(graph: Graph, given: NamedTensors, traits: DeviceTraits): Plan {
  const planning = planInTurns(graph, given, traits);
  for (;;) {
    const { done, value } = planning.next();
    if (done) return value;
  }
}

/** The same in pieces that each take little time. */
export function* planInTurns(graph: Graph, given: NamedTensors, traits: DeviceTraits): Generator<void, Plan> {
  const { builder, inputs, outputs, decisive, tensorBytes } = yield* lower(graph, given, traits);
  const results = new Map<string, OutputPlan>();
  for (const [name, value] of outputs) results.set(name, { value, buffer: builder.dense(value) });
  const kept = [...results.values()].map(({ buffer }) => buffer);
  const steps = needed(builder.steps, kept);
  const keys = new Map<Buffer, string>();
  const once: Call[] = [];
  const later: Step[] = [];
  const writers = new Map<Buffer, number>();
  for (const { writes } of steps)
    for (const buffer of writes) writers.set(buffer, (writers.get(buffer) ?? 0) + 1);
  for (const step of steps) {
    yield;
    for (const buffer of step.reads) {
      if (buffer.source.kind === "constant") keys.set(buffer, buffer.source.key);
    }
    const whole = step.writes.every((buffer) => writers.get(buffer) === 1);
    if (!whole || !step.reads.every((buffer) => keys.has(buffer))) {
      later.push(step);
      continue;
    }
    const dispatches = step.dispatches(undefined);
    const key = keyOf(step, dispatches, keys);
    step.writes.forEach((buffer, at) => {
      keys.set(buffer, `${key} ${at}`);
    });
    once.push({ step, dispatches });
  }
  for (const buffer of kept) if (buffer.source.kind === "constant") keys.set(buffer, buffer.source.key);
  const owned = (buffer: Buffer) => !keys.has(buffer);
  const fed = [...inputs.values()].flatMap(({ expression }) =>
    expression.kind === "leaf" ? [expression.buffer] : [],
  );
  const read = new Set([...later.flatMap(({ reads }) => reads), ...kept]);
  const arena = planArena(
    later,
    fed.filter((buffer) => read.has(buffer)),
    kept,
    owned,
  );
  const each: Call[] = [];
  for (const step of later) {
    yield;
    each.push({ step, dispatches: step.dispatches(arena.replaced.get(step)) });
  }
  return {
    inputs,
    outputs: results,
    decisive,
    once,
    each,
    constants: [...keys.keys()].filter((buffer) => buffer.source.kind === "constant"),
    keys,
    arena,
    flops: later.reduce((sum, { flops }) => sum + flops, 0),
    constantBytes: [...new Set(later.flatMap(({ reads }) => reads))]
      .filter((buffer) => keys.has(buffer))
      .reduce((sum, buffer) => sum + bytesOfBuffer(buffer), 0),
    peakBytes: arena.byteLength,
    totalBytes: tensorBytes,
  };
}

/** Steps whose results somebody reads. */
function needed(steps: readonly Step[], kept: readonly Buffer[]): Step[] {
  const wanted = new Set(kept);
  const found: Step[] = [];
  for (const step of [...steps].reverse()) {
    if (!step.writes.some((buffer) => wanted.has(buffer))) continue;
    for (const buffer of step.reads) wanted.add(buffer);
    found.push(step);
  }
  return found.reverse();
}

/** Equal for steps that make the same out of the same constants, in whatever plan. */
function keyOf({ writes }: Step, dispatches: readonly Command[], keys: ReadonlyMap<Buffer, string>): string {
  const parts = dispatches.map(({ bindings, ...rest }) => [
    "parameters" in rest ? { ...rest, parameters: Array.from(rest.parameters) } : rest,
    Object.values(bindings).map((buffer) => keys.get(buffer) ?? writes.indexOf(buffer)),
  ]);
  return keyText(["once", parts, writes.map((buffer) => bytesOfBuffer(buffer))]);
}
