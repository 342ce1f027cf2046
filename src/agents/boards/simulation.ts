import { AikoError } from "../../errors.ts";
import { Storage } from "../../matrix/storage.ts";
import type {
  CpuContext,
  GpuContext,
  Operation,
  OperationReport,
  Rates,
  RunOptions,
  Runtime,
  Work,
} from "../../runtime/index.ts";
import type { Board } from "./board.ts";
import { DeviceRun, runBytes } from "./on-device.ts";
import { HostRun } from "./on-host.ts";
import { flopsOf, type Run, type RunResult } from "./plan.ts";
import type { Population } from "./population.ts";
import type { Stage } from "./stages.ts";

export interface SimulationOptions {
  /** What a step does, in order. */
  readonly stages: readonly Stage[];
  /** Of the agents' random numbers. Default 0. */
  readonly seed?: number | bigint | undefined;
}

export interface SimulationRunOptions extends RunOptions {
  /** Called now and then with how many steps of this run are done. */
  readonly progress?: ((done: number, steps: number) => void) | undefined;
}

export interface SimulationResult {
  /** How many steps were done since the simulation was made. */
  readonly step: number;
  readonly report: OperationReport | undefined;
}

const rates: Rates = {
  engine: { overheadMs: 0.1, flopsPerMs: 5e5, bytesPerMs: 5e6 },
  gpu: { overheadMs: 0.5, flopsPerMs: 1e9, bytesPerMs: 2e8 },
  cpu: { overheadMs: 0.5, flopsPerMs: 3e6, bytesPerMs: 1e7 },
};

/** Storages where the agents will be, freed when the run fails after they were made. */
class Outcome implements Disposable {
  readonly result: RunResult<Storage<"u32">>;

  constructor(result: RunResult<Storage<"u32">>) {
    this.result = result;
  }

  [Symbol.dispose](): void {
    for (const each of [...this.result.populations, ...this.result.boards]) each?.storage.dispose();
  }
}

const operation: Operation<Run, Outcome> = {
  name: "agents.boards",
  engine: "javascript",
  rates,
  work: workOf,
  gpu: runOnGpu,
  cpu: runOnCpu,
};

/**
 * Agents that run in steps. Each step goes through the stages; each run is one operation, on the GPU or on the CPU, with the
 * same results. A run that fails leaves agents and boards as they were.
 */
export class Simulation {
  readonly #runtime: Runtime;
  readonly #stages: readonly Stage[];
  readonly #populations: readonly Population[];
  readonly #boards: readonly Board[];
  readonly #seed: bigint;
  #step = 0;

