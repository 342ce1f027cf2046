import * as functions from "../../../expression/javascript-functions.ts";
import { philox } from "../../../matrix/host/random.ts";

export interface HostWork {
  readonly source: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly stride: number;
  readonly step: number;
  readonly stage: number;
  readonly seed: readonly [number, number];
  readonly rawStride: number;
  readonly base: number;
  readonly cells: number;
  readonly messageStride: number;
}

const values = [
  ..."f philox first last count stride step stage seed rawStride base cells messageStride".split(" "),
  ..."state raw messages starts edges flags children faults".split(" "),
];

type Run = (...args: readonly unknown[]) => void;

const compiled = new Map<string, Run>();
const mostCompiled = 256;

/** arrays: state, raw, messages, starts, edges, flags, children, faults; empty where there are none. */
export function runAgents(arrays: readonly Uint32Array[], work: HostWork): void {
  const { source, first, last, count, stride, step, stage, seed } = work;
  let run = compiled.get(source);
  if (run === undefined) {
    run = new Function(...values, `"use strict";\n${source}`) as Run;
    if (compiled.size >= mostCompiled) compiled.clear();
    compiled.set(source, run);
  }
  const [state, raw, messages, starts, edges, flags, children, faults] = arrays;
  run(
    ...[functions, philox, first, last, count, stride, step, stage, seed],
    ...[work.rawStride, work.base, work.cells, work.messageStride],
    ...[state, raw, messages].map(typed),
    starts,
    typed(edges),
    flags,
    typed(children),
    faults,
  );
}

/** The same words as each type. */
function typed(words: Uint32Array = new Uint32Array(0)) {
  const place = [words.buffer as ArrayBuffer, words.byteOffset, words.length] as const;
  return { u32: words, i32: new Int32Array(...place), f32: new Float32Array(...place) };
}

export interface SortParameters {
  readonly columns: number;
  readonly stride: number;
  readonly count: number;
  readonly cells: number;
  readonly single: boolean;
}

/** arrays: raw, messages, starts, faults. A counting sort. Returns how many messages were written. */
export function sortMessages(
  [raw, messages, starts, faults]: readonly Uint32Array[],
  { columns, stride, count, cells, single }: SortParameters,
): number {
  if (raw === undefined || messages === undefined || starts === undefined || faults === undefined) return 0;
  const cellOf = raw.subarray((columns - 1) * stride, (columns - 1) * stride + count);
  starts.fill(0);
  for (const cell of cellOf) if (cell < cells) starts[cell] = (starts[cell] as number) + 1;
  let total = 0;
  for (let cell = 0; cell <= cells; cell++) {
    const own = starts[cell] as number;
    starts[cell] = total;
    total += own;
  }
  const places = new Uint32Array(count);
  const next = starts.slice(0, cells);
  for (let at = 0; at < count; at++) {
    const cell = cellOf[at] as number;
    if (cell >= cells) continue;
    const place = next[cell] as number;
    places[place] = at;
    next[cell] = place + 1;
    if (single && place > (starts[cell] as number)) {
      if (faults[2] === 0) faults[3] = at;
      faults[2] = (faults[2] as number) + 1;
    }
  }
  for (let column = 0; column < columns; column++) {
    const base = column * stride;
    for (let place = 0; place < total; place++) {
      messages[base + place] = raw[base + (places[place] as number)] as number;
    }
  }
  return total;
}

export interface RenewParameters {
  readonly count: number;
  readonly columns: number;
  readonly nextId: number;
  /** Agents there will be. */
  readonly total: number;
}

/** arrays: state, children, flags, result. */
export function renewAgents(
  [state, children, flags, result]: readonly Uint32Array[],
  { count, columns, nextId, total }: RenewParameters,
): void {
  if (state === undefined || children === undefined || flags === undefined || result === undefined) return;
  let to = 0;
  for (let agent = 0; agent < count; agent++) {
    if (flags[agent] !== 1) continue;
    for (let column = 0; column < columns; column++) {
      result[column * total + to] = state[column * count + agent] as number;
    }
    to++;
  }
  let id = nextId;
  for (let agent = 0; agent < count; agent++) {
    if (flags[count + agent] !== 1) continue;
    result[to] = id++;
    for (let column = 1; column < columns; column++) {
      result[column * total + to] = children[(column - 1) * count + agent] as number;
    }
    to++;
  }
}
