import type { TextColumn } from "../../core/column.ts";
import type { ColumnType } from "../../core/column-type.ts";
import type { ColumnMemory } from "../../kernels/columns/column.ts";
import type { MemoryManager, Resident } from "../../memory/index.ts";
import type { Columns } from "../columns.ts";
import type { Step } from "./step.ts";

/** A column while a step has it on the device. */
export interface LoadedColumn {
  readonly type: ColumnType;
  readonly memory: ColumnMemory;
  /** Of text held as codes. */
  readonly dictionary?: TextColumn | undefined;
}

/** What a step has to reserve to load a column. */
export interface ColumnNeeds {
  readonly residents: readonly Resident[];
  /** Bytes of each buffer that loading allocates. */
  readonly bytes: readonly number[];
}

/**
 * A column between steps: on the device while there is room, or not made yet. Several may use it: each releases it once.
 */
export abstract class HeldColumn {
  abstract readonly type: ColumnType;
  /** The column itself, where it is made: still owned by this. */
  abstract readonly kept: Columns | undefined;
  #uses = 1;

  abstract needs(memory: MemoryManager): Promise<ColumnNeeds>;
  /** After `needs`, and once a step: see `Step.load`. */
  abstract loadIn(step: Step): Promise<LoadedColumn>;
  protected abstract free(): void;

  retain(): this {
    this.#uses++;
    return this;
  }

  release(): void {
    this.#uses--;
    if (this.#uses === 0) this.free();
  }
}
