import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { type KernelOptions, powerOfTwo, workOptions } from "./axis.ts";
import { inRows } from "./grid.ts";
import { rowSumText } from "./row-sum.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export interface NormalizeArguments {
  /** `rows * n` f32. */
  readonly source: DeviceBuffer | BufferView;
  /** As large; must not overlap `source`. */
  readonly result: DeviceBuffer | BufferView;
  readonly rows: number;
  readonly n: number;
  /** `n` f32 each: factors and summands of the normalised numbers. */
  readonly gamma?: DeviceBuffer | BufferView | undefined;
  readonly beta?: DeviceBuffer | BufferView | undefined;
  readonly epsilon: number;
  /** Whether the mean is subtracted: yes in layer normalisation, no in that by the root of the mean square. */
  readonly centers: boolean;
}

const longThreads = 64;

/** Enqueues `(x - mean) / sqrt(variance + epsilon) * gamma + beta` for each row. */
export async function normalizeRows(
  device: Device,
  work: NormalizeArguments,
  options: KernelOptions = {},
): Promise<void> {
  const { source, result, rows, n, gamma, beta, epsilon, centers } = work;
  if (rows * n === 0) return;
  const long = wantsLongThreads(device);
  const parts = long
    ? [
        rowSumText("values", "source", (x) => x),
        rowSumText("squares", "source", (x, p) => `(${x} - ${p}) * (${x} - ${p})`),
        kernelText("normalize-long.wgsl"),
      ]
    : [kernelText("row-fold-short.wgsl"), kernelText("normalize-short.wgsl")];
  const text = [finishText(gamma !== undefined, beta !== undefined, centers), ...parts].join("");
  const kernel = await kernelOn(device, text, { contract: true, label: "normalize rows" });
  const each = chunkOf(rows, longThreads, 1);
  const lanes = Math.min(256, powerOfTwo(n / 4));
  const groups = long ? Math.ceil(rows / each) : Math.ceil(rows / (256 / lanes));
  const parameters = new Uint32Array(8);
  parameters.set([rows, n, each, lanes]);
  new Float32Array(parameters.buffer)[4] = epsilon;
  const given = { ...(gamma === undefined ? {} : { gamma }), ...(beta === undefined ? {} : { beta }) };
  device.dispatch(kernel, { parameters, source, result, ...given }, inRows(groups), workOptions(options));
}

function finishText(hasGamma: boolean, hasBeta: boolean, centers: boolean): string {
  const declared = [
    hasGamma ? "@group(0) @binding(3) var<storage, read> gamma: array<f32>;\n" : "",
    hasBeta ? "@group(0) @binding(4) var<storage, read> beta: array<f32>;\n" : "",
  ];
  const value = `x${hasGamma ? " * gamma[at]" : ""}${hasBeta ? " + beta[at]" : ""}`;
  return `${declared.join("")}const centers = ${centers};
fn finish(x: f32, at: u32) -> f32 { return ${value}; }
`;
}
