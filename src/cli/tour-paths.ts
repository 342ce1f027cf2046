import { isAikoError } from "../errors.ts";
import type { OperationReport } from "../runtime/index.ts";
import type { Terminal } from "./terminal.ts";
import type { TourRow } from "./tour-matrix.ts";

const repeats = 5;

/** What a stop of the tour learned of one piece of work. */
export interface Paths<Result> {
  /** Of the place that was chosen. */
  readonly auto: Result;
  readonly cpuMs: number;
  /** Undefined where the GPU path could not be used. */
  readonly gpuMs: number | undefined;
  readonly failure: string | undefined;
  readonly agree: boolean;
}

/** Runs the work on both paths, several times each, and once where it would be placed. */
export async function bothPaths<Result>(
  terminal: Terminal,
  doing: string,
  run: (placement: "auto" | "cpu" | "gpu") => Promise<Result>,
  same: (a: Result, b: Result) => boolean,
): Promise<Paths<Result>> {
  const median = async (placement: "cpu" | "gpu") => {
    const result = await run(placement);
    const times: number[] = [];
    for (let at = 0; at < repeats; at++) {
      const start = performance.now();
      await run(placement);
      times.push(performance.now() - start);
    }
    return { result, ms: times.sort((a, b) => a - b)[repeats >> 1] ?? 0 };
  };
  terminal.progress(`${doing} the CPU`);
  const cpu = await median("cpu");
  terminal.progress(`${doing} the GPU`);
  const device = await median("gpu").catch((error: unknown) => {
    if (!isAikoError(error)) throw error;
    return { failure: error.message };
  });
  const auto = await run("auto");
  if ("failure" in device) {
    return { auto, cpuMs: cpu.ms, gpuMs: undefined, failure: device.failure, agree: true };
  }
  const agree = same(cpu.result, device.result);
  return { auto, cpuMs: cpu.ms, gpuMs: device.ms, failure: undefined, agree };
}

export function sayWhetherPathsAgree(terminal: Terminal, { failure, agree }: Paths<unknown>): void {
  if (failure !== undefined) terminal.say(`The GPU path could not be used: ${failure}`, "  ");
  else
    terminal.say(agree ? "Both paths agree." : "The paths disagree. This is a bug; please report it.", "  ");
  terminal.print();
}

export function pathsRow(
  operation: string,
  size: string,
  { cpuMs, gpuMs, agree }: Paths<unknown>,
  report: OperationReport | undefined,
): TourRow {
  return {
    operation,
    size,
    cpuMs,
    gpuMs,
    chosen: report?.placement ?? "auto",
    predicted: report?.predicted,
    ratio: gpuMs === undefined ? undefined : cpuMs / gpuMs,
    reason: report?.reason ?? "",
    agree,
  };
}
