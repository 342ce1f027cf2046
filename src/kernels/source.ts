import { readFileSync } from "node:fs";
import { keyText } from "../core/key-text.ts";
import type { CompileOptions, Device, Kernel } from "../device/device.ts";

const texts = new Map<string, string>();
const compiled = new WeakMap<Device, Map<string, Promise<Kernel>>>();

/** The text of a kernel file in this folder. */
export function kernelText(file: string): string {
  let text = texts.get(file);
  if (text === undefined) {
    text = readFileSync(new URL(file, import.meta.url), "utf8");
    texts.set(file, text);
  }
  return text;
}

/** Compiles a kernel once a device. The project's own kernels prove their bounds and so run unchecked. */
export function kernelOn(device: Device, text: string, options: CompileOptions = {}): Promise<Kernel> {
  let kernels = compiled.get(device);
  if (kernels === undefined) {
    kernels = new Map();
    compiled.set(device, kernels);
  }
  const key = keyText([text, options]);
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    kernel = device.compile(text, { unchecked: true, ...options });
    kernels.set(key, kernel);
    kernel.catch(() => kernels.delete(key));
  }
  return kernel;
}

/** A CPU-type device wants few threads with long contiguous chunks, a GPU many threads with little each. */
export function wantsLongThreads(device: Device): boolean {
  return device.adapter.kind === "cpu";
}

/** Elements each of `threads` threads takes so that all of `count` are covered, a multiple of `multiple`. */
export function chunkOf(count: number, threads: number, multiple: number): number {
  return Math.max(multiple, Math.ceil(count / threads / multiple) * multiple);
}
