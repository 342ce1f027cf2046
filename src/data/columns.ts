import type { HostTable } from "../core/column.ts";
import { tableProblem } from "../core/column-check.ts";
import { schemaOf } from "../core/column-make.ts";
import type { Schema } from "../core/column-type.ts";
import type { Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { Memory } from "../kernels/columns/column.ts";
import type { MemoryManager, Reservation, Resident, UploadOptions } from "../memory/index.ts";
import { PoolBuffer } from "../memory/pool-buffer.ts";
import { ColumnBuffer } from "./column-buffer.ts";
import { adoptedForm, loadForm, residentsOf } from "./device-form.ts";
import type { DeviceColumn, DeviceTable } from "./device-table.ts";
import { StoredColumn } from "./stored-column.ts";

/** A table of the CPU engine that holds the same rows. */
export interface EngineTable {
  readonly name: string;
  dispose(): unknown;
}

const onlyEngine = {};

/** Engine tables of columns that nobody disposed. */
const abandoned = new FinalizationRegistry<EngineTable>((table) => void table.dispose());

/** Columns on their way to a device. */
export interface DeviceColumns {
  /** Name them in the reservation. */
  readonly needs: readonly Resident[];
  /** Uploads what is not there. What it gives lasts as long as the reservation, and stays the columns' own. */
  load(reservation: Reservation, options?: UploadOptions): Promise<DeviceColumn[]>;
}

/** Columns of one length: on the host, on devices, in the CPU engine, or in several of these. Nothing moves until somebody asks. */
export class Columns implements Disposable {
  readonly schema: Schema;
  readonly rows: number;
  readonly #stored: readonly StoredColumn[];
  readonly #engines = new Map<object, Promise<EngineTable>>();
  #disposed = false;

  private constructor(
    stored: readonly StoredColumn[],
    rows: number,
    schema: Schema = stored.map(({ field }) => field),
  ) {
    this.#stored = stored;
    this.schema = schema;
    this.rows = rows;
  }

  /** The columns of several side by side, by the names and of the rows given. All of them are to be disposed. */
  static beside(parts: readonly Columns[], schema: Schema, rows: number): Columns {
    const stored = parts.flatMap((part) => {
      part.#assertUsable();
      return part.#stored.map((column) => column.retain());
    });
    return new Columns(stored, rows, schema);
  }

  /** Keeps the table's memory, which must not be changed any more. Throws INVALID_ARGUMENT for a layout that is wrong. */
  static onHost(table: HostTable): Columns {
    const problem = tableProblem(table);
    if (problem !== undefined) {
      throw new AikoError("INVALID_ARGUMENT", { message: `Not a table: ${problem}` });
    }
    const schema = schemaOf(table);
    const stored = table.columns.map(
      (host, at) => new StoredColumn(schema[at] ?? { name: "", type: host.type }, table.rows, { host }),
    );
    return new Columns(stored, table.rows);
  }

  /** Takes over the pool's buffers that the columns are in. A buffer may hold several of them. */
  static onDevice(memory: MemoryManager, table: DeviceTable): Columns {
    const taken = new Map<PoolBuffer, ColumnBuffer>();
    const take = (source: Memory, bytes: number | undefined, label: string): ColumnBuffer => {
      const buffer = poolBufferOf(source, label);
      const known = taken.get(buffer)?.retain();
      if (known !== undefined) return known;
      const made = ColumnBuffer.onDevice(memory, buffer, bytes ?? buffer.byteLength, label);
      taken.set(buffer, made);
      return made;
    };
    const stored = table.columns.map((column) => {
      const form = adoptedForm(column, table.rows, take);
      return new StoredColumn(column.field, table.rows, { form });
    });
    return new Columns(stored, table.rows);
  }

  get byteLength(): number {
    return this.#stored.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  get isOnHost(): boolean {
    return this.#stored.every(({ isOnHost }) => isOnHost);
  }

  get isOnDevice(): boolean {
    return this.#stored.every(({ isOnDevice }) => isOnDevice);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Bytes of some columns, or all, that only the host has and that only devices have: what a place has to move. */
  movedBytes(indexes: readonly number[] = this.#all()): { hostBytes: number; deviceBytes: number } {
    let hostBytes = 0;
    let deviceBytes = 0;
    for (const column of this.#some(indexes)) {
      if (!column.isOnDevice) hostBytes += column.byteLength;
      else if (!column.isOnHost) deviceBytes += column.byteLength;
    }
    return { hostBytes, deviceBytes };
  }

  /** Some columns, or all, on the host: downloaded on first need. */
  async host(indexes: readonly number[] = this.#all(), timer?: Timer): Promise<HostTable> {
    this.#assertUsable();
    const columns = await Promise.all(this.#some(indexes).map((column) => column.host(timer)));
    return { names: indexes.map((at) => this.schema[at]?.name ?? ""), columns, rows: this.rows };
  }

  /**
   * Some columns, or all, for work on a device: `needs` go into its reservation, `load` brings them there. The first time,
   * text that repeats is made codes into a sorted dictionary. Rejects with UNSUPPORTED for lists.
   */
  async deviceColumns(
    memory: MemoryManager,
    indexes: readonly number[] = this.#all(),
  ): Promise<DeviceColumns> {
    this.#assertUsable();
    const chosen = await Promise.all(
      this.#some(indexes).map(async (column, at) => ({
        field: this.schema[indexes[at] ?? 0] ?? column.field,
        form: await column.form(),
      })),
    );
    this.#assertUsable();
    return {
      needs: [...new Set(chosen.flatMap(({ form }) => residentsOf(form, memory)))],
      load: async (reservation, options = {}) => {
        this.#assertUsable();
        const columns: DeviceColumn[] = [];
        for (const { field, form } of chosen) {
          columns.push(await loadForm(field, form, memory, reservation, options));
        }
        return columns;
      },
    };
  }

  /**
   * The same rows as a table of the CPU engine: `load` makes it on first need, and it goes with these columns. Where there are
   * several engines, each has its own.
   */
  async engineTable(
    load: (table: HostTable) => Promise<EngineTable>,
    engine: object = onlyEngine,
  ): Promise<EngineTable> {
    this.#assertUsable();
    let table = this.#engines.get(engine);
    if (table === undefined) {
      table = this.#loadEngine(load, engine);
      this.#engines.set(engine, table);
    }
    return table;
  }

  /** Some of the columns, in any order, of the same memory. Both are to be disposed. */
  select(indexes: readonly number[]): Columns {
    this.#assertUsable();
    const chosen = this.#some(indexes).map((column) => column.retain());
    const schema = chosen.map(({ field }, at) => this.schema[indexes[at] ?? 0] ?? field);
    return new Columns(chosen, this.rows, schema);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const column of this.#stored) column.dispose();
    abandoned.unregister(this);
    for (const table of this.#engines.values()) void table.then((made) => made.dispose()).catch(() => {});
    this.#engines.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #all(): number[] {
    return [...this.#stored.keys()];
  }

  #some(indexes: readonly number[]): StoredColumn[] {
    return indexes.map((at) => {
      const column = this.#stored[at];
      if (column !== undefined) return column;
      throw new AikoError("INVALID_ARGUMENT", {
        message: `There is no column ${at} among ${this.#stored.length}`,
      });
    });
  }

  async #loadEngine(load: (table: HostTable) => Promise<EngineTable>, engine: object): Promise<EngineTable> {
    try {
      const table = await load(await this.host());
      if (!this.#disposed) abandoned.register(this, table, this);
      return table;
    } catch (error) {
      this.#engines.delete(engine);
      throw error;
    }
  }

  #assertUsable(): void {
    if (!this.#disposed) return;
    throw new AikoError("BUFFER_DISPOSED", {
      message: `These ${this.#stored.length} columns of ${this.rows} rows are disposed`,
      hint: "Dispose columns after their last use.",
    });
  }
}

function poolBufferOf(memory: Memory, label: string): PoolBuffer {
  if (!(memory instanceof PoolBuffer)) {
    throw new AikoError("INTERNAL", { message: `The ${label} came in memory that is not the pool's` });
  }
  if (!memory.disposed) return memory;
  throw new AikoError("BUFFER_DISPOSED", {
    message: `The ${label} came in a buffer that is disposed`,
    hint: "Take it out of its reservation first: reservation.keep(buffer).",
  });
}
