import type { ColumnType } from "../../core/column-type.ts";
import type { MemoryManager } from "../../memory/index.ts";
import type { Columns } from "../columns.ts";
import { type ColumnNeeds, HeldColumn, type LoadedColumn } from "./held-column.ts";
import type { KeptColumn } from "./kept-column.ts";
import type { Step } from "./step.ts";

/** The inputs of a column, each loaded. */
type Loaded<Inputs extends readonly HeldColumn[]> = { readonly [At in keyof Inputs]: LoadedColumn };

export interface LazyParts<Inputs extends readonly HeldColumn[] = readonly HeldColumn[]> {
  readonly type: ColumnType;
  readonly rows: number;
  /** It owns a use of each. */
  readonly inputs: Inputs;
  /** Bytes of each buffer that it takes. */
  readonly bytes: readonly number[];
  make(step: Step, inputs: Loaded<Inputs>): Promise<LoadedColumn>;
}

/** A column that is made by the first step that needs it. */
export class LazyColumn<Inputs extends readonly HeldColumn[]> extends HeldColumn {
  readonly #parts: LazyParts<Inputs>;
  #made: KeptColumn | undefined;
  #freed = false;

  constructor(parts: LazyParts<Inputs>) {
    super();
    this.#parts = parts;
  }

  get type(): ColumnType {
    return this.#parts.type;
  }

  get kept(): Columns | undefined {
    return this.#made?.kept;
  }

  async needs(memory: MemoryManager): Promise<ColumnNeeds> {
    if (this.#made !== undefined) return this.#made.needs(memory);
    const needs: ColumnNeeds[] = [];
    for (const input of this.#parts.inputs) needs.push(await input.needs(memory));
    return {
      residents: needs.flatMap(({ residents }) => residents),
      bytes: [...this.#parts.bytes, ...needs.flatMap(({ bytes }) => bytes)],
    };
  }

  async loadIn(step: Step): Promise<LoadedColumn> {
    if (this.#made !== undefined) return step.load(this.#made);
    const inputs = await step.loadAll(this.#parts.inputs);
    const loaded = await this.#parts.make(step, inputs);
    step.keep(loaded, this.#parts.rows, (made) => this.#become(made));
    return loaded;
  }

  #become(made: KeptColumn): void {
    if (this.#freed) {
      made.release();
      return;
    }
    this.#made = made;
    for (const input of this.#parts.inputs) input.release();
  }

  protected free(): void {
    this.#freed = true;
    if (this.#made !== undefined) this.#made.release();
    else for (const input of this.#parts.inputs) input.release();
  }
}
