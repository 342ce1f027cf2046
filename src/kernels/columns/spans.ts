import type { Device } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";
import { scratch, workOptions } from "../axis.ts";
import { kernelOn, kernelText, wantsLongThreads } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import { chunksOf, readWords, runUnits, startsOf } from "./launch.ts";
import { Making, type OwnedText } from "./owned.ts";
import { fourBytes } from "./text-pieces.ts";

export interface SpanArguments {
  /** Bytes, in whole words. */
  readonly source: Memory;
  /** u32 each: the first byte of a piece, and its bytes. */
  readonly starts: Memory;
  readonly lengths: Memory;
  readonly count: number;
}

const mostBytes = 2 ** 31 - 1;

/** Text whose rows are pieces of other text. One round trip. Throws RESULT_TOO_LARGE beyond 2^31 - 1 bytes. */
export async function textOfSpans(
  device: Device,
  { source, starts, lengths, count }: SpanArguments,
  options: ColumnOptions,
): Promise<OwnedText> {
  using making = new Making(device, options);
  const { offsets, total } = await offsetsOf(device, { lengths, count }, making, options);
  const values = making.take(total, "text");
  await runUnits(
    device,
    {
      text: kernelText("columns/copy-spans.wgsl") + fourBytes("four_bytes", "source", "source_words"),
      entryPoint: "copy_spans",
      constants: { ahead: wantsLongThreads(device) ? 32 : 0 },
      units: Math.ceil(total / 4),
      each: 4,
      bindings: { source, starts, offsets, result: values },
      parameters: [count, Math.max(1, Math.floor(source.byteLength / 4))],
    },
    options,
  );
  return making.done({ physical: "text", offsets, values });
}

/** Offsets of `count` lengths, `count + 1` of them, and where the last one ends. One round trip. */
export async function offsetsOf(
  device: Device,
  { lengths, count }: { readonly lengths: Memory; readonly count: number },
  making: Making,
  options: ColumnOptions,
) {
  const offsets = making.take((count + 1) * 4, "offsets");
  if (count === 0) {
    device.write(offsets, new Uint8Array(offsets.byteLength));
    return { offsets, total: 0 };
  }
  const text = kernelText(`columns/spans-${wantsLongThreads(device) ? "long" : "short"}.wgsl`);
  const [sum, write] = await Promise.all(
    ["sum_lengths", "write_offsets"].map((entryPoint) =>
      kernelOn(device, text, { entryPoint, label: `text ${entryPoint}` }),
    ),
  );
  if (sum === undefined || write === undefined) return { offsets, total: 0 };
  const { chunk, chunks } = chunksOf(device, count);
  const parameters = Uint32Array.of(count, chunk);
  using sums = scratch(device, options, chunks * 4, "sums");
  device.dispatch(sum, { parameters, lengths, sums }, chunks, workOptions(options));
  const { starts: before, total } = startsOf(await readWords(device, sums, chunks, options));
  assertFits(total, count);
  device.dispatch(write, { parameters, lengths, before, offsets }, chunks, workOptions(options));
  return { offsets, total };
}

export function assertFits(bytes: number, rows: number): void {
  if (bytes <= mostBytes) return;
  throw new AikoError("RESULT_TOO_LARGE", {
    message: `Cannot hold ${rows} rows of text in one column: they come to at least ${bytes} bytes, a column holds ${mostBytes}`,
    hint: "Take fewer rows at a time, or fewer columns of text.",
  });
}
