import type { Device } from "../../device/device.ts";
import { workOptions } from "../axis.ts";
import { kernelOn, kernelText } from "../source.ts";
import type { ColumnOptions } from "./column.ts";
import type { JoinedRows } from "./join-rows.ts";
import { assertRows } from "./join-size.ts";
import { commonText, hashParameters, rowGrid, wholeScratch } from "./key-access.ts";

export interface CrossArguments {
  readonly leftCount: number;
  readonly rightCount: number;
  /** Throws RESULT_TOO_LARGE when there would be more rows. Default 2^31. */
  readonly mostRows?: number | undefined;
}

/** Every pair of rows, in the order of the left side and then of the right. The caller disposes `left` and `right`. */
export async function crossRows(
  device: Device,
  { leftCount, rightCount, mostRows }: CrossArguments,
  options: ColumnOptions = {},
): Promise<Required<JoinedRows>> {
  const rows = assertRows(BigInt(leftCount) * BigInt(rightCount), mostRows);
  const text = commonText(device) + kernelText("columns/cross-rows.wgsl");
  const kernel = await kernelOn(device, text, { entryPoint: "cross_rows", label: "cross rows" });
  const left = wholeScratch(device, options, rows * 4, "left rows");
  try {
    const right = wholeScratch(device, options, rows * 4, "right rows");
    const { each, groups } = rowGrid(device, rows);
    const parameters = hashParameters({ count: rows, each, slots: rightCount });
    if (rows > 0) device.dispatch(kernel, { parameters, left, right }, groups, workOptions(options));
    return { left, right, rows };
  } catch (error) {
    left[Symbol.dispose]();
    throw error;
  }
}
