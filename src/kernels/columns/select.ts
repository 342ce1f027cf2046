import type { Device } from "../../device/device.ts";
import { scratch, workOptions } from "../axis.ts";
import type { Scratch } from "../gemm.ts";
import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { type Chunks, chunksOf, readWords, startsOf } from "./launch.ts";
import { Making } from "./owned.ts";
import { movedAs } from "./width.ts";

export interface MaskArguments {
  /** A bitmap; bits behind the last row are anything. */
  readonly mask: Memory;
  /** Rows. */
  readonly count: number;
}

/** Which rows of a mask are set, as far as its chunks know. */
export interface Selection extends MaskArguments, Chunks {
  readonly words: number;
  /** Set rows before each chunk, and all of them. */
  readonly starts: Uint32Array;
  readonly selected: number;
}

const file = (device: Device, name: "count" | "select") =>
  kernelText(`columns/${name}-${wantsLongThreads(device) ? "long" : "short"}.wgsl`);

/**
 * Writes every row of a word, each over the last one that was not selected; the caller knows that another one follows.
 * PoCL does not unroll the loop, and takes twice the time.
 */
const putWord = `fn put_word(bits: u32, to: u32, row: u32) {
  var at = to;
${Array.from({ length: 32 }, (_, k) => `  put(at, row | ${k}u); at += (bits >> ${k}u) & 1u;`).join("\n")}
}
`;

/** Counts the rows that are set, and waits for it. */
export async function selectionOf(
  device: Device,
  { mask, count }: MaskArguments,
  options: ColumnOptions,
): Promise<Selection> {
  const words = Math.ceil(count / 32);
  if (words === 0) {
    return { mask, count, words, chunk: 1, chunks: 0, starts: new Uint32Array(1), selected: 0 };
  }
  const kernel = await kernelOn(device, kernelText("columns/select-arguments.wgsl") + file(device, "count"), {
    label: "count rows",
  });
  const { chunk, chunks } = chunksOf(device, words);
  using counts = scratch(device, options, chunks * 4, "counts");
  const parameters = Uint32Array.of(count, words, chunk);
  device.dispatch(kernel, { parameters, mask, counts }, chunks, workOptions(options));
  const { starts, total } = startsOf(await readWords(device, counts, chunks, options));
  return { mask, count, words, chunk, chunks, starts, selected: total };
}

/** The number of bits that are set. */
export async function countBits(
  device: Device,
  { bitmap, count }: { readonly bitmap: Memory; readonly count: number },
  options: ColumnOptions = {},
): Promise<number> {
  return (await selectionOf(device, { mask: bitmap, count }, options)).selected;
}

async function write(
  device: Device,
  selection: Selection,
  { access, bindings }: { readonly access: string; readonly bindings: Readonly<Record<string, Memory>> },
  options: ColumnOptions,
): Promise<void> {
  const { mask, count, words, chunk, chunks, starts, selected } = selection;
  if (selected === 0) return;
  const text =
    kernelText("columns/select-arguments.wgsl") +
    access +
    (wantsLongThreads(device) ? putWord : "") +
    file(device, "select");
  const kernel = await kernelOn(device, text, { label: "select rows" });
  const parameters = Uint32Array.of(count, words, chunk);
  device.dispatch(kernel, { parameters, mask, starts, ...bindings }, chunks, workOptions(options));
}

/** Enqueues writing the numbers of the selected rows. */
export function writeRows(
  device: Device,
  selection: Selection,
  result: Memory,
  options: ColumnOptions,
): Promise<void> {
  return write(
    device,
    selection,
    { access: kernelText("columns/select-rows.wgsl"), bindings: { result } },
    options,
  );
}

/** Enqueues writing the values of the selected rows, of whole words each. */
export function writeValues(
  device: Device,
  selection: Selection,
  work: { readonly source: Memory; readonly result: Memory; readonly bytes: 4 | 8 | 16 },
  options: ColumnOptions,
): Promise<void> {
  const { source, result, bytes } = work;
  const access = `alias E = ${movedAs[bytes]};\n${kernelText("columns/select-values.wgsl")}`;
  return write(device, selection, { access, bindings: { source, result } }, options);
}

/** The numbers of the rows that are set in a mask, ascending, u32. One round trip. */
export async function selectRows(
  device: Device,
  work: MaskArguments,
  options: ColumnOptions = {},
): Promise<{ readonly rows: Scratch; readonly selected: number }> {
  const selection = await selectionOf(device, work, options);
  using making = new Making(device, options);
  const rows = making.take(selection.selected * 4, "rows");
  await writeRows(device, selection, rows, options);
  return making.done({ rows, selected: selection.selected });
}
