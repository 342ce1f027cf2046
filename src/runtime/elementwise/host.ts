import * as functions from "../../expression/javascript-functions.ts";
import type { TaskArray } from "../javascript/index.ts";

export interface LoopParameters {
  readonly source: string;
  readonly constants: readonly unknown[];
  readonly first: number;
  readonly last: number;
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly offsets: readonly number[];
}

type Run = (
  f: typeof functions,
  c: readonly unknown[],
  arrays: readonly TaskArray[],
  first: number,
  last: number,
  sizes: readonly number[],
  strides: readonly (readonly number[])[],
  offsets: readonly number[],
) => void;

const compiled = new Map<string, Run>();
const mostCompiled = 256;

/** arrays: the inputs, then the result. */
export function elementwise(arrays: readonly TaskArray[], parameters: LoopParameters): void {
  const { source, constants, first, last, sizes, strides, offsets } = parameters;
  let run = compiled.get(source);
  if (run === undefined) {
    run = new Function(
      "f",
      "c",
      "arrays",
      "first",
      "last",
      "sizes",
      "strides",
      "offsets",
      `"use strict";\n${source}`,
    ) as Run;
    if (compiled.size >= mostCompiled) compiled.clear();
    compiled.set(source, run);
  }
  run(functions, constants, arrays, first, last, sizes, strides, offsets);
}
