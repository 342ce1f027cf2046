import { bytesOf } from "../../core/bytes.ts";
import type { TextColumn } from "../../core/column.ts";
import { textColumn } from "../../core/column-make.ts";
import { mergeDictionaries } from "../../core/dictionary-merge.ts";
import type { TextMemory } from "../../kernels/columns/column.ts";
import { takeRows } from "../../kernels/index.ts";
import { upload } from "../../memory/index.ts";
import type { LoadedColumn } from "./held-column.ts";
import { fixedOf } from "./loaded.ts";
import type { Step } from "./step.ts";

/**
 * Columns of one type whose values can be compared with each other: codes into one dictionary, or texts in bytes. What
 * they add in memory ends with the step; validities are those of the columns given.
 */
export async function unified(
  step: Step,
  columns: readonly LoadedColumn[],
  counts: readonly number[],
): Promise<readonly LoadedColumn[]> {
  const dictionaries = columns.map(({ dictionary }) => dictionary).filter((each) => each !== undefined);
  if (dictionaries.length === 0 || new Set(columns.map(({ dictionary }) => dictionary)).size === 1)
    return columns;
  const made: LoadedColumn[] = [];
  if (dictionaries.length < columns.length) {
    for (const [at, column] of columns.entries()) made.push(await textOf(step, column, counts[at] ?? 0));
    return made;
  }
  const distinct = [...new Set(dictionaries)];
  const { dictionary, codes } = await mergeDictionaries(distinct);
  for (const [at, column] of columns.entries()) {
    const own = column.dictionary === undefined ? -1 : distinct.indexOf(column.dictionary);
    made.push(
      await recoded(step, column, counts[at] ?? 0, { dictionary, codes: codes[own] ?? new Uint32Array(0) }),
    );
  }
  return made;
}

/** The same column with other codes. */
async function recoded(
  step: Step,
  column: LoadedColumn,
  count: number,
  { dictionary, codes }: { readonly dictionary: TextColumn; readonly codes: Uint32Array },
): Promise<LoadedColumn> {
  const values = await uploaded(step, codes, "new codes");
  const { values: rows, validity } = fixedOf(column);
  const work = {
    column: { physical: "u32", values } as const,
    rows,
    count,
    sourceRows: codes.length,
    mayMiss: false,
  };
  const taken = await takeRows(step.device, work, step.options);
  return { ...column, dictionary, memory: { ...taken, validity } };
}

/** A column of texts in bytes, whichever way it is held. */
export async function textOf(step: Step, column: LoadedColumn, count: number): Promise<LoadedColumn> {
  const { dictionary, type } = column;
  if (dictionary === undefined) return column;
  const { values: rows, validity } = fixedOf(column);
  const { length, offsets, bytes } = dictionary;
  const first = offsets[0] ?? 0;
  const texts: TextMemory = {
    physical: "text",
    offsets: await uploaded(
      step,
      offsets.subarray(0, length + 1).map((offset) => offset - first),
      "offsets of texts",
    ),
    values: await uploaded(step, bytes.subarray(first, offsets[length]), "texts"),
  };
  const work = { column: texts, rows, count, sourceRows: length, mayMiss: false };
  const taken = await takeRows(step.device, work, step.options);
  return { type, memory: { ...taken, validity } };
}

/** Data of the host in memory of the step. */
export async function uploaded(step: Step, data: ArrayBufferView, label: string) {
  const buffer = step.allocate(Math.max(4, data.byteLength), label);
  await upload(buffer, bytesOf(data), step.upload);
  return buffer;
}

/** A dictionary of one text. */
export function singleText(text: string): TextColumn {
  const bytes = new TextEncoder().encode(text);
  return textColumn(Int32Array.of(0, bytes.length), bytes);
}
