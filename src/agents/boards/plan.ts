import { AikoError } from "../../errors.ts";
import { nodesOf } from "../../expression/index.ts";
import { type BoardForm, cellCount, faultKinds, faultWords } from "../../kernels/boards/index.ts";
import type { Board } from "./board.ts";
import type { Population } from "./population.ts";
import type { Stage } from "./stages.ts";

/** One call of the operation: stages, over and over. */
export interface Run {
  readonly stages: readonly Stage[];
  readonly populations: readonly Population[];
  readonly boards: readonly Board[];
  readonly steps: number;
  /** The number of the first of them. */
  readonly firstStep: number;
  readonly seed: bigint;
  readonly progress?: ((done: number, steps: number) => void) | undefined;
}

/** What a run leaves behind, not yet in its place. */
export interface RunResult<S> {
  readonly populations: readonly { readonly storage: S; readonly count: number; readonly nextId: number }[];
  readonly boards: readonly ({ readonly storage: S; readonly count: number } | undefined)[];
}

/** Whether a stage changes who there is. */
export function renews(stage: Stage): boolean {
  return stage.kind === "react" && (stage.program.alive !== undefined || stage.program.child !== undefined);
}

/** Whether agents can be taken in the order of a board: each wrote one message, and they are the last to have written. */
export function writerOf(stages: readonly Stage[], board: Board): Population | undefined {
  const writers = stages.filter((stage) => stage.kind === "post" && stage.board === board);
  const [only] = writers;
  if (writers.length !== 1 || only?.kind !== "post" || only.append) return undefined;
  return stages.some(renews) ? undefined : only.population;
}

/** Operations that a step takes, about. */
export function flopsOf({ stages, populations }: Run): number {
  let flops = 0;
  for (const stage of stages) {
    const { count } = stage.population;
    if (stage.kind === "post") flops += count * (nodesOf(stage.program.fields).length + 10);
    else {
      const own = nodesOf(stage.program.writes.map(({ value }) => value)).length + 5;
      const each = nodesOf(stage.program.accumulators.map(({ next }) => next)).length;
      flops += count * own;
      if (stage.board !== undefined) {
        const messages = Math.max(...populations.map((each) => each.count), stage.board.count);
        flops +=
          count * (candidates(stage.board.form, messages) * 8 + seen(stage.board.form, messages) * each);
      }
    }
  }
  return flops;
}

/** Messages in the cells that an agent looks into, if they were spread evenly. */
function candidates(form: BoardForm, messages: number): number {
  const { cells, reach, vertices, edges, dimensions } = form;
  if (form.kind === "graph") return edges / vertices;
  const within = cells
    .slice(0, dimensions)
    .reduce((product, size, axis) => product * Math.min(size, 2 * (reach[axis] ?? 0) + 1), 1);
  return (messages * within) / cellCount(form);
}

/** Those of them within the radius. */
function seen(form: BoardForm, messages: number): number {
  const share = form.kind !== "spatial" ? 1 : form.dimensions === 2 ? Math.PI / 9 : (4 / 3) * (Math.PI / 27);
  return candidates(form, messages) * share;
}

/** Throws for the first fault that there was: INVALID_VALUE for places and duplicates, OVERFLOW for crowds. */
export function throwFaults(run: Run, words: Uint32Array, steps: number): void {
  const { stages, firstStep } = run;
  for (let step = 0; step < steps; step++) {
    for (const [at, stage] of stages.entries()) {
      const base = (step * stages.length + at) * faultWords;
      for (const [kind, name] of faultKinds.entries()) {
        const count = words[base + 2 * kind] ?? 0;
        if (count === 0) continue;
        throw faultError(name, stage, {
          count,
          first: words[base + 2 * kind + 1] ?? 0,
          step: firstStep + step,
        });
      }
    }
  }
}

interface Fault {
  readonly count: number;
  readonly first: number;
  readonly step: number;
}

function faultError(kind: (typeof faultKinds)[number], stage: Stage, fault: Fault): AikoError {
  const { count, first, step } = fault;
  const board = stage.board?.name ?? "no board";
  const who = `agent ${first} of ${stage.population.name}${count > 1 ? ` and ${count - 1} more` : ""}`;
  if (kind === "duplicate") {
    return new AikoError("INVALID_VALUE", {
      message: `In step ${step}, message ${first}${count > 1 ? ` and ${count - 1} more` : ""} went to a place of ${board} that another message has`,
      hint: "An array holds one message a place. Use a bucket board for several.",
    });
  }
  if (kind === "crowded") {
    const limit = stage.board?.form.limit;
    return new AikoError("OVERFLOW", {
      message: `In step ${step}, ${who} would see more than ${limit} messages of ${board}`,
      hint: "They crowd together: look less far, or pass a higher `limit` to the board.",
    });
  }
  const form = stage.board?.form;
  return new AikoError("INVALID_VALUE", {
    message: `In step ${step}, ${who} wrote a message that has no place on ${board}`,
    hint:
      form?.kind !== "spatial"
        ? "Places are whole numbers from 0 before the size of the board."
        : form.wrap
          ? "With wrap, positions are from min before max: move agents with modulo."
          : "Positions are finite numbers.",
  });
}

/** Throws OVERFLOW when a board would hold more than it may. */
export function checkCapacity(board: Board, count: number): void {
  if (count <= board.capacity) return;
  throw new AikoError("OVERFLOW", {
    message: `There are ${count} messages for ${board.name}, which holds ${board.capacity}`,
    hint: "Raise its capacity, or write less with `when`.",
  });
}