  /** Throws INVALID_ARGUMENT without stages, or for a seed that is not a whole number. */
  constructor(runtime: Runtime, { stages, seed = 0 }: SimulationOptions) {
    if (!Array.isArray(stages) || stages.length === 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: "A simulation has no stages",
        hint: "Pass what `post`, `react` and `change` make.",
      });
    }
    if (typeof seed !== "bigint" && !Number.isSafeInteger(seed)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${String(seed)} is no seed`,
        hint: "Pass a whole number.",
      });
    }
    this.#runtime = runtime;
    this.#stages = stages;
    this.#populations = [...new Set(stages.map((stage: Stage) => stage.population))];
    const boards = stages.flatMap((stage: Stage) => (stage.board === undefined ? [] : [stage.board]));
    this.#boards = [...new Set(boards)];
    this.#seed = BigInt(seed);
  }

  /** How many steps were done. */
  get step(): number {
    return this.#step;
  }

  /**
   * Does steps. Rejects with INVALID_VALUE where a message has no place or an array has two at one, OVERFLOW where agents or
   * messages are too many, ABORTED, and with what `runtime.run` rejects with.
   */
  async run(steps = 1, options: SimulationRunOptions = {}): Promise<SimulationResult> {
    if (!(Number.isSafeInteger(steps) && steps >= 0)) {
      throw new AikoError("INVALID_ARGUMENT", { message: `A simulation cannot do ${steps} steps` });
    }
    const { progress, ...rest } = options;
    const run: Run = {
      stages: this.#stages,
      populations: this.#populations,
      boards: this.#boards,
      steps,
      firstStep: this.#step,
      seed: this.#seed,
      progress,
    };
    const begun: Population[] = [];
    try {
      for (const each of this.#populations) {
        each.begin();
        begun.push(each);
      }
      const isEmpty = steps === 0 || this.#populations.every(({ count }) => count === 0);
      const placed = isEmpty ? ({ ...rest, placement: "cpu" } as const) : rest;
      const { value, report } = await this.#runtime.run(operation, run, placed);
      for (const [at, each] of this.#populations.entries()) {
        const made = value.result.populations[at];
        if (made !== undefined) each.replace(made.storage, made.count, made.nextId);
      }
      for (const [at, board] of this.#boards.entries())
        if (board.persistent) board.keep(value.result.boards[at]);
      this.#step += steps;
      return { step: this.#step, report };
    } finally {
      for (const each of begun) each.end();
    }
  }
}

function workOf(run: Run): Work {
  const { populations, boards, steps } = run;
  let bytes = 0;
  let hostBytes = 0;
  let deviceBytes = 0;
  const storages = [
    ...populations.map(({ storage }) => storage),
    ...boards.flatMap(({ kept, edges }) => [kept?.storage, edges]),
  ];
  for (const storage of storages) {
    if (storage === undefined) continue;
    bytes += storage.byteLength;
    if (!storage.isOnDevice) hostBytes += storage.byteLength;
    if (!storage.isOnHost) deviceBytes += storage.byteLength;
  }
  return { flops: steps * flopsOf(run), bytes: 3 * steps * bytes, hostBytes, deviceBytes, resultBytes: 0 };
}

async function runOnGpu(run: Run, context: GpuContext): Promise<Outcome> {
  const { memory, signal } = context;
  const storages = [
    ...run.populations.map(({ storage }) => storage),
    ...run.boards.flatMap(({ kept, edges }) => [kept?.storage, edges]),
  ].filter((storage) => storage !== undefined && storage.length > 0) as Storage<"u32">[];
  const residents = storages.map((storage) => storage.region(memory).resident);
  return memory.use(
    { label: operation.name, bytes: runBytes(run), residents },
    async (reservation) => {
      const result = await new DeviceRun(run, context, reservation).result();
      const stored = (buffer: (typeof result.populations)[number]["storage"], words: number) =>
        words === 0
          ? Storage.onHost(new Uint32Array(0), "u32")
          : Storage.onDevice(memory, reservation.keep(buffer), "u32", words);
      return new Outcome({
        populations: result.populations.map(({ storage, count, nextId }, at) => {
          const columns = run.populations[at]?.columns.length ?? 1;
          return { storage: stored(storage, columns * count), count, nextId };
        }),
        boards: result.boards.map((made, at) => {
          const columns = (run.boards[at]?.columns.length ?? 0) + 1;
          return made && { storage: stored(made.storage, columns * made.count), count: made.count };
        }),
      });
    },
    { signal },
  );
}

async function runOnCpu(run: Run, context: CpuContext): Promise<Outcome> {
  const start = performance.now();
  const result = await new HostRun(run, context).result();
  context.meter.add("cpuMs", performance.now() - start);
  const stored = (words: Uint32Array) => Storage.onHost(words, "u32");
  return new Outcome({
    populations: result.populations.map((each) => ({ ...each, storage: stored(each.storage) })),
    boards: result.boards.map((made) => made && { ...made, storage: stored(made.storage) }),
  });
}

/** See `Simulation`. */
export function simulation(runtime: Runtime, options: SimulationOptions): Simulation {
  return new Simulation(runtime, options);
}
