import { cellCount, faultKinds, faultWords } from "../../kernels/boards/index.ts";
import { allocateHostArray } from "../../matrix/host-memory.ts";
import type { CpuContext } from "../../runtime/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import type { Board } from "./board.ts";
import { type HostSource, postSource, reactSource } from "./host/source.ts";
import { checkCapacity, flopsOf, type Run, type RunResult, renews, throwFaults } from "./plan.ts";
import type { Population } from "./population.ts";
import type { PostStage, ReactStage } from "./stages.ts";

interface HostAgents {
  state: Uint32Array;
  count: number;
  nextId: number;
}

/** Messages as they were written, or in the order of their cells. */
interface HostMessages {
  words: Uint32Array;
  stride: number;
  count: number;
  starts: Uint32Array | undefined;
}

const module = new URL("host/tasks.js", import.meta.url).href;
const none = new Uint32Array(0);

/** Runs steps on the processor, on as many threads as it has: the same semantics as on a device, told a second time. */
export class HostRun {
  readonly #run: Run;
  readonly #signal: AbortSignal | undefined;
  readonly #agents = new Map<Population, HostAgents>();
  readonly #boards = new Map<Board, HostMessages>();
  readonly #sources = new Map<object, HostSource>();
  readonly #effort: number;

  constructor(run: Run, { signal }: CpuContext) {
    this.#run = run;
    this.#signal = signal;
    this.#effort = 2 * flopsOf(run);
  }

