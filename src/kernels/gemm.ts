import { isTurnLong, nextTurn } from "../core/turn.ts";
import type {
  Bindings,
  BufferView,
  Device,
  DeviceBuffer,
  MatrixProduct,
  ProductType,
  WorkOptions,
} from "../device/device.ts";
import { inRows } from "./grid.ts";
import { type HalfType, narrow, widen } from "./halves.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

/** A matrix product; f32 unless `type` says otherwise. */
export type GemmArguments = Omit<MatrixProduct, "type"> & { readonly type?: ProductType };

export interface GemmOptions extends WorkOptions {
  /** `blas` is the vendor's library and the default where the device has one; `kernel` is this package's own. */
  readonly engine?: "blas" | "kernel";
  /** Where scratch memory comes from. Default: new memory of the device. */
  readonly allocate?: AllocateScratch | undefined;
}

export type Scratch = (DeviceBuffer | BufferView) & Disposable;

export type AllocateScratch = (byteLength: number, label: string) => Scratch;

const side = 64;
const tileRows = 8;
const tileColumns = 32;

/** Without `c`, the kernel has no binding for it: a missing term is not a zero times something. */
const finishProduct = "fn finish(sum: Element, at: u32) -> Element { return p.alpha * sum; }\n";
const finishSum = "fn finish(sum: Element, at: u32) -> Element { return p.alpha * sum + p.beta * c[at]; }\n";

/** Enqueues one product; every size is at least 1. Rejects with UNSUPPORTED or COMPILE_FAILED. */
export async function gemm(device: Device, work: GemmArguments, options: GemmOptions = {}): Promise<void> {
  const { engine, allocate = (byteLength, label) => device.allocate(byteLength, label), ...rest } = options;
  const { type = "f32" } = work;
  if (device.blas !== undefined && engine !== "kernel") device.blas.multiply({ ...work, type }, rest);
  else if (type === "f16" || type === "bf16") await gemmHalves(device, work, type, allocate, rest);
  else if (type === "f64") await gemmDouble(device, work, rest);
  else if (wantsLongThreads(device)) await gemmLong(device, work, allocate, rest);
  else await gemmShort(device, work, "f32", rest);
}

/** Bytes of each piece of scratch memory that an f32 product of these sizes allocates on this device. */
export function gemmScratchBytes(device: Device, sizes: ScratchSizes): readonly number[] {
  return device.blas === undefined && wantsLongThreads(device) ? longScratchBytes(sizes) : [];
}

export type ScratchSizes = Pick<MatrixProduct, "m" | "n" | "k" | "batch" | "strideA" | "strideB">;

function longScratchBytes({ m, n, k, batch, strideA, strideB }: ScratchSizes) {
  const rows = Math.ceil(m / tileRows) * tileRows;
  const columns = Math.ceil(n / tileColumns) * tileColumns;
  const itemsOf = (stride: number) => (stride === 0 ? 1 : batch);
  return [
    rows * k * itemsOf(strideA) * 4,
    columns * k * itemsOf(strideB) * 4,
    rows * columns * batch * 4,
  ] as const;
}

type Element = "f32" | "f64";

function productText(file: string, element: Element, adds: boolean): string {
  return [
    `alias Element = ${element};\n`,
    kernelText("gemm-arguments.wgsl"),
    adds ? finishSum : finishProduct,
    kernelText(file),
  ].join("");
}

function parametersOf(work: GemmArguments, element: Element): Uint8Array {
  const { m, n, k, batch, transposeA, transposeB, strideA, strideB, strideC, alpha, beta } = work;
  const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
  const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
  const scale = element === "f64" ? Float64Array.of(alpha, beta) : Float32Array.of(alpha, beta);
  const sizes = Uint32Array.of(m, n, k, batch, rowA, columnA, strideA, rowB, columnB, strideB, strideC);
  const bytes = new Uint8Array(Math.ceil((scale.byteLength + sizes.byteLength) / 8) * 8);
  bytes.set(new Uint8Array(scale.buffer));
  bytes.set(new Uint8Array(sizes.buffer), scale.byteLength);
  return bytes;
}

const plainRows = 4;
const plainColumns = 8;

