import { isTurnLong, nextTurn } from "../../core/turn.ts";
import type { BufferView } from "../../device/device.ts";
import {
  type Agents,
  type BoardsMemory,
  type BoardsOptions,
  cellCount,
  copyWords,
  faultWords,
  type Moment,
  overread,
  postMessages,
  react,
  renew,
  sortMessages,
} from "../../kernels/boards/index.ts";
import { loadRegion } from "../../matrix/storage.ts";
import type { PoolBuffer, Reservation } from "../../memory/index.ts";
import { abortError } from "../../runtime/abort.ts";
import type { GpuContext } from "../../runtime/index.ts";
import type { Board } from "./board.ts";
import { checkCapacity, type Run, type RunResult, renews, throwFaults, writerOf } from "./plan.ts";
import type { Population } from "./population.ts";
import type { PostStage, ReactStage, Stage } from "./stages.ts";

interface DeviceAgents extends Agents {
  readonly state: PoolBuffer;
  readonly nextId: number;
}

interface DeviceMessages {
  readonly words: PoolBuffer;
  readonly stride: number;
  /** Those that were not written stand last when it is sorted. */
  readonly count: number;
  readonly sorted: { readonly starts: PoolBuffer; readonly order: PoolBuffer } | undefined;
}

/** Steps between waits: a failure shows, an abort is seen, and no wait is as long as a run. */
const stepsAtOnce = 8;

/** Runs steps on a device. Agents and kept messages are copies: what there was stays until all has gone well. */
export class DeviceRun {
  readonly #run: Run;
  readonly #context: GpuContext;
  readonly #reservation: Reservation;
  readonly #options: BoardsOptions;
  readonly #agents = new Map<Population, DeviceAgents>();
  readonly #boards = new Map<Board, DeviceMessages>();
  readonly #edges = new Map<Board, BufferView>();
  readonly #faults: PoolBuffer;
  #firstOfBatch = 0;

  constructor(run: Run, context: GpuContext, reservation: Reservation) {
    this.#run = run;
    this.#context = context;
    this.#reservation = reservation;
    const allocate = (bytes: number, label: string) => reservation.allocate(bytes, label);
    this.#options = { timer: context.timer, signal: context.signal, allocate };
    this.#faults = this.#take(stepsAtOnce * run.stages.length * faultWords * 4, "faults");
  }

