import type { TextColumn } from "../core/column.ts";
import type { Field } from "../core/column-type.ts";
import type { ColumnMemory } from "../kernels/columns/column.ts";

/** A column in device memory, with what only the host needs to know. */
export interface DeviceColumn {
  readonly field: Field;
  readonly memory: ColumnMemory;
  /** Of text held as codes: `memory` is u32 then, row i is `dictionary[codes[i]]`. Sorted, so that codes compare as texts do. */
  readonly dictionary?: TextColumn | undefined;
  /** Where it is known. */
  readonly nullCount?: number | undefined;
}

/** Columns of one length in the memory of one device. */
export interface DeviceTable {
  readonly rows: number;
  readonly columns: readonly DeviceColumn[];
}