async function gemmDouble(device: Device, work: GemmArguments, options: WorkOptions): Promise<void> {
  if (!wantsLongThreads(device)) return gemmShort(device, work, "f64", options);
  const { a, b, c, out, m, n, batch, transposeB } = work;
  const text = productText("gemm-plain.wgsl", "f64", c !== undefined);
  const constants = { transpose_b: transposeB };
  const kernel = await kernelOn(device, text, { constants, contract: true, label: "gemm f64" });
  const tiles = Math.ceil(m / plainRows) * Math.ceil(n / plainColumns) * batch;
  const p = parametersOf(work, "f64");
  const bindings: Bindings = { p, a, b, result: out, ...(c === undefined ? {} : { c }) };
  device.dispatch(kernel, bindings, inRows(tiles), options);
}

async function gemmShort(
  device: Device,
  work: GemmArguments,
  element: Element,
  options: WorkOptions,
): Promise<void> {
  const { a, b, c, out, m, n, batch, transposeA, transposeB } = work;
  const text = productText("gemm-short.wgsl", element, c !== undefined);
  const constants = { transpose_a: transposeA, transpose_b: transposeB };
  const kernel = await kernelOn(device, text, { constants, contract: true, label: `gemm ${element}` });
  const tiles = Math.ceil(m / side) * Math.ceil(n / side) * batch;
  const p = parametersOf(work, element);
  const bindings: Bindings = { p, a, b, result: out, ...(c === undefined ? {} : { c }) };
  device.dispatch(kernel, bindings, inRows(tiles), options);
}

async function gemmLong(
  device: Device,
  work: GemmArguments,
  allocate: AllocateScratch,
  options: WorkOptions,
): Promise<void> {
  const { a, b, c, out, m, n, batch, strideA, strideB } = work;
  const text = productText("gemm-long.wgsl", "f32", c !== undefined);
  const compile = (entryPoint: string) =>
    kernelOn(device, text, { entryPoint, contract: true, label: `gemm ${entryPoint}` });
  const [packA, packB, multiply, unpack] = await Promise.all([
    compile("pack_a"),
    compile("pack_b"),
    compile("multiply"),
    compile("unpack"),
  ]);
  while (isTurnLong()) await nextTurn();
  const rowPanels = Math.ceil(m / tileRows);
  const columnPanels = Math.ceil(n / tileColumns);
  const panelsA = rowPanels * (strideA === 0 ? 1 : batch);
  const panelsB = columnPanels * (strideB === 0 ? 1 : batch);
  const tiles = rowPanels * columnPanels * batch;
  const p = parametersOf(work, "f32");
  const [bytesA, bytesB, tileBytes] = longScratchBytes(work);
  using packedA = allocate(bytesA, "packed a");
  using packedB = allocate(bytesB, "packed b");
  using sums = allocate(tileBytes, "tiles");
  device.dispatch(packA, { p, a, panels: packedA }, inRows(panelsA), options);
  device.dispatch(packB, { p, b, panels: packedB }, inRows(panelsB), options);
  device.dispatch(multiply, { p, packed_a: packedA, packed_b: packedB, tiles: sums }, inRows(tiles), options);
  device.dispatch(
    unpack,
    { p, sums, result: out, ...(c === undefined ? {} : { c }) },
    inRows(rowPanels * batch),
    options,
  );
}

/** Widened to f32, multiplied, narrowed once at the end. */
async function gemmHalves(
  device: Device,
  work: GemmArguments,
  type: HalfType,
  allocate: AllocateScratch,
  options: WorkOptions,
): Promise<void> {
  const { a, b, c, out, m, n, k, batch, strideA, strideB, strideC } = work;
  const length = (stride: number, item: number) => stride * (batch - 1) + item;
  const inputs: [DeviceBuffer | BufferView, number][] = [
    [a, length(strideA, m * k)],
    [b, length(strideB, k * n)],
  ];
  if (c !== undefined) inputs.push([c, length(strideC, m * n)]);
  const scratch: Scratch[] = [];
  const floats = (count: number, label: string) => {
    const memory = allocate(count * 4, label);
    scratch.push(memory);
    return memory;
  };
  try {
    const wide: Scratch[] = [];
    for (const [source, count] of inputs) {
      const result = floats(count, `widened ${type}`);
      await widen(device, { type, source, result, count }, options);
      wide.push(result);
    }
    const product = floats(batch * m * n, "wide product");
    const [wideA = product, wideB = product, wideC] = wide;
    const asFloats = { ...work, type: "f32", a: wideA, b: wideB, c: wideC, out: product } as const;
    await gemm(device, asFloats, { ...options, engine: "kernel", allocate });
    await narrow(device, { type, source: product, result: out, count: batch * m * n }, options);
  } finally {
    for (const memory of scratch) memory[Symbol.dispose]();
  }
}
