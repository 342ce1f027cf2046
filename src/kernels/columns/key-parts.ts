import type { Device } from "../../device/device.ts";
import { workOptions } from "../axis.ts";
import { exclusiveScan } from "../scan.ts";
import type { ScratchScope } from "../scratch-scope.ts";
import { chunkOf, kernelOn, kernelText } from "../source.ts";
import type { ColumnOptions, Memory } from "./column.ts";
import type { WordKeys } from "./hash-table.ts";
import { assertBindable, commonText, copyText, hashParameters, wordsText } from "./key-access.ts";

export const longThreads = 64;
/** By the upper 8 bits of the hash. */
export const keyParts = 256;

export interface PartedKeys {
  readonly words: WordKeys;
  readonly count: number;
  /** Rows a thread, and threads. */
  readonly each: number;
  readonly chunks: number;
  readonly parted: Memory;
  readonly digits: Memory;
  /** Where each chunk's rows of each part start: `keyParts * chunks`. */
  readonly places: Memory;
}

/** Memory for keys in parts, and how threads share them. For CPUs. */
export function partedKeys(
  device: Device,
  { words, count }: { readonly words: WordKeys; readonly count: number },
  scope: ScratchScope,
): PartedKeys {
  const bytes = count * words.width * 4;
  assertBindable(device, bytes, "copy of the keys");
  const each = chunkOf(count, longThreads, 32);
  return {
    words,
    count,
    each,
    chunks: Math.ceil(count / each),
    parted: scope.take(bytes, "parted keys"),
    digits: scope.take(Math.ceil(count / 4) * 4, "digits"),
    places: scope.take(keyParts * longThreads * 4, "places"),
  };
}

/** Enqueues moving keys to their parts, where they stay in the order of their rows. */
export async function partKeys(
  device: Device,
  { words, count, each, chunks, parted, digits, places }: PartedKeys,
  seed: number,
  scope: ScratchScope,
  options: ColumnOptions,
): Promise<void> {
  const { keys, width } = words;
  const [countDigits, part] = await Promise.all([
    digitsKernel(device, "count_digits", width),
    digitsKernel(device, "part_keys", width),
  ]);
  const counts = scope.take(keyParts * longThreads * 4, "counts");
  const parameters = hashParameters({ count, each, width, chunks, seed });
  const work = workOptions(options);
  device.dispatch(countDigits, { parameters, keys, digits, counts }, chunks, work);
  await exclusiveScan(device, { source: counts, result: places, count: keyParts * chunks }, work);
  device.dispatch(part, { parameters, keys, digits, counts: places, parted }, chunks, work);
}

/** Enqueues bringing a number for each key in its part to `rows`, in the order of the rows. */
export async function restoreRows(
  device: Device,
  { words, count, each, chunks, digits, places }: PartedKeys,
  { found, rows }: { readonly found: Memory; readonly rows: Memory },
  options: ColumnOptions,
): Promise<void> {
  const { width } = words;
  const restore = await digitsKernel(device, "restore_rows", width);
  const parameters = hashParameters({ count, each, width, chunks });
  const bindings = { parameters, digits, counts: places, found, rows };
  device.dispatch(restore, bindings, chunks, workOptions(options));
}

function digitsKernel(device: Device, entryPoint: string, width: number) {
  const text = [
    commonText(device),
    wordsText(width),
    copyText(width, "parted"),
    kernelText("columns/key-parts.wgsl"),
  ].join("");
  return kernelOn(device, text, { entryPoint, label: entryPoint.replace("_", " ") });
}
