import { rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { HostTable } from "../../core/column.ts";
import type { ColumnType, Schema } from "../../core/column-type.ts";
import { type Koffi, loadFfi } from "../../core/ffi.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import { abortError } from "../abort.ts";
import type { Meter } from "../meter.ts";
import { Call } from "./call.ts";
import { type CopyOptions, type CopyResult, writeFile } from "./copy-to.ts";
import type { Doing } from "./errors.ts";
import { findDuckDb } from "./library.ts";
import { Native } from "./native.ts";
import { checkText, quoteName } from "./quote.ts";
import type { Request } from "./request.ts";
import type { Described } from "./result.ts";
import { retyped } from "./retyped.ts";
import { sendTable } from "./sent-table.ts";
import { type Answer, Threads } from "./threads.ts";
import { foreignType } from "./types.ts";

export interface DuckDbOptions {
  /** Threads that a query uses. Default: one for each processor. */
  readonly threads?: number;
  /** Above it, data goes to files. Default: DuckDB's, 80 % of the machine's memory. */
  readonly memoryLimitBytes?: number;
  /** Where data goes that exceeds the memory limit. Default: a folder of its own among the system's temporary files. */
  readonly temporaryDirectory?: string;
}

export interface QueryOptions {
  /**
   * What the columns of the result are, where DuckDB cannot say it: durations are BIGINT there, and zones of time are lost. Must be
   * held alike.
   */
  readonly types?: readonly ColumnType[] | undefined;
  /** Aborting rejects with ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how far the query is, from 0 to 1, where DuckDB can tell. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  /** Told the time waited and the time worked. */
  readonly meter?: Pick<Meter, "add"> | undefined;
}

export interface StreamOptions extends Omit<QueryOptions, "onProgress"> {
  /** Rows of a batch, at most, but never fewer than 2,048. Default: 262,144. */
  readonly batchRows?: number;
}

/** A table that DuckDB holds a copy of, until it is disposed. */
export interface LoadedTable extends AsyncDisposable {
  /** Quoted, as queries take it. */
  readonly name: string;
  /** What its columns are called there: names that differ only in case are numbered. */
  readonly columns: readonly string[];
  dispose(): Promise<void>;
}

/** Each can run a query; those wait for others that are many. */
const mostThreads = 8;

let opened = 0;

/** Starts DuckDB. Rejects with ENGINE_MISSING where the optional package @duckdb/node-api is not installed. */
export function openDuckDb(options: DuckDbOptions = {}): Promise<DuckDb> {
  return DuckDb.open(options);
}

/**
 * DuckDB with a database in memory: https://duckdb.org. Worker threads call its C interface, so that JavaScript goes on. Every
 * call has a connection of its own: transactions and temporary tables end with it. Works offline, and never loads extensions.
 */
export class DuckDb implements AsyncDisposable {
  readonly #koffi: Koffi;
  readonly #native: Native;
  readonly #threads: Threads;
  readonly #database: Handle;
  readonly #temporary: string | undefined;
  readonly #running = new Set<Call>();
  readonly #streams = new Set<AsyncGenerator<HostTable>>();
  #loaded = 0;
  #closing: Promise<void> | undefined;

  private constructor(
    koffi: Koffi,
    native: Native,
    threads: Threads,
    database: Handle,
    temporary: string | undefined,
  ) {
    this.#koffi = koffi;
    this.#native = native;
    this.#threads = threads;
    this.#database = database;
    this.#temporary = temporary;
  }

  static async open({ threads, memoryLimitBytes, temporaryDirectory }: DuckDbOptions): Promise<DuckDb> {
    checkPositive("threads", threads);
    checkPositive("memoryLimitBytes", memoryLimitBytes);
    const path = findDuckDb();
    const koffi = await loadFfi();
    const native = await loaded(path);
    const own = join(tmpdir(), `aikoryu-${process.pid}-${++opened}`);
    const settings = {
      threads: String(threads ?? availableParallelism()),
      ...(memoryLimitBytes === undefined ? {} : { memory_limit: `${memoryLimitBytes}B` }),
      temp_directory: temporaryDirectory ?? own,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    };
    const pool = new Threads(path, mostThreads);
    const { value } = await pool.ask<"open">({ kind: "open", settings });
    return new DuckDb(koffi, native, pool, value, temporaryDirectory === undefined ? own : undefined);
  }

  /** DuckDB's version, such as "v1.5.6". */
  get version(): string {
    return this.#native.library.library_version();
  }

  /**
   * The whole result, in the order that the query gives. Rejects with the code of what went wrong: INVALID_VALUE, OVERFLOW,
   * FILE_NOT_FOUND, INVALID_FILE, OUT_OF_MEMORY, UNSUPPORTED for types without a column, INVALID_ARGUMENT, ABORTED.
   */
  async query(sql: string, options: QueryOptions = {}): Promise<HostTable> {
    const tracked = options.onProgress !== undefined;
    const table = await this.#connected((connection) =>
      this.#ask<"query">({ kind: "query", connection, sql, tracked }, connection, options),
    );
    return retyped(table, options.types);
  }

  /** Names and types of what a query gives, without running it. Rejects with UNSUPPORTED for types without a column. */
  async describe(sql: string, options: Pick<QueryOptions, "signal"> = {}): Promise<Schema> {
    const fields = await this.describeAll(sql, options);
    const foreign = fields.find(({ isForeign }) => isForeign);
    if (foreign !== undefined) throw foreignType(foreign.name);
    return fields.map(({ name, type }) => ({ name, type }));
  }

  /** The same with the columns that can only be read as texts. */
  describeAll(sql: string, options: Pick<QueryOptions, "signal"> = {}): Promise<readonly Described[]> {
    return this.#connected((connection) =>
      this.#ask<"describe">({ kind: "describe", connection, sql }, connection, options),
    );
  }

  /** Runs statements for what they do. `changed` counts the rows that the last one changed or wrote. */
  async execute(
    sql: string,
    options: Omit<QueryOptions, "types"> & { readonly doing?: Doing } = {},
  ): Promise<{ changed: number }> {
    const { doing = "reading" } = options;
    const tracked = options.onProgress !== undefined;
    const changed = await this.#connected((connection) =>
      this.#ask<"execute">({ kind: "execute", connection, sql, tracked, doing }, connection, options),
    );
    return { changed };
  }

  /** The result in batches, computed as they are asked for: memory stays bounded. Leaving the loop ends the query. */
  stream(sql: string, options: StreamOptions = {}): AsyncGenerator<HostTable> {
    const batches = this.#batches(sql, options, (isOpen) => {
      if (isOpen) this.#streams.add(batches);
      else this.#streams.delete(batches);
    });
    return batches;
  }

  /** Copies columns into a table, which queries then read by its name. */
  async load(table: HostTable, options: Pick<QueryOptions, "signal" | "meter"> = {}): Promise<LoadedTable> {
    const plain = `aikoryu_${++this.#loaded}`;
    const { sent, names } = sendTable(this.#koffi, table, plain);
    let dropping: Promise<unknown> | undefined;
    const dispose = async () => {
      if (this.#closing !== undefined) return;
      dropping ??= this.execute(`DROP TABLE IF EXISTS ${quoteName(plain)}`);
      await dropping;
    };
    await this.#connected((connection) =>
      this.#ask<"load">({ kind: "load", connection, table: sent }, connection, options, table),
    );
    return { name: quoteName(plain), columns: names, dispose, [Symbol.asyncDispose]: dispose };
  }

  /**
   * Writes the result of a query to a file, which appears when it is complete: a failure leaves what was there before. Rejects
   * with WRITE_FAILED where it cannot be written.
   */
  copyTo(sql: string, path: string, options: CopyOptions): Promise<CopyResult> {
    return writeFile(this, sql, path, options);
  }

  /** Ends what runs, closes the database and frees its memory. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const call of this.#running) call.stop(disposed());
    await Promise.allSettled([...this.#running].map((call) => call.ended));
    for (const stream of this.#streams) await stream.return(undefined).catch(() => {});
    await this.#threads.ask<"close">({ kind: "close", database: this.#database });
    this.#threads.end();
    if (this.#temporary !== undefined) await rm(this.#temporary, { recursive: true, force: true });
  }

  async *#batches(
    sql: string,
    options: StreamOptions,
    opened: (isOpen: boolean) => void,
  ): AsyncGenerator<HostTable> {
    const { batchRows: rows = 1 << 18 } = options;
    checkPositive("batchRows", rows);
    const connection = this.#connect();
    opened(true);
    try {
      const ask = <K extends "startStream" | "readStream">(request: Extract<Request, { kind: K }>) =>
        this.#ask<K>(request, connection, options);
      const stream = await ask<"startStream">({ kind: "startStream", connection, sql });
      try {
        for (let isDone = false; !isDone; ) {
          const batch = await ask<"readStream">({ kind: "readStream", stream, rows });
          isDone = batch.isDone;
          if (batch.table.rows > 0 || isDone) yield retyped(batch.table, options.types);
        }
      } finally {
        await this.#threads.ask<"endStream">({ kind: "endStream", stream });
      }
    } finally {
      opened(false);
      this.#disconnect(connection);
    }
  }

  async #connected<T>(use: (connection: Handle) => Promise<T>): Promise<T> {
    const connection = this.#connect();
    try {
      return await use(connection);
    } finally {
      this.#disconnect(connection);
    }
  }

  #connect(): Handle {
    if (this.#closing !== undefined) {
      throw disposed();
    }
    const { library } = this.#native;
    return this.#native.made((out) => library.connect(this.#database, out));
  }

  #disconnect(connection: Handle): void {
    this.#native.destroy(this.#native.library.disconnect, connection);
  }

  async #ask<K extends Request["kind"]>(
    request: Extract<Request, { kind: K }>,
    connection: Handle,
    { signal, onProgress, meter }: QueryOptions,
    keep?: unknown,
  ) {
    if ("sql" in request) checkText(request.sql);
    if (signal?.aborted) throw abortError(signal, "A query");
    const asked = performance.now();
    const call = new Call(this.#native.library, this.#threads, request, connection, onProgress);
    const onAbort = () => signal && call.stop(abortError(signal, "A query"));
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#running.add(call);
    let answer: Answer<K>;
    try {
      answer = await call.run<K>(request, keep);
    } finally {
      this.#running.delete(call);
      signal?.removeEventListener("abort", onAbort);
    }
    meter?.add("queueMs", performance.now() - asked - answer.ms);
    meter?.add("cpuMs", answer.ms);
    return answer.value;
  }
}

function checkPositive(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} is ${value}`,
    hint: "Give a whole number above 0, or leave it out.",
  });
}

function disposed(): AikoError {
  return new AikoError("DISPOSED", { message: "DuckDB was disposed", hint: "Open it again: openDuckDb()." });
}

let loading: Promise<Native> | undefined;

/** The JavaScript thread's own functions: those that return at once. */
async function loaded(path: string): Promise<Native> {
  loading ??= Native.load(path);
  try {
    return await loading;
  } catch (cause) {
    loading = undefined;
    throw new AikoError("ENGINE_MISSING", {
      message: `${path} does not load: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Reinstall it: npm install @duckdb/node-api",
      cause,
    });
  }
}
