import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { type AxisSizes, type KernelOptions, powerOfTwo, scratch, workOptions } from "./axis.ts";
import { expText } from "./exp-text.ts";
import { inRows } from "./grid.ts";
import { reduceAxisPass } from "./reduce-axis.ts";
import { rowSumText } from "./row-sum.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export interface SoftmaxArguments extends AxisSizes {
  readonly source: DeviceBuffer | BufferView;
  /** As large as `source`, which it must not overlap. */
  readonly result: DeviceBuffer | BufferView;
  /** Logarithms instead: `x - log(sum(exp(x)))`. */
  readonly log?: boolean;
  /** Default f32. */
  readonly type?: "f32" | "f64";
}

const longThreads = 64;
/** A row that one thread or one workgroup takes. */
const longestRow = 65_536;

/**
 * Enqueues `exp(x - max) / sum(exp(x - max))` along an axis. A line with NaN, with +Infinity, or of -Infinity only is NaN
 * throughout. On CPU devices exponentials below 1.2e-38 are 0.
 */
export async function softmax(
  device: Device,
  work: SoftmaxArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { outer, n, inner, type = "f32" } = work;
  if (outer * n * inner === 0) return;
  const isRows = inner === 1 && type === "f32" && (n <= 1024 || n <= Math.min(longestRow, outer * 4096));
  await (isRows ? softmaxRows(device, work, options) : softmaxLines(device, work, options));
}

function finishText(log: boolean, type: "f32" | "f64"): string {
  const names = log
    ? { scale: "log(total)", finish: "difference - factor" }
    : { scale: type === "f64" ? "1.0lf / total" : "1.0 / total", finish: "e * factor" };
  return `alias T = ${type};
fn scale_of(total: T) -> T { return ${names.scale}; }
fn finish(difference: T, e: T, factor: T) -> T { return ${names.finish}; }
`;
}

async function softmaxRows(device: Device, work: SoftmaxArguments, options: KernelOptions): Promise<void> {
  const { source, result, outer, n, log = false } = work;
  const long = wantsLongThreads(device);
  const parts = long
    ? [expText, rowSumText("exponentials", "result", (x) => x), kernelText("softmax-long.wgsl")]
    : [kernelText("row-fold-short.wgsl"), kernelText("softmax-short.wgsl")];
  const text = [finishText(log, "f32"), ...parts].join("");
  const kernel = await kernelOn(device, text, { contract: true, label: "softmax" });
  const each = chunkOf(outer, longThreads, 1);
  const lanes = Math.min(256, powerOfTwo(n / 4));
  const groups = long ? Math.ceil(outer / each) : Math.ceil(outer / (256 / lanes));
  const parameters = Uint32Array.of(outer, n, each, lanes);
  device.dispatch(kernel, { parameters, source, result }, inRows(groups), workOptions(options));
}

async function softmaxLines(device: Device, work: SoftmaxArguments, options: KernelOptions): Promise<void> {
  const { source, result, outer, n, inner, log = false, type = "f32" } = work;
  const threads = wantsLongThreads(device) ? 1 : 64;
  const isDown = wantsLongThreads(device) && type === "f32";
  const text = [
    finishText(log, type),
    isDown ? expText : "",
    `fn power_of(x: T) -> T { return ${isDown ? "exp_down" : "exp"}(x); }\n`,
    kernelText("softmax-apply.wgsl"),
  ].join("");
  const apply = await kernelOn(device, text, {
    contract: true,
    constants: { threads },
    label: "softmax of lines",
  });
  const bytes = outer * inner * 8;
  using tops = scratch(device, options, bytes, "maxima");
  using sums = scratch(device, options, bytes, "sums of exponentials");
  const sizes = { outer, n, inner, type, source, divisor: n };
  await reduceAxisPass(device, { ...sizes, reduction: "max", result: tops }, options);
  await reduceAxisPass(
    device,
    { ...sizes, reduction: "exponentialSum", pivots: tops, result: sums },
    options,
  );
  const count = outer * n * inner;
  const each = wantsLongThreads(device) ? chunkOf(count, longThreads, 1) : 1;
  const parameters = Uint32Array.of(count, n, inner, each);
  const bindings = { parameters, source, result, tops, sums };
  device.dispatch(apply, bindings, inRows(Math.ceil(count / each / threads)), workOptions(options));
}
