import { dtypes, type HostArray } from "../core/dtype.ts";
import { elementCount } from "../core/shape.ts";
import { isTurnLong, nextTurn } from "../core/turn.ts";
import type { BatchFacet } from "../runtime/index.ts";
import { agree } from "./agree.ts";
import type { NamedTensors } from "./executor/executor.ts";
import type { ModelOutput, ModelRun } from "./run-operation.ts";
import type { ModelValue } from "./signature.ts";
import type { NnTensor } from "./tensor.ts";

/** Above this, copying a call's inputs costs what merging saves. */
const mostBytes = 256 << 10;

/**
 * Merges concurrent runs of a model along the first dimension, where all inputs and outputs have an open one of the same
 * name. That such a model treats rows apart is what the name suggests, not what it says: the first batch of different
 * rows is checked against a run of one of them alone, and a model that mixes rows is not batched again.
 */
export class Batching {
  readonly #isPossible: boolean;
  #isProven = false;
  #isRefuted = false;

  constructor(inputs: readonly ModelValue[], outputs: readonly ModelValue[]) {
    const firsts = [...inputs, ...outputs].map(({ shape }) => (shape?.length ? (shape[0] ?? "?") : 0));
    this.#isPossible =
      inputs.length > 0 && outputs.length > 0 && typeof firsts[0] === "string" && new Set(firsts).size === 1;
  }

  readonly facet: BatchFacet<ModelRun, ModelOutput> = {
    key: (run) => (this.#isPossible && !this.#isRefuted ? batchKey(run) : undefined),
    merge: async (runs) => {
      const parts = runs.map(({ inputs }) => inputs);
      const [first] = runs as readonly [ModelRun];
      return { inputs: await concatenated(parts), outputs: first.outputs, parts };
    },
    split: ({ tensors, parts }, runs) => {
      if (parts !== undefined) return parts.map((part) => ({ tensors: part }));
      const rows = runs.map(({ inputs }) => rowsOf(inputs));
      return rows.map((count, at) => {
        const start = rows.slice(0, at).reduce((sum, before) => sum + before, 0);
        return { tensors: sliced(tensors, start, count) };
      });
    },
  };

  /** Whether this model's runs may be merged. */
  get isOn(): boolean {
    return this.#isPossible && !this.#isRefuted;
  }

  /** Runs a batch, until one was checked together with one of its parts. */
  async run(run: ModelRun, once: (run: ModelRun) => Promise<NamedTensors>): Promise<ModelOutput> {
    const { parts } = run;
    if (parts === undefined || this.#isProven) return { tensors: await once(run) };
    const tensors = await once(run);
    const [first] = parts as readonly [NamedTensors];
    const other = parts.findLastIndex((part) => !sameInputs(part, first));
    const part = parts[other];
    if (part === undefined) return { tensors };
    const alone = await once({ inputs: part, outputs: run.outputs });
    const total = parts.reduce((sum, inputs) => sum + rowsOf(inputs), 0);
    const start = parts.slice(0, other).reduce((sum, inputs) => sum + rowsOf(inputs), 0);
    const isRowwise = Object.values(tensors).every(({ shape }) => shape[0] === total);
    if (isRowwise && agree(sliced(tensors, start, rowsOf(part)), alone)) {
      this.#isProven = true;
      return { tensors };
    }
    this.#isRefuted = true;
    const apart: NamedTensors[] = [];
    for (const inputs of parts) apart.push(await once({ inputs, outputs: run.outputs }));
    return { tensors, parts: apart };
  }
}

/** Rows that a call brings: the first dimension of its inputs. */
function rowsOf(inputs: NamedTensors): number {
  return Object.values(inputs)[0]?.shape[0] ?? 0;
}

function batchKey({ inputs, outputs }: ModelRun): string | undefined {
  const rows = rowsOf(inputs);
  let bytes = 0;
  const kinds: string[] = [];
  for (const [name, { dtype, shape, data }] of Object.entries(inputs)) {
    if (dtype === "string" || shape[0] !== rows || rows === 0) return undefined;
    bytes += (data as HostArray).byteLength;
    kinds.push(`${name} ${dtype} ${shape.slice(1)}`);
  }
  return bytes > mostBytes ? undefined : JSON.stringify([kinds, outputs]);
}

async function concatenated(parts: readonly NamedTensors[]): Promise<NamedTensors> {
  const [first] = parts as readonly [NamedTensors];
  const rows = parts.reduce((sum, part) => sum + rowsOf(part), 0);
  const merged: Record<string, NnTensor> = {};
  for (const [name, { dtype, shape }] of Object.entries(first)) {
    if (dtype === "string") continue;
    const whole = [rows, ...shape.slice(1)];
    const data = new dtypes[dtype].array(elementCount(whole));
    let at = 0;
    for (const part of parts) {
      while (isTurnLong()) await nextTurn();
      const piece = part[name]?.data as HostArray;
      (data as { set(from: HostArray, at: number): void }).set(piece, at);
      at += piece.length;
    }
    merged[name] = { dtype, shape: whole, data };
  }
  return merged;
}

/** Rows of all tensors, as views. */
function sliced(tensors: NamedTensors, start: number, count: number): NamedTensors {
  const rows: Record<string, NnTensor> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const row = elementCount(shape.slice(1));
    const part = Array.isArray(data)
      ? data.slice(start * row, (start + count) * row)
      : (data as HostArray).subarray(start * row, (start + count) * row);
    rows[name] = { dtype, shape: [count, ...shape.slice(1)], data: part };
  }
  return rows;
}

function sameInputs(a: NamedTensors, b: NamedTensors): boolean {
  return Object.entries(a).every(([name, { shape, data }]) => {
    const other = b[name];
    if (other === undefined || String(other.shape) !== String(shape)) return false;
    return (data as HostArray).every((value: number | bigint, at: number) =>
      Object.is(value, other.data[at]),
    );
  });
}
