import { inRows } from "../grid.ts";
import { wantsLongThreads } from "../source.ts";
import {
  type Block,
  type Context,
  chunkOfRows,
  dense,
  kernelFor,
  type Memory,
  type Scratch,
  scratch,
} from "./context.ts";
import { factorQr } from "./qr.ts";

/** Rows in rotation: `columns` elements that get orthogonal, and from `second` on the rotations themselves. */
export interface Spectrum extends Disposable {
  readonly rows: number;
  readonly columns: number;
  readonly second: number;
  readonly stride: number;
  readonly memory: Scratch;
  /** Two for each item: its largest number, and its norm in parts of that. */
  readonly scales: Scratch;
  /** u32 for each item: 1 where numbers are not finite, 2 where a row has vanished. */
  readonly info: Scratch;
  /** Of each row: its norm, or its Rayleigh quotient. */
  readonly values: Scratch;
  readonly order: Scratch;
}

const padded = (count: number) => Math.ceil(count / 16) * 16;

function parametersOf(
  context: Context,
  spectrum: Spectrum,
  place: readonly [item: number, row: number, column: number],
  { mode = 0, from = 0, columns = spectrum.columns } = {},
): Uint32Array {
  const { rows, second, stride } = spectrum;
  const chunk = chunkOfRows(context, rows);
  return Uint32Array.of(rows, columns, second, stride, context.batch, chunk, ...place, mode, from);
}

/** Enqueues what has to be there before the first rotation. `source` is dense, rows x columns or transposed. */
export async function startSpectrum(
  context: Context,
  source: Memory,
  size: {
    readonly rows: number;
    readonly columns: number;
    readonly transposed: boolean;
    readonly shifted: boolean;
  },
): Promise<Spectrum> {
  const { device, batch, allocate } = context;
  const { rows, columns, transposed, shifted } = size;
  const second = padded(columns);
  const stride = second + padded(rows);
  const parts: Scratch[] = [];
  const own = (memory: Scratch): Scratch => {
    parts.push(memory);
    return memory;
  };
  const spectrum: Spectrum = {
    rows,
    columns,
    second,
    stride,
    memory: own(scratch(context, batch * rows * stride, "rows to rotate")),
    scales: own(scratch(context, 2 * batch, "scales")),
    info: own(allocate(4 * batch, "findings")),
    values: own(scratch(context, batch * rows, "values")),
    order: own(allocate(4 * batch * rows, "order")),
    [Symbol.dispose]: () => {
      for (const part of parts.splice(0)) part[Symbol.dispose]();
    },
  };
  const [bound, fill] = await Promise.all([
    kernelFor(context, "spectrum.wgsl", "bound"),
    kernelFor(context, "spectrum.wgsl", "fill"),
  ]);
  const { scales, info, memory } = spectrum;
  const place = [rows * columns, transposed ? 1 : columns, transposed ? rows : 1] as const;
  const p = parametersOf(context, spectrum, place, { mode: Number(shifted) });
  device.dispatch(bound, { p, source, scales, info }, inRows(batch), context.work);
  const groups = inRows(Math.ceil(rows / chunkOfRows(context, rows)) * batch);
  device.dispatch(fill, { p, source, rows: memory, scales, info }, groups, context.work);
  return spectrum;
}

function oneThreadEach({ device, batch }: Context, { rows }: Spectrum): readonly [number, number] {
  return inRows(Math.ceil((rows * batch) / (wantsLongThreads(device) ? 1 : 256)));
}

/** Enqueues the norms, or given the rows' images the Rayleigh quotients, and sorts them: norms the largest first. */
export async function sortValues(
  context: Context,
  spectrum: Spectrum,
  sorted: Memory,
  images?: Memory,
): Promise<void> {
  const { device } = context;
  const { memory, values, scales, info, order } = spectrum;
  const rising = images !== undefined;
  const [measure, rank] = await Promise.all([
    kernelFor(context, "spectrum.wgsl", rising ? "quotients" : "measure"),
    kernelFor(context, "spectrum.wgsl", "order"),
  ]);
  const p = parametersOf(context, spectrum, [0, 0, 0], { mode: Number(rising) });
  const measured = { p, rows: memory, values, ...(rising ? { source: images } : {}) };
  const groups = oneThreadEach(context, spectrum);
  device.dispatch(measure, measured, groups, context.work);
  device.dispatch(rank, { p, values, scales, info, ranked: order, result: sorted }, groups, context.work);
}

/** Enqueues the sorted rows of one part as rows of `target`, or as its columns. */
export async function gatherRows(
  context: Context,
  spectrum: Spectrum,
  part: "orthogonal" | "rotations",
  target: Block,
  transposed: boolean,
): Promise<void> {
  const gather = await kernelFor(context, "spectrum.wgsl", "gather");
  const isFirst = part === "orthogonal";
  const place = [target.item, transposed ? 1 : target.row, transposed ? target.row : 1] as const;
  const p = parametersOf(context, spectrum, place, {
    mode: Number(isFirst),
    from: isFirst ? 0 : spectrum.second,
    columns: isFirst ? spectrum.columns : spectrum.rows,
  });
  const { memory, values, order } = spectrum;
  const bound = { p, rows: memory, values, ranked: order, result: target.memory };
  const groups = inRows(Math.ceil(spectrum.rows / chunkOfRows(context, spectrum.rows)) * context.batch);
  context.device.dispatch(gather, bound, groups, context.work);
}

/**
 * Enqueues `width` orthonormal columns of which the first are those of `basis`, [batch, rows, columns], where these are not
 * zero. Destroys `basis`.
 */
export async function completeBasis(
  context: Context,
  basis: Memory,
  result: Memory,
  size: { readonly rows: number; readonly columns: number; readonly width: number },
): Promise<void> {
  const { device, type, batch, allocate } = context;
  const { rows, columns, width } = size;
  await factorQr(device, { type, matrix: basis, q: result, ...size, batch }, { ...context.work, allocate });
  const kernel = await kernelFor(context, "spectrum.wgsl", "signs");
  const chunk = chunkOfRows(context, rows);
  const place = dense(result, rows, width);
  const p = Uint32Array.of(rows, columns, 0, 0, batch, chunk, place.item, place.row, 1, 0, 0);
  const groups = inRows(Math.ceil(rows / chunk) * batch);
  device.dispatch(kernel, { p, source: basis, result }, groups, context.work);
}

/** What was found out about each item: reads once. */
export async function findings(context: Context, { info }: Spectrum): Promise<Uint32Array> {
  const region = "buffer" in info ? info : info.view(0, 4 * context.batch);
  const bytes = await context.device.read(region, undefined, context.work);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, context.batch);
}
