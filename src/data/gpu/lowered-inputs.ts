import type { TextColumn } from "../../core/column.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import type { LowerInput } from "../../expression/column/index.ts";
import type { ColumnMemory } from "../../kernels/columns/column.ts";
import { textOf } from "./dictionaries.ts";
import type { LoadedColumn } from "./held-column.ts";
import type { Step } from "./step.ts";

/** A column as expressions see it. */
export interface LoweredInput {
  readonly lowering: LowerInput;
  readonly memory: ColumnMemory | undefined;
}

/** Tests go through all texts of a dictionary at once, in a few milliseconds; longer ones are tested row by row on the device. */
const mostTexts = 1 << 12;

const strings = new WeakMap<TextColumn, readonly string[]>();

export async function loweredInputs(
  step: Step,
  columns: readonly (LoadedColumn | undefined)[],
  count: number,
): Promise<readonly LoweredInput[]> {
  const inputs: LoweredInput[] = [];
  for (const given of columns) {
    if (given === undefined) {
      inputs.push({ lowering: { type: { kind: "bool" }, nullable: false }, memory: undefined });
      continue;
    }
    const isLong = (given.dictionary?.length ?? 0) > mostTexts;
    const { type, memory, dictionary } = isLong ? await textOf(step, given, count) : given;
    const nullable = memory.validity !== undefined;
    const texts = dictionary && (await stringsOf(dictionary));
    inputs.push({ lowering: { type, nullable, dictionary: texts }, memory });
  }
  return inputs;
}

async function stringsOf(dictionary: TextColumn): Promise<readonly string[]> {
  const known = strings.get(dictionary);
  if (known !== undefined) return known;
  const { bytes, offsets, length } = dictionary;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let at = 0; at < length; at++) {
    if (at % 1024 === 0) while (isTurnLong()) await nextTurn();
    texts.push(buffer.toString("utf8", offsets[at], offsets[at + 1]));
  }
  strings.set(dictionary, texts);
  return texts;
}
