import type { DictionaryColumn, TextColumn } from "../core/column.ts";
import { dictionaryColumn, textColumn } from "../core/column-make.ts";
import { makeHostArray } from "../core/host-array.ts";
import { javascriptEngine } from "../runtime/javascript/index.ts";
import type { EncodedColumn } from "./host/encode.ts";

const module = new URL("./host/encode.js", import.meta.url).href;

export interface EncodeOptions {
  /** Whether or not the texts repeat. */
  readonly always?: boolean | undefined;
}

/** Text as codes into a sorted dictionary, off the JavaScript thread; undefined where that does not pay. */
export async function encodeColumn(
  column: TextColumn,
  { always = false }: EncodeOptions = {},
): Promise<DictionaryColumn | undefined> {
  const { length, validity, nullCount } = column;
  const codes = makeHostArray("u32", length);
  const offsets = column.offsets.subarray(0, length + 1);
  const hasNulls = validity !== undefined && nullCount > 0;
  const { value } = await javascriptEngine.run({
    module,
    name: "encode",
    arrays: [offsets, column.bytes, validity ?? new Uint8Array(0), codes],
    parameters: { hasNulls, always },
    effort: length * 8 + (offsets[length] ?? 0) - (offsets[0] ?? 0),
  });
  const encoded = value as EncodedColumn | undefined;
  if (encoded === undefined) return undefined;
  return dictionaryColumn(codes, textColumn(encoded.offsets, encoded.bytes), { validity, nullCount });
}

/** Offsets of the same texts that start at 0. */
export async function rebaseOffsets(offsets: Int32Array): Promise<Int32Array> {
  const out = makeHostArray("i32", offsets.length);
  await javascriptEngine.run({ module, name: "rebase", arrays: [offsets, out], effort: offsets.length });
  return out;
}
