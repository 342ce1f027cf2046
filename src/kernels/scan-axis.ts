import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { type AxisSizes, type KernelOptions, type NumberType, scratch, workOptions } from "./axis.ts";
import { inRows } from "./grid.ts";
import { reductionText } from "./reduction-text.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export interface ScanAxisArguments extends AxisSizes {
  readonly operator: "sum" | "product" | "min" | "max";
  readonly type: NumberType;
  /** The type of sums and products of integers. Default: as `type`. */
  readonly resultType?: NumberType;
  readonly source: DeviceBuffer | BufferView;
  /** As many numbers; must not overlap `source`. */
  readonly result: DeviceBuffer | BufferView;
  /** Leaves each number out of its own result. The first is the identity: for min and max of floats NaN. */
  readonly exclusive?: boolean;
  /** From the end to the start. */
  readonly reverse?: boolean;
}

const longUnits = 64;
const shortUnits = 16_384;
const leastPart = 64;

/**
 * Enqueues sums, products, minima or maxima of all numbers of a line up to each. Sums are taken one after the other
 * within parts of a line: integers wrap, f32 is rounded as often. Minima and maxima stay NaN from a NaN on.
 */
export async function scanAxis(
  device: Device,
  work: ScanAxisArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { operator, type, resultType = type, source, result, outer, n, inner } = work;
  const lines = outer * inner;
  if (lines * n === 0) return;
  const definition = reductionText(operator, type, resultType);
  const text = `${definition.text}${kernelText("scan-axis-lines.wgsl")}`;
  const long = wantsLongThreads(device);
  const threads = long ? 1 : 64;
  const compile = (entryPoint: string) =>
    kernelOn(device, text, { entryPoint, constants: { threads }, label: `scan ${operator}, ${entryPoint}` });
  if (long && inner >= 16 && lines >= longUnits) {
    const strips = outer * Math.ceil(inner / 16);
    const stripsEach = Math.ceil(strips / longUnits);
    const flags = [work.reverse === true ? 1 : 0, work.exclusive === true ? 1 : 0];
    const sizes = Uint32Array.of(lines, n, inner, 1, n, stripsEach, ...flags);
    const scanStrips = await compile("scan_strips");
    const groups = inRows(Math.ceil(strips / stripsEach));
    device.dispatch(scanStrips, { parameters: sizes, source, result }, groups, workOptions(options));
    return;
  }
  const units = long ? longUnits : shortUnits;
  const wantedParts = Math.min(Math.floor(units / lines), Math.ceil(n / leastPart));
  const chunk = wantedParts < 2 ? n : Math.ceil(n / wantedParts);
  const parts = Math.ceil(n / chunk);
  const each = long ? chunkOf(lines * parts, longUnits, 1) : 1;
  const flags = [work.reverse === true ? 1 : 0, work.exclusive === true ? 1 : 0];
  const parameters = Uint32Array.of(lines, n, inner, parts, chunk, each, ...flags);
  const groups = inRows(Math.ceil((lines * parts) / each / threads));
  if (parts === 1) {
    const scanLines = await compile("scan_lines");
    device.dispatch(scanLines, { parameters, source, result }, groups, workOptions(options));
    return;
  }
  const [sumParts, carry, scanParts] = await Promise.all([
    compile("sum_parts"),
    compile("carry"),
    compile("scan_parts"),
  ]);
  using carries = scratch(device, options, lines * parts * definition.accumulatorBytes, "parts of a scan");
  device.dispatch(sumParts, { parameters, source, carries }, groups, workOptions(options));
  device.dispatch(carry, { parameters, carries }, inRows(Math.ceil(lines / threads)), workOptions(options));
  device.dispatch(scanParts, { parameters, source, result, carries }, groups, workOptions(options));
}
