import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { Held } from "./held.ts";
import { type Field, fieldOf, type Message, numberOf, textOf, vectorOf } from "./message.ts";
import type { ColumnSpec, Program } from "./program.ts";
import { type EncodedTexts, encodeTexts, giveBack, take } from "./texts.ts";
import { inTurns } from "./turns.ts";

/** What a program needs of messages, in flat arrays. */
export class Batch implements Disposable {
  readonly count: number;
  readonly texts: { readonly offsets: Held<Uint32Array>; readonly values: Held<Uint8Array> } | undefined;
  /** In the order of the program's columns: f64 a row, or f32 vectors. */
  readonly columns: readonly Held<Float64Array | Float32Array>[];
  #given: EncodedTexts | undefined;

  constructor(
    count: number,
    texts: EncodedTexts | undefined,
    columns: readonly (Float64Array | Float32Array)[],
  ) {
    this.count = count;
    this.#given = texts;
    this.columns = columns.map((column) => new Held(column, "field"));
    if (texts === undefined) return;
    const { offsets, bytes } = texts;
    const words = Math.min(bytes.length, Math.ceil((offsets[count] ?? 0) / 4) * 4);
    this.texts = {
      offsets: new Held(offsets, "offsets"),
      values: new Held(bytes.subarray(0, words), "texts"),
    };
  }

  get textBytes(): number {
    return this.texts?.offsets.data[this.count] ?? 0;
  }

  held(): readonly Held[] {
    return this.texts === undefined ? this.columns : [this.texts.offsets, this.texts.values, ...this.columns];
  }

  /** Nobody may use its arrays any more. Safe to call twice. */
  dispose(): void {
    for (const held of this.held()) held.dispose();
    if (this.#given !== undefined) giveBack(this.#given);
    this.#given = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Reads messages for a program; what is no text is empty. */
export async function batchOf(program: Program, messages: readonly Message[], text: Field): Promise<Batch> {
  const texts = program.hasTexts
    ? await encodeTexts(messages.length, (at) => textOf(messages[at], text))
    : undefined;
  const columns: (Float64Array | Float32Array)[] = [];
  for (const spec of program.columns) columns.push(await columnOf(spec, messages));
  return new Batch(messages.length, texts, columns);
}

async function columnOf({ field, width }: ColumnSpec, messages: readonly Message[]) {
  if (width === undefined) {
    const numbers = new Float64Array(messages.length);
    await inTurns(messages.length, (row) => {
      numbers[row] = numberOf(fieldOf(messages[row], field));
    });
    return numbers;
  }
  const numbers = messages.length * width;
  if (numbers > 2 ** 29) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The vectors of ${messages.length} messages are more than 2 GiB`,
      hint: "Validate them in several calls.",
    });
  }
  const vectors = new Float32Array(numbers);
  for (const [row, message] of messages.entries()) {
    const vector = vectorOf(fieldOf(message, field), width);
    const place = row * width;
    if (vector === undefined) vectors.fill(NaN, place, place + width);
    else for (let k = 0; k < width; k++) vectors[place + k] = vector[k] ?? NaN;
    if (row % 256 === 255) while (isTurnLong()) await nextTurn();
  }
  return vectors;
}

/** One batch of several, of one program. */
export function joined(batches: readonly Batch[]): Batch {
  const count = batches.reduce((sum, batch) => sum + batch.count, 0);
  const columns = (batches[0]?.columns ?? []).map((column, at) => {
    const parts = batches.map((batch) => batch.columns[at]?.data ?? new Float32Array(0));
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const all = column.data instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
    let place = 0;
    for (const part of parts) {
      all.set(part, place);
      place += part.length;
    }
    return all;
  });
  if (batches[0]?.texts === undefined) return new Batch(count, undefined, columns);
  const offsets = new Uint32Array(count + 1);
  const total = batches.reduce((sum, batch) => sum + batch.textBytes, 0);
  const bytes = take(Math.ceil(total / 4) * 4);
  let row = 0;
  for (const { texts, count: rows, textBytes } of batches) {
    const start = offsets[row] ?? 0;
    if (texts === undefined) continue;
    bytes.set(texts.values.data.subarray(0, textBytes), start);
    for (let k = 1; k <= rows; k++) offsets[row + k] = start + (texts.offsets.data[k] ?? 0);
    row += rows;
  }
  return new Batch(count, { offsets, bytes }, columns);
}
