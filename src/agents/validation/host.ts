import { abortError } from "../../runtime/abort.ts";
import type { CpuContext } from "../../runtime/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import type { TaskArray } from "../../runtime/javascript/task.ts";
import type { HostProgram, HostStage } from "./host/task.ts";
import type { ValidateInput, ValidateOutput } from "./operation.ts";
import type { Stage } from "./program.ts";

const module = new URL("./host/task.js", import.meta.url).href;

/** Below this many steps one thread does it all. */
const leastShare = 400_000;

/** The CPU path: of all rows, or of some; on as many threads as that is worth. Rows that were not asked for have code 0. */
export async function onHost(
  { program, batch }: ValidateInput,
  { signal, meter, work }: Pick<CpuContext, "signal" | "meter" | "work">,
  only?: Uint32Array,
): Promise<ValidateOutput> {
  const { count, texts } = batch;
  const start = performance.now();
  const codes = new Uint32Array(count);
  const scores = new Float32Array(program.hasScores ? count : 0);
  const rows = only ?? allRows(count);
  const arrays: TaskArray[] = [
    codes,
    scores,
    rows,
    texts?.offsets.data ?? new Uint32Array(1),
    texts?.values.data ?? new Uint8Array(0),
    ...batch.columns.map(({ data }) => data),
  ];
  const stages = program.stages.map((stage) => hostStage(stage, arrays));
  const effort = (work.flops * rows.length) / Math.max(1, count) + rows.length * 10;
  const shares = Math.min(javascriptEngine.parallelism, rows.length, Math.ceil(effort / leastShare));
  const running: Promise<unknown>[] = [];
  for (const [first, last] of sharesOf(rows, texts?.offsets.data, shares)) {
    const parameters: HostProgram = { stages, first, last };
    running.push(
      javascriptEngine.run({
        module,
        name: "validateRows",
        arrays,
        parameters,
        effort: effort / shares,
        signal,
      }),
    );
  }
  await Promise.allSettled(running);
  await Promise.all(running);
  if (signal?.aborted) throw abortError(signal, "agents.validate");
  meter.add("cpuMs", performance.now() - start);
  return { codes, scores: program.hasScores ? scores : undefined };
}

function allRows(count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}

/** Ranges of rows with about as many bytes of text each. */
function sharesOf(rows: Uint32Array, offsets: Uint32Array | undefined, shares: number): [number, number][] {
  const weight = (row: number) =>
    64 + (offsets === undefined ? 0 : (offsets[row + 1] ?? 0) - (offsets[row] ?? 0));
  let rest = 0;
  for (const row of rows) rest += weight(row);
  const ranges: [number, number][] = [];
  let first = 0;
  for (let share = shares; share > 0 && first < rows.length; share--) {
    const wanted = rest / share;
    let taken = 0;
    let last = first;
    while (last < rows.length && (taken < wanted || share === 1)) taken += weight(rows[last++] ?? 0);
    ranges.push([first, last]);
    rest -= taken;
    first = last;
  }
  return ranges;
}

/** A stage with places in the list of arrays instead of arrays. */
function hostStage(stage: Stage, arrays: TaskArray[]): HostStage {
  const place = (array: TaskArray) => arrays.push(array) - 1;
  const firstColumn = 5;
  switch (stage.kind) {
    case "length":
    case "expression":
      return stage;
    case "scan": {
      const { code, automaton, wide } = stage;
      if (wide !== undefined) {
        const { start, outcomes } = wide;
        return { kind: "wide-scan", code, start, outcomes, wide: place(wide.wide), ends: place(wide.ends) };
      }
      const { classCount, start, outcomes } = automaton;
      const [classes, table] = [place(automaton.classes), place(automaton.table)];
      return { kind: "scan", code, classCount, start, outcomes, classes, table };
    }
    case "range":
      return { ...stage, column: firstColumn + stage.column };
    case "near":
      return { ...stage, column: firstColumn + stage.column, centroids: place(stage.centroids.data) };
    case "classify": {
      const layers = stage.layers.map(({ weights, biases, inputs, outputs }) => ({
        weights: place(weights.data),
        biases: place(biases.data),
        inputs,
        outputs,
      }));
      return { ...stage, column: firstColumn + stage.column, layers };
    }
  }
}
