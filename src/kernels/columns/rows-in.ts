import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { ScratchScope } from "../scratch-scope.ts";
import { kernelOn, kernelText } from "../source.ts";
import { bitmapBytes, type ColumnOptions } from "./column.ts";
import { commonText, hashParameters, rowGrid } from "./key-access.ts";
import { type MatchArguments, matchRows } from "./match-rows.ts";

/** A bitmap of the left rows whose keys are among the right side's. The caller disposes it. */
export async function rowsIn(
  device: Device,
  work: MatchArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  using scope = new ScratchScope(device, options.allocate);
  const { matched } = await matchRows(device, work, scope, options);
  const { leftCount: count } = work;
  const text = commonText(device) + kernelText("columns/match-bits.wgsl");
  const kernel = await kernelOn(device, text, { entryPoint: "match_bits", label: "match bits" });
  const mask = scratch(device, options, bitmapBytes(count), "mask");
  const { each, groups } = rowGrid(device, count, 32);
  const parameters = hashParameters({ count, each });
  device.dispatch(kernel, { parameters, matched, mask }, groups, workOptions(options));
  return mask;
}
