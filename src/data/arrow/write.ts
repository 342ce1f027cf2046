import type { FileHandle } from "node:fs/promises";
import type { HostTable } from "../../core/column.ts";
import { emptyTable } from "../../core/column-make.ts";
import { sliceTable } from "../../core/column-slice.ts";
import type { Schema } from "../../core/column-type.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { abortError } from "../../runtime/abort.ts";
import { type ArrowLibrary, loadArrow } from "../../runtime/arrow-library.ts";
import { textOf } from "../concat.ts";
import { writeWhole } from "../whole-file.ts";
import { batchToArrow } from "./to-arrow.ts";

export interface WriteArrowOptions {
  /** Default: "stream" for names that end in .arrows, else "file". */
  readonly format?: "file" | "stream" | undefined;
  readonly signal?: AbortSignal | undefined;
}

const batchRows = 1 << 16;
/** Chunks smaller than this are written together. */
const smallBytes = 1 << 16;

/**
 * Writes an Arrow IPC file or stream, batch after batch, whole or not at all. Rejects with WRITE_FAILED, FILE_NOT_FOUND when
 * the folder is missing, and ENGINE_MISSING without apache-arrow.
 */
export async function writeArrowTable(
  path: string,
  table: HostTable,
  options: WriteArrowOptions = {},
): Promise<void> {
  await write(path, slicesOf(table), options);
}

/** The same of a flow of tables with one schema; text is written without dictionaries, which would differ. */
export async function writeArrowBatches(
  path: string,
  schema: Schema,
  batches: AsyncIterable<HostTable>,
  options: WriteArrowOptions = {},
): Promise<void> {
  await write(path, plainBatches(schema, batches), options);
}

async function write(
  path: string,
  batches: AsyncIterable<HostTable>,
  { format = path.endsWith(".arrows") ? "stream" : "file", signal }: WriteArrowOptions,
): Promise<void> {
  const arrow = await loadArrow();
  const writer = format === "file" ? new arrow.RecordBatchFileWriter() : new arrow.RecordBatchStreamWriter();
  const { sink, chunks } = collector(arrow);
  writer.reset(sink);
  await writeWhole(path, async (file) => {
    for await (const batch of batches) {
      if (signal?.aborted) throw abortError(signal, `Writing ${path}`);
      while (isTurnLong()) await nextTurn();
      writer.write(await batchToArrow(arrow, batch));
      await drain(file, chunks);
    }
    writer.finish();
    await drain(file, chunks);
  });
}

/** Takes what a writer writes, piece by piece. */
function collector(arrow: ArrowLibrary) {
  const chunks: Uint8Array[] = [];
  class Sink extends arrow.AsyncByteQueue {
    override write(chunk: Parameters<InstanceType<ArrowLibrary["AsyncByteQueue"]>["write"]>[0]): void {
      const bytes = chunk as unknown as Uint8Array;
      if (bytes.byteLength > 0) chunks.push(bytes);
    }
  }
  return { sink: new Sink(), chunks };
}

async function drain(file: FileHandle, chunks: Uint8Array[]): Promise<void> {
  let small: Uint8Array[] = [];
  const flush = async () => {
    if (small.length > 0) await file.writeFile(Buffer.concat(small));
    small = [];
  };
  for (const chunk of chunks.splice(0)) {
    if (chunk.byteLength < smallBytes) {
      small.push(chunk);
      continue;
    }
    await flush();
    await file.writeFile(chunk);
  }
  await flush();
}

async function* slicesOf(table: HostTable): AsyncGenerator<HostTable> {
  if (table.rows === 0) yield table;
  for (let first = 0; first < table.rows; first += batchRows) yield sliceTable(table, first, batchRows);
}

async function* plainBatches(schema: Schema, batches: AsyncIterable<HostTable>): AsyncGenerator<HostTable> {
  let isEmpty = true;
  for await (const batch of batches) {
    const columns = [];
    for (const column of batch.columns) {
      columns.push(column.layout === "dictionary" ? await textOf(column) : column);
    }
    isEmpty = false;
    yield* slicesOf({ ...batch, columns });
  }
  if (isEmpty) yield emptyTable(schema);
}