  async result(): Promise<RunResult<PoolBuffer>> {
    const { populations, boards, stages, steps } = this.#run;
    await this.#load();
    this.#clearFaults();
    for (let step = 0; step < steps; step++) {
      if (step - this.#firstOfBatch === stepsAtOnce) await this.#settle(step);
      for (const board of boards) if (!board.persistent) this.#drop(board);
      for (const [at, stage] of stages.entries()) {
        if (stage.kind === "post") await this.#post(stage, step, at);
        else await this.#react(stage, step, at);
      }
      if (isTurnLong()) await nextTurn();
    }
    await this.#settle(steps);
    const kept: ({ storage: PoolBuffer; count: number } | undefined)[] = [];
    for (const board of boards) kept.push(board.persistent ? await this.#kept(board) : undefined);
    await this.#context.device.wait();
    return {
      populations: populations.map((each) => {
        const { state, count, nextId } = this.#agents.get(each) as DeviceAgents;
        return { storage: state, count, nextId };
      }),
      boards: kept,
    };
  }

  #take(bytes: number, label: string): PoolBuffer {
    return this.#reservation.allocate(Math.max(16, bytes), label);
  }

  async #load(): Promise<void> {
    const { populations, boards } = this.#run;
    const { memory, timer, signal } = this.#context;
    const load = (storage: Population["storage"]) =>
      loadRegion(storage.region(memory), this.#reservation, { timer, signal });
    for (const each of populations) {
      const { count, nextId } = each;
      const words = count * each.columns.length;
      const state = this.#take(words * 4, each.name);
      if (words > 0) {
        const source = await load(each.storage);
        await copyWords(this.#context.device, { from: source, to: state, count: words }, this.#options);
      }
      this.#agents.set(each, { state, stride: count, count, nextId });
    }
    for (const board of boards) {
      if (board.edges !== undefined) this.#edges.set(board, await load(board.edges));
      const { kept } = board;
      if (kept === undefined || kept.count === 0) continue;
      const words = (board.columns.length + 1) * kept.count;
      const copy = this.#take(words * 4, board.name);
      const from = await load(kept.storage);
      await copyWords(this.#context.device, { from, to: copy, count: words }, this.#options);
      this.#boards.set(board, { words: copy, stride: kept.count, count: kept.count, sorted: undefined });
    }
  }

  #clearFaults(): void {
    const words = new Uint32Array(stepsAtOnce * this.#run.stages.length * faultWords);
    for (let at = 1; at < words.length; at += 2) words[at] = 0xffffffff;
    this.#context.device.write(this.#faults, words, { timer: this.#context.timer });
  }

  /** Waits for the steps before `step`, and throws what went wrong in them. */
  async #settle(step: number): Promise<void> {
    const { device, timer, signal } = this.#context;
    const words = new Uint32Array(this.#faults.byteLength / 4);
    await device.read(this.#faults, words, { timer });
    const steps = step - this.#firstOfBatch;
    throwFaults({ ...this.#run, firstStep: this.#run.firstStep + this.#firstOfBatch }, words, steps);
    if (signal?.aborted) throw abortError(signal, "agents.boards");
    this.#run.progress?.(step, this.#run.steps);
    this.#firstOfBatch = step;
  }

  #moment(step: number, stage: number): Moment {
    const { firstStep, seed, stages } = this.#run;
    const faultsAt = ((step - this.#firstOfBatch) * stages.length + stage) * faultWords;
    return { step: (firstStep + step) >>> 0, stage, seed, faults: this.#faults, faultsAt };
  }

  #drop(board: Board): void {
    const held = this.#boards.get(board);
    held?.words.dispose();
    held?.sorted?.starts.dispose();
    held?.sorted?.order.dispose();
    this.#boards.delete(board);
  }

  async #post(stage: PostStage, step: number, at: number): Promise<void> {
    const { device } = this.#context;
    const { population, board, program } = stage;
    const agents = this.#agents.get(population) as DeviceAgents;
    const moment = this.#moment(step, at);
    const before = stage.append ? await this.#compacted(board, moment) : undefined;
    const base = before?.count ?? 0;
    const stride = base + agents.count;
    const columns = board.columns.length + 1;
    const words = this.#take(columns * stride * 4, board.name);
    for (let column = 0; column < columns && before !== undefined && base > 0; column++) {
      const copy = { from: before.words, at: column * before.stride, to: words, toAt: column * stride };
      await copyWords(device, { ...copy, count: base }, this.#options);
    }
    this.#drop(board);
    const work = {
      program,
      form: board.form,
      types: population.types,
      agents,
      raw: words,
      stride,
      base,
      moment,
    };
    await postMessages(device, work, this.#options);
    this.#boards.set(board, { words, stride, count: stride, sorted: undefined });
    if (Number.isFinite(board.capacity)) await this.#compacted(board, moment);
  }

  async #react(stage: ReactStage, step: number, at: number): Promise<void> {
    const { device } = this.#context;
    const { population, board, program } = stage;
    const agents = this.#agents.get(population) as DeviceAgents;
    const { count, nextId } = agents;
    const moment = this.#moment(step, at);
    const seen = board === undefined ? undefined : await this.#seen(board, population, moment);
    const columns = population.columns.length;
    using life = new Life();
    const flags = renews(stage) ? life.hold(this.#take(2 * count * 4, "who lives")) : undefined;
    const children =
      program.child === undefined ? undefined : life.hold(this.#take((columns - 1) * count * 4, "children"));
    await react(device, { program, agents, board: seen, flags, children, moment }, this.#options);
    if (flags === undefined || count === 0) return;
    const renewed = await renew(
      device,
      {
        agents,
        columns,
        flags,
        children,
        nextId,
        allocate: (bytes) => {
          population.checkCount(Math.floor(bytes / 4 / columns));
          return this.#take(bytes, population.name);
        },
      },
      this.#options,
    );
    agents.state.dispose();
    const born = renewed.count - renewed.survivors;
    this.#agents.set(population, {
      state: renewed.state,
      stride: renewed.count,
      count: renewed.count,
      nextId: nextId + born,
    });
  }

  async #seen(board: Board, population: Population, moment: Moment) {
    const { words, stride, sorted } = await this.#sorted(board, moment);
    const inOrder = writerOf(this.#run.stages, board) === population && !board.persistent;
    return {
      form: board.form,
      types: board.types,
      place: board.place.map((_, column) => column),
      inOrder,
      messages: words as BoardsMemory,
      stride,
      starts: (sorted?.starts ?? words) as BoardsMemory,
      order: inOrder ? sorted?.order : undefined,
      edges: this.#edges.get(board),
    };
  }

  /** The board's messages in the order of their cells. */
  async #sorted(board: Board, moment: Moment): Promise<DeviceMessages> {
    const columns = board.columns.length + 1;
    const held = this.#boards.get(board) ?? {
      words: this.#take(0, board.name),
      stride: 0,
      count: 0,
      sorted: undefined,
    };
    if (held.sorted !== undefined) return held;
    const { words, stride, count } = held;
    const cells = cellCount(board.form);
    const messages = this.#take((columns * stride + overread) * 4, board.name);
    const starts = this.#take((cells + 1) * 4, "first messages of cells");
    const order = this.#take(count * 4, "order of messages");
    const { faults, faultsAt } = moment;
    const single = board.form.kind === "array";
    const work = {
      raw: words,
      columns,
      stride,
      count,
      cells,
      messages,
      starts,
      order,
      faults,
      faultsAt,
      single,
    };
    await sortMessages(this.#context.device, work, this.#options);
    words.dispose();
    const sorted = { words: messages, stride, count, sorted: { starts, order } };
    this.#boards.set(board, sorted);
    return sorted;
  }

  /** Waits to know how many messages were written, and forgets the others. */
  async #compacted(board: Board, moment: Moment): Promise<DeviceMessages> {
    const { device, timer } = this.#context;
    const held = await this.#sorted(board, moment);
    const { sorted } = held;
    if (sorted === undefined) return held;
    using last = this.#take(16, "count");
    const cells = cellCount(board.form);
    await copyWords(device, { from: sorted.starts, at: cells, to: last, count: 1 }, this.#options);
    const words = new Uint32Array(last.byteLength / 4);
    await device.read(last, words, { timer });
    const count = words[0] ?? 0;
    checkCapacity(board, count);
    const known = { ...held, count };
    this.#boards.set(board, known);
    return known;
  }

  /** In columns without gaps. */
  async #kept(board: Board): Promise<{ storage: PoolBuffer; count: number } | undefined> {
    if (!this.#boards.has(board)) return undefined;
    const moment = this.#moment(this.#firstOfBatch, 0);
    const { words, stride, count } = await this.#compacted(board, moment);
    const columns = board.columns.length + 1;
    const storage = this.#take(columns * count * 4, board.name);
    for (let column = 0; column < columns; column++) {
      const copy = { from: words, at: column * stride, to: storage, toAt: column * count, count };
      await copyWords(this.#context.device, copy, this.#options);
    }
    return { storage, count };
  }
}

/** Buffers of one stage. */
class Life implements Disposable {
  readonly #held: PoolBuffer[] = [];

  hold(buffer: PoolBuffer): PoolBuffer {
    this.#held.push(buffer);
    return buffer;
  }

  [Symbol.dispose](): void {
    for (const each of this.#held) each.dispose();
  }
}

/** Bytes of the buffers that a run takes at first, so that they are reserved before it starts. */
export function runBytes({ populations, boards, stages }: Run): readonly number[] {
  const states = populations.map(({ count, columns }) => count * columns.length * 4);
  const of = (board: Board) =>
    stages.reduce(
      (sum, stage: Stage) =>
        stage.kind === "post" && stage.board === board ? sum + stage.population.count : sum,
      board.count,
    );
  const messages = boards.flatMap((board) => {
    const count = of(board);
    const words = (board.columns.length + 1) * count * 4;
    return [words, words, count * 4, count * 4, count * 4, (cellCount(board.form) + 1) * 4];
  });
  return [...states, ...messages].map((bytes) => Math.max(16, bytes));
}