  async result(): Promise<RunResult<Uint32Array>> {
    const { populations, boards, stages, steps, progress } = this.#run;
    for (const each of populations) {
      const words = await each.storage.host();
      const state = allocateHostArray("u32", words.length);
      state.set(words);
      this.#agents.set(each, { state, count: each.count, nextId: each.nextId });
    }
    for (const board of boards) {
      if (board.kept === undefined) continue;
      const { storage, count } = board.kept;
      this.#boards.set(board, { words: await storage.host(), stride: count, count, starts: undefined });
    }
    for (let step = 0; step < steps; step++) {
      for (const board of boards) if (!board.persistent) this.#boards.delete(board);
      for (const [at, stage] of stages.entries()) {
        const faults = new Uint32Array(faultWords);
        if (stage.kind === "post") await this.#post(stage, step, at, faults);
        else await this.#react(stage, step, at, faults);
        const all = new Uint32Array(faultWords * stages.length);
        all.set(faults, at * faultWords);
        throwFaults({ ...this.#run, firstStep: this.#run.firstStep + step }, all, 1);
      }
      progress?.(step + 1, steps);
    }
    return {
      populations: populations.map((each) => {
        const { state, count, nextId } = this.#agents.get(each) as HostAgents;
        return { storage: state, count, nextId };
      }),
      boards: boards.map((board) => {
        const held = this.#boards.get(board);
        return board.persistent && held !== undefined ? this.#kept(board, held) : undefined;
      }),
    };
  }

  /** What is written, in the order of its cells, in columns without gaps. */
  #kept(board: Board, { words, stride, count }: HostMessages): { storage: Uint32Array; count: number } {
    const columns = board.columns.length + 1;
    const storage = new Uint32Array(columns * count);
    for (let column = 0; column < columns; column++) {
      storage.set(words.subarray(column * stride, column * stride + count), column * count);
    }
    return { storage, count };
  }

  async #post(stage: PostStage, step: number, at: number, faults: Uint32Array): Promise<void> {
    const { population, board, program, append } = stage;
    const agents = this.#agents.get(population) as HostAgents;
    const before = append ? this.#boards.get(board) : undefined;
    const base = before?.count ?? 0;
    const columns = board.columns.length + 1;
    const stride = base + agents.count;
    const words = allocateHostArray("u32", columns * stride);
    for (let column = 0; column < columns && before !== undefined; column++) {
      words.set(
        before.words.subarray(column * before.stride, column * before.stride + base),
        column * stride,
      );
    }
    const source = this.#source(stage, () => postSource(program, board.form, population.types));
    const part = { ...this.#moment(step, at), rawStride: stride, base, cells: cellCount(board.form) };
    const work = { ...source, count: agents.count, stride: agents.count, ...part };
    await this.#inParts(work, [agents.state, words, none, none, none, none, none], faults);
    this.#boards.set(board, { words, stride, count: stride, starts: undefined });
    if (stage.program.when !== undefined || Number.isFinite(board.capacity) || board.persistent) {
      await this.#sorted(board, faults);
      checkCapacity(board, this.#boards.get(board)?.count ?? 0);
    }
  }

  async #react(stage: ReactStage, step: number, at: number, faults: Uint32Array): Promise<void> {
    const { population, board, program } = stage;
    const agents = this.#agents.get(population) as HostAgents;
    const { count } = agents;
    const held = board === undefined ? undefined : await this.#sorted(board, faults);
    const flags = renews(stage) ? new Uint32Array(2 * count) : none;
    const columns = population.columns.length;
    const children = program.child === undefined ? none : new Uint32Array((columns - 1) * count);
    const seen = { types: board?.types ?? [], place: board?.place.map((_, column) => column) ?? [] };
    const source = this.#source(stage, () => reactSource(program, board?.form, seen));
    const work = { ...source, count, stride: count, ...this.#moment(step, at) };
    const edges = (await board?.edges?.host()) ?? none;
    const arrays = [agents.state, none, held?.words ?? none, held?.starts ?? none, edges, flags, children];
    await this.#inParts({ ...work, messageStride: held?.stride ?? 0 }, arrays, faults);
    if (!renews(stage)) return;
    let [survivors, born] = [0, 0];
    for (let agent = 0; agent < count; agent++) {
      survivors += flags[agent] as number;
      born += flags[count + agent] as number;
    }
    const total = survivors + born;
    population.checkCount(total);
    const state = allocateHostArray("u32", columns * total);
    const sizes = { count, columns, nextId: agents.nextId, total };
    await this.#task("renewAgents", [agents.state, children, flags, state], sizes, count * columns);
    this.#agents.set(population, { state, count: total, nextId: agents.nextId + born });
  }

  async #sorted(board: Board, faults: Uint32Array): Promise<HostMessages> {
    const held = this.#boards.get(board) ?? { words: none, stride: 0, count: 0, starts: undefined };
    if (held.starts !== undefined) return held;
    const { words, stride, count } = held;
    const cells = cellCount(board.form);
    const columns = board.columns.length + 1;
    const messages = allocateHostArray("u32", columns * stride);
    const starts = new Uint32Array(cells + 1);
    const sizes = { columns, stride, count, cells, single: board.form.kind === "array" };
    const arrays = [words, messages, starts, faults];
    const total = Number(await this.#task("sortMessages", arrays, sizes, count * columns + cells));
    const sorted = { words: messages, stride, count: total, starts };
    this.#boards.set(board, sorted);
    return sorted;
  }

  #source(stage: object, make: () => HostSource): HostSource {
    let source = this.#sources.get(stage);
    if (source === undefined) {
      source = make();
      this.#sources.set(stage, source);
    }
    return source;
  }

  #moment(step: number, stage: number) {
    const { firstStep, seed } = this.#run;
    const words = BigInt.asUintN(64, seed);
    const key = [Number(words & 0xffffffffn), Number(words >> 32n)] as const;
    return {
      step: (firstStep + step) >>> 0,
      stage,
      seed: key,
      rawStride: 0,
      base: 0,
      cells: 0,
      messageStride: 0,
    };
  }

  async #inParts(
    work: Readonly<Record<string, unknown>> & { readonly count: number },
    arrays: readonly Uint32Array[],
    faults: Uint32Array,
  ): Promise<void> {
    const { count } = work;
    const effort = this.#effort;
    const parts = effort > 1e5 ? Math.min(javascriptEngine.parallelism, Math.max(1, count)) : 1;
    const own = Array.from({ length: parts }, () => new Uint32Array(faultWords));
    const running = own.map((each, part) => {
      const first = Math.floor((count * part) / parts);
      const last = Math.floor((count * (part + 1)) / parts);
      return this.#task("runAgents", [...arrays, each], { ...work, first, last }, effort / parts);
    });
    await Promise.allSettled(running);
    await Promise.all(running);
    for (const each of own) {
      for (const kind of faultKinds.keys()) {
        if (faults[2 * kind] === 0) faults[2 * kind + 1] = each[2 * kind + 1] ?? 0;
        faults[2 * kind] = (faults[2 * kind] ?? 0) + (each[2 * kind] ?? 0);
      }
    }
  }

  async #task(name: string, arrays: readonly Uint32Array[], parameters: unknown, effort: number) {
    const { value } = await javascriptEngine.run({
      module,
      name,
      arrays,
      parameters,
      effort,
      signal: this.#signal,
    });
    return value;
  }
}
