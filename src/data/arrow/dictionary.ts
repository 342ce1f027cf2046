import { fillBits, makeBitmap } from "../../core/bitmap.ts";
import type { HostColumn, TextColumn } from "../../core/column.ts";
import { dictionaryColumn, emptyColumn, type Validity } from "../../core/column-make.ts";
import type { ColumnType } from "../../core/column-type.ts";
import { makeHostArray } from "../../core/host-array.ts";
import { AikoError } from "../../errors.ts";
import type { TaskArray } from "../../runtime/javascript/index.ts";
import { concatColumns, textOf } from "../concat.ts";
import { encodeColumn } from "../encode.ts";
import { noText } from "../host/arrow.ts";
import type { ArrowData, ArrowVector } from "./arrow-types.ts";
import { rowTask } from "./row-task.ts";

export type ConvertChunk = (name: string, type: ColumnType, data: ArrowData) => Promise<HostColumn>;

interface SortedDictionary {
  readonly dictionary: TextColumn;
  /** The code of each entry of the dictionary it was made of. */
  readonly map: Uint32Array;
}

const sorted = new WeakMap<ArrowVector, Promise<SortedDictionary>>();

/** Codes into a dictionary of text, made sorted and without nulls and repetitions, which Arrow's may have. */
export async function dictionaryChunk(
  name: string,
  type: ColumnType,
  data: ArrowData,
  nulls: Validity,
  convert: ConvertChunk,
): Promise<HostColumn> {
  const { dictionary: vector, values, length } = data;
  if (vector === undefined || values === undefined || values.length < length) {
    throw new AikoError("INVALID_VALUE", {
      message: `Damaged Arrow data: ${JSON.stringify(name)} has ${values?.length ?? 0} codes for ${length} rows`,
    });
  }
  if (type.kind !== "utf8") {
    throw new AikoError("UNSUPPORTED", {
      message: `The Arrow column ${JSON.stringify(name)} is a dictionary of ${type.kind}; those of text are taken`,
      hint: "Cast it to its value type first, or name other columns: { columns: [...] }.",
    });
  }
  const { dictionary, map } = await sortedOf(name, type, vector, convert);
  const codes = makeHostArray("u32", length);
  const validity = makeBitmap(length);
  if (nulls.validity === undefined) fillBits(validity, 0, length);
  else validity.set(nulls.validity.subarray(0, Math.ceil(length / 8)));
  const { cleared } = await rowTask<{ cleared: number }>(
    "remapCodes",
    name,
    [values.subarray(0, length) as TaskArray, map, validity, codes],
    { hasNulls: nulls.nullCount > 0 },
  );
  return dictionaryColumn(codes, dictionary, { validity, nullCount: nulls.nullCount + cleared });
}

function sortedOf(
  name: string,
  type: ColumnType,
  vector: ArrowVector,
  convert: ConvertChunk,
): Promise<SortedDictionary> {
  let known = sorted.get(vector);
  if (known === undefined) {
    known = sort(name, type, vector, convert);
    sorted.set(vector, known);
    known.catch(() => sorted.delete(vector));
  }
  return known;
}

async function sort(
  name: string,
  type: ColumnType,
  { data }: ArrowVector,
  convert: ConvertChunk,
): Promise<SortedDictionary> {
  const chunks: HostColumn[] = [];
  for (const chunk of data) chunks.push(await convert(`${name}'s dictionary`, type, chunk));
  const joined = await concatColumns(chunks.length === 0 ? [emptyColumn(type)] : chunks);
  const text = await textOf(joined as TextColumn);
  const encoded = await encodeColumn(text, { always: true });
  if (encoded === undefined) throw new AikoError("INTERNAL", { message: `${name} has no dictionary` });
  const map = encoded.codes;
  const { validity } = text;
  if (validity !== undefined && text.nullCount > 0) {
    for (let at = 0; at < map.length; at++) {
      if (((validity[at >>> 3] ?? 0) & (1 << (at & 7))) === 0) map[at] = noText;
    }
  }
  return { dictionary: encoded.dictionary, map };
}
