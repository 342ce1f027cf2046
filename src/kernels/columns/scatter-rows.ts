import type { Device } from "../../device/device.ts";
import { kernelText } from "../source.ts";
import type { ColumnOptions, FixedPhysical, Memory } from "./column.ts";
import { runUnits } from "./launch.ts";
import { bitsOfPhysical, movedAs } from "./width.ts";

export interface ScatterRowsArguments {
  readonly physical: FixedPhysical;
  /** `count` values. */
  readonly source: Memory;
  /** Where each goes, u32: different rows of the result, or `noRow`. */
  readonly rows: Memory;
  readonly count: number;
  /** Rows that are not named stay as they are. */
  readonly result: Memory;
}

/** Enqueues putting values into the rows of their numbers; `noRow` leaves one out. */
export function scatterRows(
  device: Device,
  { physical, source, rows, count, result }: ScatterRowsArguments,
  options: ColumnOptions = {},
): Promise<void> {
  const bits = bitsOfPhysical(physical);
  const bindings = { rows, source, result };
  if (bits < 32) {
    const text = kernelText("columns/scatter-parts.wgsl");
    const work = { text, entryPoint: "scatter_parts", units: count, bindings, parameters: [bits] };
    return runUnits(device, work, options);
  }
  const type = movedAs[bits === 32 ? 4 : bits === 64 ? 8 : 16];
  const text = `alias E = ${type};\n${kernelText("columns/scatter-rows.wgsl")}`;
  return runUnits(device, { text, entryPoint: "scatter_values", units: count, bindings }, options);
}
