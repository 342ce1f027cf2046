import type { Device } from "../../device/device.ts";
import { kernelText } from "../source.ts";
import { combineBitmaps } from "./bitmap.ts";
import { bitmapBytes, type ColumnOptions, type Memory, type TextMemory } from "./column.ts";
import { copyBits } from "./copy-bits.ts";
import { runUnits } from "./launch.ts";
import { Making, type OwnedText } from "./owned.ts";
import { textOfSpans } from "./spans.ts";

export interface TextConcatArguments {
  /** At least one: columns, or UTF-8 that is the same in every row. */
  readonly parts: readonly (TextMemory | Uint8Array)[];
  /** Rows. */
  readonly count: number;
}

const file = () => kernelText("columns/part-spans.wgsl");

/**
 * The texts of each row one behind the other; null where one of them is. One round trip. Throws RESULT_TOO_LARGE where
 * they come to more than 2^31 - 1 bytes.
 */
export async function textConcat(
  device: Device,
  { parts, count }: TextConcatArguments,
  options: ColumnOptions = {},
): Promise<OwnedText> {
  using making = new Making(device, options);
  using held = new Making(device, options);
  const validity = await commonValidity(device, parts, count, making, options);
  const columns = parts.map((part) => (part instanceof Uint8Array ? literal(device, part, held) : part));
  const bases: number[] = [];
  let bytes = 0;
  for (const { values } of columns) {
    bases.push(bytes);
    bytes += Math.ceil(values.byteLength / 4) * 4;
  }
  const source = held.take(bytes, "texts");
  const starts = held.take(count * parts.length * 4, "starts");
  const lengths = held.take(count * parts.length * 4, "lengths");
  for (const [part, { offsets, values }] of columns.entries()) {
    const base = bases[part] ?? 0;
    const bits = Math.floor(values.byteLength / 4) * 32;
    await copyBits(device, { source: values, from: 0, result: source, to: base * 8, bits }, options);
    const one = parts[part] instanceof Uint8Array ? 1 : 0;
    const masked = validity === undefined ? 0 : 1;
    const bindings = { offsets, validity: validity ?? Uint32Array.of(0), starts, lengths };
    const parameters = [parts.length, part, base, one, masked];
    const work = { text: file(), entryPoint: "part_spans", units: count, bindings, parameters };
    await runUnits(device, work, options);
  }
  const pieces = count * parts.length;
  const joined = await textOfSpans(device, { source, starts, lengths, count: pieces }, options);
  const given = validity === undefined ? {} : { validity };
  if (parts.length === 1) return making.done({ ...joined, ...given });
  using all = joined.offsets;
  making.adopt(joined.values);
  const offsets = making.take((count + 1) * 4, "offsets");
  const bindings = { offsets: all, starts: offsets };
  const parameters = [parts.length, 0, 0, 0, 0];
  await runUnits(
    device,
    { text: file(), entryPoint: "row_offsets", units: count + 1, bindings, parameters },
    options,
  );
  return making.done({ physical: "text", offsets, values: joined.values, ...given });
}

/** One row that stands for all. */
function literal(device: Device, text: Uint8Array, held: Making): TextMemory {
  const values = held.take(text.length, "text");
  const offsets = held.take(8, "offsets");
  const bytes = new Uint8Array(values.byteLength);
  bytes.set(text);
  device.write(values, bytes);
  const ends = new Uint32Array(offsets.byteLength / 4);
  ends[1] = text.length;
  device.write(offsets, ends);
  return { physical: "text", offsets, values };
}

async function commonValidity(
  device: Device,
  parts: TextConcatArguments["parts"],
  count: number,
  making: Making,
  options: ColumnOptions,
) {
  const bitmaps = parts.flatMap((part): Memory[] =>
    part instanceof Uint8Array || part.validity === undefined ? [] : [part.validity],
  );
  const [first] = bitmaps;
  if (first === undefined) return undefined;
  let result = making.take(bitmapBytes(count), "validity");
  await copyBits(device, { source: first, from: 0, result, to: 0, bits: count }, options);
  for (const right of bitmaps.slice(1)) {
    const left = result;
    result = making.adopt(await combineBitmaps(device, { operation: "and", left, right, count }, options));
    making.free(left);
  }
  return result;
}
