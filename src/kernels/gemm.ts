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
}

const side = 64;
const tileRows = 8;
const tileColumns = 32;

/** Without `c`, the kernel has no binding for it: a missing term is not a zero times something. */
const finishProduct = "fn finish(sum: Element, at: u32) -> Element { return p.alpha * sum; }\n";
const finishSum = "fn finish(sum: Element, at: u32) -> Element { return p.alpha * sum + p.beta * c[at]; }\n";

/** Enqueues one product; every size is at least 1. Rejects with UNSUPPORTED or COMPILE_FAILED. */
export async function gemm(device: Device, work: GemmArguments, options: GemmOptions = {}): Promise<void> {
  const { engine, ...rest } = options;
  const { type = "f32" } = work;
  if (device.blas !== undefined && engine !== "kernel") device.blas.multiply({ ...work, type }, rest);
  else if (type === "f16" || type === "bf16") await gemmHalves(device, work, type, rest);
  else if (type === "f64") await gemmShort(device, work, "f64", rest);
  else if (wantsLongThreads(device)) await gemmLong(device, work, rest);
  else await gemmShort(device, work, "f32", rest);
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

async function gemmLong(device: Device, work: GemmArguments, options: WorkOptions): Promise<void> {
  const { a, b, c, out, m, n, k, batch, strideA, strideB } = work;
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
  using packedA = device.allocate(panelsA * k * tileRows * 4, "packed a");
  using packedB = device.allocate(panelsB * k * tileColumns * 4, "packed b");
  using sums = device.allocate(tiles * tileRows * tileColumns * 4, "tiles");
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
  options: WorkOptions,
): Promise<void> {
  const { a, b, c, out, m, n, k, batch, strideA, strideB, strideC } = work;
  const length = (stride: number, item: number) => stride * (batch - 1) + item;
  const inputs: [DeviceBuffer | BufferView, number][] = [
    [a, length(strideA, m * k)],
    [b, length(strideB, k * n)],
  ];
  if (c !== undefined) inputs.push([c, length(strideC, m * n)]);
  const scratch: DeviceBuffer[] = [];
  const allocate = (count: number, label: string) => {
    const buffer = device.allocate(count * 4, label);
    scratch.push(buffer);
    return buffer;
  };
  try {
    const wide: DeviceBuffer[] = [];
    for (const [source, count] of inputs) {
      const result = allocate(count, `widened ${type}`);
      await widen(device, { type, source, result, count }, options);
      wide.push(result);
    }
    const product = allocate(batch * m * n, "wide product");
    const [wideA = product, wideB = product, wideC] = wide;
    const asFloats = { ...work, type: "f32", a: wideA, b: wideB, c: wideC, out: product } as const;
    await gemm(device, asFloats, { ...options, engine: "kernel" });
    await narrow(device, { type, source: product, result: out, count: batch * m * n }, options);
  } finally {
    for (const buffer of scratch) buffer.dispose();
  }
}
