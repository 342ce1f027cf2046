import type { Device, Timer } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import type { ColumnMemory, ColumnOptions, Memory } from "../../kernels/columns/column.ts";
import type { MemoryManager, PoolBuffer, Reservation, UploadOptions } from "../../memory/index.ts";
import { Columns } from "../columns.ts";
import type { HeldColumn, LoadedColumn } from "./held-column.ts";
import { KeptColumn } from "./kept-column.ts";

/** What the steps of one query share. */
export interface StepContext {
  readonly device: Device;
  readonly memory: MemoryManager;
  readonly timer: Timer | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface StepNeeds {
  readonly label: string;
  /** Columns that it loads. */
  readonly columns: readonly HeldColumn[];
  /** Bytes of each buffer that it allocates besides. */
  readonly bytes?: readonly number[] | undefined;
}

interface Making {
  readonly column: LoadedColumn;
  readonly rows: number;
  readonly use: (made: KeptColumn) => void;
}

/** One piece of a query's work, with the memory reserved for it. */
export class Step {
  readonly device: Device;
  readonly memory: MemoryManager;
  readonly reservation: Reservation;
  readonly upload: UploadOptions;
  /** For kernels: what they allocate is freed with the step unless a column keeps it. */
  readonly options: ColumnOptions;
  readonly #signal: AbortSignal | undefined;
  readonly #loaded = new Map<HeldColumn, Promise<LoadedColumn>>();
  readonly #allocated = new Map<Memory, PoolBuffer>();
  readonly #making: Making[] = [];

  constructor({ device, memory, timer, signal }: StepContext, reservation: Reservation) {
    this.device = device;
    this.memory = memory;
    this.reservation = reservation;
    this.upload = { timer, signal };
    this.options = { timer, allocate: (byteLength, label) => this.allocate(byteLength, label) };
    this.#signal = signal;
  }

  allocate(byteLength: number, label: string): PoolBuffer {
    assertGoing(this.#signal);
    const buffer = this.reservation.allocate(byteLength, label);
    this.#allocated.set(buffer, buffer);
    return buffer;
  }

  load(column: HeldColumn): Promise<LoadedColumn> {
    let loaded = this.#loaded.get(column);
    if (loaded === undefined) {
      loaded = column.loadIn(this);
      this.#loaded.set(column, loaded);
    }
    return loaded;
  }

  async loadAll<C extends readonly HeldColumn[]>(
    columns: C,
  ): Promise<{ readonly [At in keyof C]: LoadedColumn }> {
    const loaded: LoadedColumn[] = [];
    for (const column of columns) loaded.push(await this.load(column));
    return loaded as { readonly [At in keyof C]: LoadedColumn };
  }

  /** Makes a column of memory that this step allocated outlive it; `use` gets it when the step has succeeded. */
  keep(column: LoadedColumn, rows: number, use: (made: KeptColumn) => void): void {
    this.#making.push({ column, rows, use });
  }

  /** @internal */
  settle(): void {
    assertGoing(this.#signal);
    for (const { column, rows, use } of this.#making) {
      const { type, memory, dictionary } = column;
      const field = { name: "", type };
      const kept = this.#kept(memory);
      use(
        new KeptColumn(
          Columns.onDevice(this.memory, { rows, columns: [{ field, memory: kept, dictionary }] }),
        ),
      );
    }
  }

  /** Memory that the reservation no longer frees. */
  #kept(memory: ColumnMemory): ColumnMemory {
    const own = (part: Memory): PoolBuffer => {
      const buffer = this.#allocated.get(part);
      this.#allocated.delete(part);
      if (buffer !== undefined && !buffer.disposed) return this.reservation.keep(buffer);
      throw new AikoError("INTERNAL", { message: "A step keeps memory that is not its own" });
    };
    const values = own(memory.values);
    const validity = memory.validity && own(memory.validity);
    if (memory.physical !== "text") return { physical: memory.physical, values, validity };
    return { physical: "text", values, validity, offsets: own(memory.offsets) };
  }
}

/**
 * Reserves memory, does the work, and keeps what it made. Where the device is full all the same, everything idle is
 * evicted and `work` is done once more.
 */
export async function runStep<T>(
  context: StepContext,
  { label, columns, bytes = [] }: StepNeeds,
  work: (step: Step) => Promise<T>,
): Promise<T> {
  const needs = [];
  for (const column of new Set(columns)) needs.push(await column.needs(context.memory));
  return context.memory.use(
    {
      label,
      bytes: [...bytes, ...needs.flatMap((each) => each.bytes)],
      residents: needs.flatMap((each) => each.residents),
    },
    async (reservation) => {
      const step = new Step(context, reservation);
      const result = await work(step);
      step.settle();
      return result;
    },
    { signal: context.signal },
  );
}

function assertGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new AikoError("ABORTED", { message: "The query was aborted", cause: signal.reason });
}
