import { isTurnLong, nextTurn } from "../core/turn.ts";
import type { Bindings, BufferView, Device, DeviceBuffer, WorkOptions } from "../device/device.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

/**
 * `out = alpha * op(a) * op(b) + beta * c`, f32 row-major, `op` a transpose where asked. Per batch item, `a` is m x k
 * as stored (k x m when transposed), `b` k x n (n x k), `c` and `out` m x n.
 */
export interface GemmArguments {
  readonly a: DeviceBuffer | BufferView;
  readonly b: DeviceBuffer | BufferView;
  /** Present exactly when `beta` is not 0. */
  readonly c?: DeviceBuffer | BufferView | undefined;
  readonly out: DeviceBuffer | BufferView;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch: number;
  /** Elements from one batch item to the next; 0 uses one item for all. */
  readonly strideA: number;
  readonly strideB: number;
  readonly strideC: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
  readonly beta: number;
}

const side = 64;
const tileRows = 8;
const tileColumns = 32;

/** Without `c`, the kernel has no binding for it: a missing term is not a zero times something. */
const finishProduct = "fn finish(sum: f32, at: u32) -> f32 { return p.alpha * sum; }\n";
const finishSum = "fn finish(sum: f32, at: u32) -> f32 { return p.alpha * sum + p.beta * c[at]; }\n";

/** Enqueues one product; every size is at least 1. Rejects with UNSUPPORTED or COMPILE_FAILED. */
export function gemm(device: Device, work: GemmArguments, options: WorkOptions = {}): Promise<void> {
  return wantsLongThreads(device) ? gemmLong(device, work, options) : gemmShort(device, work, options);
}

function productText(file: string, adds: boolean): string {
  return [kernelText("gemm-arguments.wgsl"), adds ? finishSum : finishProduct, kernelText(file)].join("");
}

function parametersOf(work: GemmArguments): Uint8Array {
  const { m, n, k, batch, transposeA, transposeB, strideA, strideB, strideC, alpha, beta } = work;
  const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
  const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
  const words = Uint32Array.of(m, n, k, batch, rowA, columnA, strideA, rowB, columnB, strideB, strideC, 0, 0);
  new Float32Array(words.buffer).set([alpha, beta], 11);
  return new Uint8Array(words.buffer);
}

async function gemmShort(device: Device, work: GemmArguments, options: WorkOptions): Promise<void> {
  const { a, b, c, out, m, n, batch, transposeA, transposeB } = work;
  const text = productText("gemm-short.wgsl", c !== undefined);
  const constants = { transpose_a: transposeA, transpose_b: transposeB };
  const kernel = await kernelOn(device, text, { constants, contract: true, label: "gemm" });
  const tiles = Math.ceil(m / side) * Math.ceil(n / side) * batch;
  const bindings: Bindings = { p: parametersOf(work), a, b, result: out, ...(c === undefined ? {} : { c }) };
  device.dispatch(kernel, bindings, inRows(tiles), options);
}

/** So many workgroups, laid out in rows where one dimension is too short; the kernels check or tolerate the surplus. */
function inRows(groups: number): readonly [number, number] {
  const rows = Math.ceil(groups / 65_535);
  return [Math.ceil(groups / rows), rows];
}

async function gemmLong(device: Device, work: GemmArguments, options: WorkOptions): Promise<void> {
  const { a, b, c, out, m, n, k, batch, strideA, strideB } = work;
  const text = productText("gemm-long.wgsl", c !== undefined);
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
  const p = parametersOf(work);
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
