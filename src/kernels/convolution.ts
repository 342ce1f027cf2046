import type { Bindings, BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import type { AllocateScratch, Scratch } from "./gemm.ts";
import { inRows } from "./grid.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

type Memory = DeviceBuffer | BufferView;

/** The sizes of a 2-D convolution; a 1-D one has height 1. Every size, stride and dilation is at least 1. */
export interface ConvolutionShape {
  readonly batch: number;
  readonly groups: number;
  /** Channels of all groups. */
  readonly inputs: number;
  readonly outputs: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: readonly [y: number, x: number];
  readonly dilation: readonly [y: number, x: number];
  readonly padding: readonly [top: number, left: number, bottom: number, right: number];
}

export interface ConvolutionArguments extends ConvolutionShape {
  /** [batch, inputs, height, width] */
  readonly source: Memory;
  /** [outputs, inputs / groups, kernel height, kernel width] */
  readonly weights: Memory;
  /** [outputs] */
  readonly bias?: Memory | undefined;
  /** [batch, outputs, out height, out width]; see `convolvedSize`. */
  readonly result: Memory;
  /**
   * WGSL that declares `fn epilogue(value: f32, channel: u32, at: u32) -> f32`, applied to each number (bias included) on
   * its way to place `at` of the result. What else it reads it declares at bindings 20 and up of group 0.
   */
  readonly epilogue?: string | undefined;
  readonly epilogueBindings?: Bindings | undefined;
  /** What `packWeights` made of the same weights on this device; without it they are packed on every call. */
  readonly packed?: Memory | undefined;
}

export interface ConvolutionOptions extends WorkOptions {
  readonly allocate?: AllocateScratch | undefined;
}

const tilePixels = 8;
const tileSide = 64;
/** Up to so many channels a group, tiles of sixteen channels are mostly empty. */
const fewOutputs = 3;
const fewOutputsOnGpu = 7;

/** Length of one side of the result: `floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1`. */
export function convolvedSize(
  size: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: number,
): number {
  return Math.floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1;
}

export function convolvedShape(shape: ConvolutionShape): readonly [height: number, width: number] {
  const { height, width, kernel, stride, dilation, padding } = shape;
  return [
    convolvedSize(height, kernel[0], stride[0], dilation[0], padding[0] + padding[2]),
    convolvedSize(width, kernel[1], stride[1], dilation[1], padding[1] + padding[3]),
  ];
}

/** Enqueues one convolution (cross-correlation, as in ONNX). Rejects with UNSUPPORTED or COMPILE_FAILED. */
export async function convolution(
  device: Device,
  work: ConvolutionArguments,
  options: ConvolutionOptions = {},
): Promise<void> {
  const { allocate = (byteLength, label) => device.allocate(byteLength, label), ...rest } = options;
  if (!wantsLongThreads(device)) await convolveShort(device, work, rest);
  else if (outputsPerGroup(work) <= fewOutputs) await convolveRows(device, work, rest);
  else await convolveLong(device, work, allocate, rest);
}

/** Bytes of each piece of scratch memory that `convolution` allocates on this device. */
export function convolutionScratchBytes(
  device: Device,
  shape: ConvolutionShape,
  isPacked = false,
): readonly number[] {
  if (!wantsLongThreads(device) || outputsPerGroup(shape) <= fewOutputs) return [];
  const bytes = [stepsOf(shape) * 4];
  if (!isPacked) bytes.push(longPackedBytes(shape));
  if (isPadded(shape)) bytes.push(paddedBytes(shape));
  return bytes;
}

/** Bytes of packed weights, or 0 where this device takes them as they are. */
export function packedWeightBytes(device: Device, shape: ConvolutionShape): number {
  return wantsLongThreads(device) && outputsPerGroup(shape) > fewOutputs ? longPackedBytes(shape) : 0;
}

/** Enqueues the packing of weights that many convolutions of these sizes use. */
export async function packWeights(
  device: Device,
  { weights, packed, ...shape }: ConvolutionShape & { readonly weights: Memory; readonly packed: Memory },
  options: WorkOptions = {},
): Promise<void> {
  const pack = await longKernel(device, "pack", shape, finishText({}));
  device.dispatch(pack, { p: parametersOf(shape), weights, packed }, inRows(panelsOf(shape)), options);
}

function outputsPerGroup({ outputs, groups }: ConvolutionShape): number {
  return outputs / groups;
}

function isWide(shape: ConvolutionShape): boolean {
  return outputsPerGroup(shape) > 16;
}

function panelsOf(shape: ConvolutionShape): number {
  return Math.ceil(outputsPerGroup(shape) / (isWide(shape) ? 32 : 16)) * shape.groups;
}

function stepsOf({ inputs, groups, kernel }: ConvolutionShape): number {
  return (inputs / groups) * kernel[0] * kernel[1];
}

function longPackedBytes(shape: ConvolutionShape): number {
  return panelsOf(shape) * (isWide(shape) ? 32 : 16) * stepsOf(shape) * 4;
}

function isPadded({ padding }: ConvolutionShape): boolean {
  return padding.some((amount) => amount > 0);
}

function paddedBytes({ batch, inputs, height, width, padding }: ConvolutionShape): number {
  return batch * inputs * (height + padding[0] + padding[2]) * (width + padding[1] + padding[3]) * 4;
}

function parametersOf(shape: ConvolutionShape): Uint32Array {
  const { batch, groups, inputs, outputs, height, width, kernel, stride, dilation, padding } = shape;
  const [top, left, bottom, right] = padding;
  const perGroup = [batch, groups, inputs / groups, outputs / groups];
  const image = [height, width, height + top + bottom, width + left + right, top, left];
  return Uint32Array.of(...perGroup, ...image, ...kernel, ...stride, ...dilation, ...convolvedShape(shape));
}

const identity = "fn epilogue(value: f32, channel: u32, at: u32) -> f32 { return value; }\n";

function finishText({ bias, epilogue = identity }: Partial<ConvolutionArguments>): string {
  const sum = bias === undefined ? "sum" : "sum + bias[channel]";
  return [
    bias === undefined ? "" : "@group(0) @binding(4) var<storage, read> bias: array<f32>;\n",
    epilogue,
    `\nfn finish(sum: f32, channel: u32, at: u32) -> f32 { return epilogue(${sum}, channel, at); }\n`,
  ].join("");
}

function textOf(file: string, finish: string): string {
  return `${kernelText("convolution-arguments.wgsl")}${finish}${kernelText(file)}`;
}

function longKernel(device: Device, entryPoint: string, shape: ConvolutionShape, finish: string) {
  return kernelOn(device, textOf("convolution-long.wgsl", finish), {
    entryPoint,
    contract: true,
    constants: { wide: isWide(shape) },
    label: `convolution ${entryPoint}`,
  });
}

function resultOf({ result, bias, epilogueBindings = {} }: ConvolutionArguments): Bindings {
  return { result, ...(bias === undefined ? {} : { bias }), ...epilogueBindings };
}

async function convolveShort(
  device: Device,
  work: ConvolutionArguments,
  options: WorkOptions,
): Promise<void> {
  const { source, weights, batch, groups, outputs } = work;
  const [height, width] = convolvedShape(work);
  const isTiled = outputsPerGroup(work) > fewOutputsOnGpu;
  const entryPoint = isTiled ? "convolve" : "convolve_each";
  const kernel = await kernelOn(device, textOf("convolution-short.wgsl", finishText(work)), {
    entryPoint,
    contract: true,
    label: `convolution ${entryPoint}`,
  });
  const bindings = { p: parametersOf(work), source, weights, ...resultOf(work) };
  if (isTiled) {
    const across = Math.ceil((height * width) / tileSide);
    const tiles = Math.ceil(outputsPerGroup(work) / tileSide) * across * batch * groups;
    device.dispatch(kernel, bindings, inRows(tiles), options);
  } else {
    device.dispatchThreads(kernel, bindings, batch * outputs * height * width, options);
  }
}

async function convolveRows(device: Device, work: ConvolutionArguments, options: WorkOptions): Promise<void> {
  const { source, weights, batch, outputs } = work;
  const kernel = await kernelOn(device, textOf("convolution-depthwise.wgsl", finishText(work)), {
    contract: true,
    label: "convolution rows",
  });
  const bindings = { p: parametersOf(work), source, weights, ...resultOf(work) };
  device.dispatch(kernel, bindings, inRows(batch * outputs * convolvedShape(work)[0]), options);
}

async function convolveLong(
  device: Device,
  work: ConvolutionArguments,
  allocate: AllocateScratch,
  options: WorkOptions,
): Promise<void> {
  const { weights, source, batch, inputs } = work;
  const finish = finishText(work);
  const [pack, pad, offsetSteps, convolve] = await Promise.all([
    longKernel(device, "pack", work, finishText({})),
    longKernel(device, "pad", work, finishText({})),
    longKernel(device, "offset_steps", work, finishText({})),
    longKernel(device, "convolve", work, finish),
  ]);
  const [height, width] = convolvedShape(work);
  const p = parametersOf(work);
  const scratch: Scratch[] = [];
  const scratchOf = (byteLength: number, label: string) => {
    const memory = allocate(byteLength, label);
    scratch.push(memory);
    return memory;
  };
  try {
    const offsets = scratchOf(stepsOf(work) * 4, "offsets of steps");
    device.dispatch(offsetSteps, { p, offsets }, 1, options);
    let { packed } = work;
    if (packed === undefined) {
      packed = scratchOf(longPackedBytes(work), "packed weights");
      device.dispatch(pack, { p, weights, packed }, inRows(panelsOf(work)), options);
    }
    let image = source;
    if (isPadded(work)) {
      const padded = scratchOf(paddedBytes(work), "padded input");
      device.dispatch(pad, { p, source, padded }, inRows(batch * inputs), options);
      image = padded;
    }
    const tiles = Math.ceil((height * width) / tilePixels) * batch * panelsOf(work);
    const bindings = { p, source: image, panel_weights: packed, step_offsets: offsets, ...resultOf(work) };
    device.dispatch(convolve, bindings, inRows(tiles), options);
  } finally {
    for (const memory of scratch) memory[Symbol.dispose]();
  }
}
