import type { BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { chunkOf, kernelOn, kernelText, wantsLongThreads } from "./source.ts";

export type ElementType = "f32" | "i32" | "u32";

export interface MapArguments {
  /** `count` elements each, in order `a`, `b`, `c`, … of the expression. At most six. */
  readonly inputs: readonly (DeviceBuffer | BufferView)[];
  readonly result: DeviceBuffer | BufferView;
  readonly count: number;
  /** A WGSL expression over one element of each input, such as `a * 2.0 + b`. */
  readonly expression: string;
  readonly type?: ElementType;
}

const names = ["a", "b", "c", "d", "e", "f"];
const longThreads = 64;

/** Enqueues `result[i] = expression(a[i], b[i], …)` for `count` elements. Rejects with INVALID_KERNEL for a bad expression. */
export async function map(device: Device, work: MapArguments, options: WorkOptions = {}): Promise<void> {
  const { inputs, result, count, expression, type = "f32" } = work;
  if (inputs.length > names.length) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `A map takes at most ${names.length} inputs, got ${inputs.length}`,
    });
  }
  const long = wantsLongThreads(device);
  const kernel = await kernelOn(device, mapText(inputs.length, expression, type, long), { label: "map" });
  if (count === 0) return;
  const chunk = chunkOf(count, longThreads, 16);
  const bindings: Record<string, DeviceBuffer | BufferView | Uint32Array> = {
    result,
    parameters: Uint32Array.of(count, chunk),
  };
  inputs.forEach((input, at) => {
    bindings[`input_${names[at]}`] = input;
  });
  if (long) device.dispatch(kernel, bindings, Math.ceil(count / chunk), options);
  else device.dispatchThreads(kernel, bindings, count, options);
}

function mapText(inputs: number, expression: string, type: ElementType, long: boolean): string {
  const used = names.slice(0, inputs);
  const declared = used.map(
    (name, at) => `@group(0) @binding(${at + 2}) var<storage, read> input_${name}: array<${type}>;`,
  );
  const reads = used.map((name) => `  let ${name} = input_${name}[i];`);
  return [
    `@group(0) @binding(1) var<storage, read_write> result: array<${type}>;`,
    ...declared,
    `fn apply(i: u32) -> ${type} {`,
    ...reads,
    `  return ${expression};`,
    "}",
    kernelText(long ? "map-long.wgsl" : "map-short.wgsl"),
  ].join("\n");
}
