import type { ColumnType } from "../../core/column-type.ts";
import { AikoError } from "../../errors.ts";
import type { MemoryManager } from "../../memory/index.ts";
import type { Columns, DeviceColumns } from "../columns.ts";
import { type ColumnNeeds, HeldColumn, type LoadedColumn } from "./held-column.ts";
import type { Step } from "./step.ts";

/** A column that exists: of a source, or made by a step. It owns its `Columns`, which are only this one. */
export class KeptColumn extends HeldColumn {
  readonly type: ColumnType;
  readonly kept: Columns;
  #device: DeviceColumns | undefined;

  constructor(columns: Columns) {
    super();
    const [field] = columns.schema;
    if (field === undefined || columns.schema.length > 1) {
      throw new AikoError("INTERNAL", { message: `${columns.schema.length} columns are kept as one` });
    }
    this.type = field.type;
    this.kept = columns;
  }

  async needs(memory: MemoryManager): Promise<ColumnNeeds> {
    this.#device = await this.kept.deviceColumns(memory);
    return { residents: this.#device.needs, bytes: [] };
  }

  async loadIn({ reservation, upload }: Step): Promise<LoadedColumn> {
    const [loaded] = (await this.#device?.load(reservation, upload)) ?? [];
    if (loaded === undefined) throw new AikoError("INTERNAL", { message: "A column was not reserved" });
    return { type: this.type, memory: loaded.memory, dictionary: loaded.dictionary };
  }

  protected free(): void {
    this.kept.dispose();
  }
}
