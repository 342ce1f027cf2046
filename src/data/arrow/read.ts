import { constants } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import type { RecordBatch, Table } from "apache-arrow";
import type { HostTable } from "../../core/column.ts";
import { emptyTable } from "../../core/column-make.ts";
import type { Schema } from "../../core/column-type.ts";
import { makeHostArray } from "../../core/host-array.ts";
import { AikoError, isAikoError, toAikoError } from "../../errors.ts";
import { abortError } from "../../runtime/abort.ts";
import { loadArrow } from "../../runtime/arrow-library.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { concatTables } from "../concat.ts";
import { invalidFile, openFile } from "../whole-file.ts";
import { type ArrowTableLike, columnTypeOf } from "./arrow-types.ts";
import { isCompressed, loadCodecs, withoutCodecs } from "./codecs.ts";
import { type FromArrowOptions, tableFromArrow } from "./from-arrow.ts";
import { verifyArrow } from "./verify.ts";

export interface ReadArrowOptions extends FromArrowOptions {
  readonly signal?: AbortSignal | undefined;
}

const decompressModule = new URL("../host/decompress.js", import.meta.url).href;
const pieceBytes = 8 << 20;

/**
 * Reads an Arrow IPC file (Feather, version 2) or stream, over the memory it was read into where the layout is the same.
 * Rejects with FILE_NOT_FOUND, INVALID_FILE for what is damaged, UNSUPPORTED for types and compressions that are not
 * known, and ENGINE_MISSING without apache-arrow.
 */
export async function readArrowTable(path: string, options: ReadArrowOptions = {}): Promise<HostTable> {
  const { tableFromIPC } = await loadArrow();
  await loadCodecs();
  const bytes = await bytesOfFile(path, options);
  if (bytes === undefined) return joined(path, options);
  return reading(path, async () => {
    await verifyArrow(bytes.byteLength, async (at, length) => bytes.subarray(at, at + length));
    const table = await decoded(bytes, tableFromIPC);
    if (table.schema.fields.length === 0)
      throw invalidFile(path, "not an Arrow file, or one without columns");
    return tableFromArrow(table as unknown as ArrowTableLike, options);
  });
}

/** The same batch after batch, for files larger than memory. */
export async function* arrowBatches(
  path: string,
  options: ReadArrowOptions = {},
): AsyncGenerator<HostTable, void, undefined> {
  const { RecordBatchReader } = await loadArrow();
  await loadCodecs();
  const file = await openFile(path);
  try {
    const reader = await reading(path, async () => {
      await verifyOpen(file, path);
      return RecordBatchReader.from(file);
    });
    const batches = reader[Symbol.asyncIterator]() as AsyncIterator<RecordBatch>;
    for (;;) {
      if (options.signal?.aborted) throw abortError(options.signal, `Reading ${path}`);
      const table = await reading(path, async () => {
        const { done, value } = await batches.next();
        return done ? undefined : tableFromArrow(value as unknown as ArrowTableLike, options);
      });
      if (table === undefined) break;
      yield table;
    }
  } finally {
    await file.close().catch(() => {});
  }
}

/** The columns of a file. */
export async function arrowSchema(path: string): Promise<Schema> {
  const { RecordBatchReader } = await loadArrow();
  const file = await openFile(path);
  try {
    return await reading(path, async () => {
      await verifyOpen(file, path);
      const reader = await RecordBatchReader.from(file);
      await reader.open();
      const { fields = [] } = (reader.schema ?? {}) as Partial<ArrowTableLike["schema"]>;
      if (fields.length === 0) throw invalidFile(path, "not an Arrow file, or one without columns");
      return fields.map(({ name, type }) => ({ name, type: columnTypeOf(name, type) }));
    });
  } finally {
    await file.close().catch(() => {});
  }
}

async function verifyOpen(file: FileHandle, path: string): Promise<void> {
  const { size } = await file.stat();
  await verifyArrow(size, async (at, length) => {
    const bytes = makeHostArray("u8", length);
    await fill(file, bytes, path, undefined, at);
    return bytes;
  });
}

async function joined(path: string, options: ReadArrowOptions): Promise<HostTable> {
  const tables: HostTable[] = [];
  for await (const table of arrowBatches(path, options)) tables.push(table);
  return tables.length > 0 ? concatTables(tables) : emptyTable(await arrowSchema(path));
}

/** What is compressed is decompressed on another thread. */
async function decoded(bytes: Uint8Array, decode: (bytes: Uint8Array) => Table): Promise<Table> {
  try {
    return withoutCodecs(() => decode(bytes));
  } catch (error) {
    if (!isCompressed(error)) throw error;
  }
  const { value } = await javascriptEngine.run({
    module: decompressModule,
    name: "decompress",
    arrays: [bytes],
  });
  return decode(new Uint8Array(value as ArrayBuffer));
}

/** Undefined for files that exceed what one array holds. */
async function bytesOfFile(path: string, { signal }: ReadArrowOptions): Promise<Uint8Array | undefined> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    if (size > constants.MAX_LENGTH) return undefined;
    const bytes = makeHostArray("u8", size);
    await fill(file, bytes, path, signal);
    return bytes;
  } finally {
    await file.close();
  }
}

async function fill(
  file: FileHandle,
  bytes: Uint8Array,
  path: string,
  signal: AbortSignal | undefined,
  start = 0,
): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    if (signal?.aborted) throw abortError(signal, `Reading ${path}`);
    const { bytesRead } = await file.read(bytes, at, Math.min(pieceBytes, bytes.byteLength - at), start + at);
    if (bytesRead === 0) throw invalidFile(path, `truncated at byte ${start + at}`);
    at += bytesRead;
  }
}

/** What the file does to apache-arrow is the file's fault. */
async function reading<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isAikoError(error, "INVALID_VALUE")) throw invalidFile(path, error.message, error);
    if (error instanceof AikoError && error.code !== "INTERNAL") throw error;
    const { message } = toAikoError(error);
    if (/codec|compression/i.test(message)) {
      throw new AikoError("UNSUPPORTED", {
        message: `${path} is compressed in a way that is not known here: ${message}`,
        hint: "Write it with LZ4 or without compression; Node 22.15 and later read Zstandard.",
        cause: error,
      });
    }
    throw invalidFile(path, `not an Arrow file or stream that can be read: ${message}`, error);
  }
}
