import type { Bindings, Device } from "../../device/device.ts";
import type { Scratch } from "../gemm.ts";
import { kernelText, wantsLongThreads } from "../source.ts";
import { combineBitmaps, fillBitmap } from "./bitmap.ts";
import type { ColumnOptions, Memory, TextMemory } from "./column.ts";
import { runUnits } from "./launch.ts";
import { likeTokens, longestText, simplerThanLike } from "./like.ts";
import { Making } from "./owned.ts";
import { fourBytes } from "./text-pieces.ts";

export type TextOrder = "equal" | "notEqual" | "less" | "lessEqual" | "greater" | "greaterEqual";

export interface TextTest {
  /** `like`: `%` is any text, `_` one code point, and a backslash takes what follows as it is. */
  readonly kind: TextOrder | "prefix" | "suffix" | "contains" | "like";
  /** UTF-8. */
  readonly pattern: Uint8Array;
}

export interface TextTestArguments {
  readonly column: TextMemory;
  readonly test: TextTest;
  /** Rows. */
  readonly count: number;
}

/** Bits for less, equal and greater. */
const accepted: Readonly<Record<TextOrder, number>> = {
  equal: 2,
  notEqual: 5,
  less: 1,
  lessEqual: 3,
  greater: 4,
  greaterEqual: 6,
};

const isOrder = (kind: TextTest["kind"]): kind is TextOrder => kind in accepted;
const sized = (kind: TextOrder) => (kind === "equal" || kind === "notEqual" ? 1 : 0);

/** From so many bytes on, rows are first asked whether they contain a part of a LIKE pattern: that is three times as fast. */
const fewBytes = 4;

const text = (file: string) => kernelText(`columns/${file}.wgsl`);

/**
 * A mask of the rows whose text passes a test; null gives 0. Texts compare by their bytes. Throws INVALID_ARGUMENT for a
 * pattern that ends with an escape.
 */
export async function textTest(
  device: Device,
  { column, test, count }: TextTestArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  const tokens = test.kind === "like" ? likeTokens(test.pattern) : [];
  const { kind, pattern } = (test.kind === "like" ? simplerThanLike(tokens) : undefined) ?? test;
  if (pattern.length === 0 && (kind === "prefix" || kind === "suffix" || kind === "contains")) {
    return everyRow(device, column, count, options);
  }
  const { offsets, values } = column;
  const words = wordsOf(values);
  using held = new Making(device, options);
  const given = patternOf(device, kind === "like" ? Uint32Array.from(tokens) : pattern, held);
  const work = { column, count, bindings: { offsets, values, pattern: given } };
  const read = fourBytes("four_bytes", "values", "words");
  if (kind === "like") {
    const some = longestText(tokens);
    const first = some.length >= fewBytes ? ({ kind: "contains", pattern: some } as const) : undefined;
    const rows = first && held.adopt(await textTest(device, { column, test: first, count }, options));
    const bindings = { ...work.bindings, rows: rows ?? Uint32Array.of(0) };
    const parameters = [words, tokens.length, rows === undefined ? 0 : 1];
    const like = { text: text("text-like") + read, bindings, parameters };
    return await testRows(device, { ...work, ...like }, options);
  }
  if (kind === "contains") {
    const long = wantsLongThreads(device);
    const [first = 0, second = 0] = pattern;
    return await testRows(
      device,
      {
        ...work,
        text: text("text-contains") + read + text(long ? "text-contains-long" : "text-contains-rows"),
        whole: long,
        parameters: [words, pattern.length, pattern.length > 1 ? 0xffff_ffff : 0, first | (second << 8)],
      },
      options,
    );
  }
  const [place, order]: readonly [number, TextOrder] = isOrder(kind)
    ? [0, kind]
    : [kind === "prefix" ? 1 : 2, "equal"];
  return await testRows(
    device,
    {
      ...work,
      text: text("text-compare") + read + text("text-order"),
      parameters: [words, pattern.length, place, accepted[order], sized(order)],
    },
    options,
  );
}

export interface TextPairArguments {
  readonly kind: TextOrder;
  readonly left: TextMemory;
  readonly right: TextMemory;
  /** Rows of each. */
  readonly count: number;
}

/** A mask of the rows where the texts of two columns stand in an order; null gives 0. */
export async function textCompare(
  device: Device,
  { kind, left, right, count }: TextPairArguments,
  options: ColumnOptions = {},
): Promise<Scratch> {
  const mask = await testRows(
    device,
    {
      column: left,
      count,
      text:
        text("text-pairs") +
        fourBytes("four_bytes", "values", "words") +
        fourBytes("four_right_bytes", "right_values", "right_words") +
        text("text-order"),
      bindings: {
        offsets: left.offsets,
        values: left.values,
        right_offsets: right.offsets,
        right_values: right.values,
      },
      parameters: [wordsOf(left.values), wordsOf(right.values), accepted[kind], sized(kind)],
    },
    options,
  );
  return valid(device, mask, right.validity, count, options);
}

interface RowTest {
  readonly column: TextMemory;
  readonly count: number;
  /** `holds` for a row; where `whole`, an entry point for 32 rows. */
  readonly text: string;
  readonly whole?: boolean;
  readonly bindings: Bindings;
  /** What follows `count`. */
  readonly parameters: readonly number[];
}

async function testRows(device: Device, work: RowTest, options: ColumnOptions): Promise<Scratch> {
  const { column, count, whole = false, bindings, parameters } = work;
  const long = wantsLongThreads(device);
  using making = new Making(device, options);
  const result = making.bitmap(count);
  await runUnits(
    device,
    {
      text: work.text + (whole ? "" : text(long ? "test-rows-long" : "test-rows-short")),
      entryPoint: "test_rows",
      units: long ? Math.ceil(count / 32) : count,
      bindings: { ...bindings, result },
      parameters: [count, ...parameters],
    },
    options,
  );
  return valid(device, making.done(result), column.validity, count, options);
}

/** The mask without null rows; takes the mask over. */
async function valid(
  device: Device,
  mask: Scratch,
  validity: Memory | undefined,
  count: number,
  options: ColumnOptions,
): Promise<Scratch> {
  if (validity === undefined) return mask;
  using left = mask;
  return await combineBitmaps(device, { operation: "and", left, right: validity, count }, options);
}

async function everyRow(
  device: Device,
  { validity }: TextMemory,
  count: number,
  options: ColumnOptions,
): Promise<Scratch> {
  return valid(device, await fillBitmap(device, { value: true, count }, options), validity, count, options);
}

function wordsOf(memory: Memory): number {
  return Math.max(1, Math.floor(memory.byteLength / 4));
}

/** Small patterns travel with the dispatch. */
function patternOf(device: Device, pattern: Uint8Array | Uint32Array, held: Making): Memory | Uint8Array {
  const bytes = new Uint8Array(Math.max(4, Math.ceil(pattern.byteLength / 4) * 4));
  bytes.set(new Uint8Array(pattern.buffer, pattern.byteOffset, pattern.byteLength));
  if (bytes.length <= 4096) return bytes;
  const memory = held.take(bytes.length, "pattern");
  device.write(memory, bytes);
  return memory;
}
