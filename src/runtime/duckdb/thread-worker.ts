import { parentPort, workerData } from "node:worker_threads";
import type { Handle } from "../../core/native.ts";
import { AikoError, isAikoError, toAikoError } from "../../errors.ts";
import { engineError, severalStatements } from "./errors.ts";
import { loadTable } from "./load-table.ts";
import { Native } from "./native.ts";
import { type Answers, type Reply, type Request, type Sent, type Stream, threadIsReady } from "./request.ts";
import {
  buffersOf,
  describe,
  newResult,
  prepare,
  queryTable,
  readTable,
  type Stopped,
  withResult,
  withStatement,
} from "./result.ts";

const native = await Native.load(workerData as string);
const { library } = native;
parentPort?.postMessage(threadIsReady);

parentPort?.on("message", (sent: Sent | undefined) => {
  if (sent === undefined) parentPort?.close();
  else work(sent);
});

function work({ request, cancelled }: Sent): void {
  const start = performance.now();
  let reply: Reply;
  let transfer: ArrayBuffer[] = [];
  try {
    const value = answer(request, () => Atomics.load(cancelled, 0) !== 0);
    if (typeof value === "object" && "columns" in value) transfer = buffersOf(value);
    if (typeof value === "object" && "table" in value) transfer = buffersOf(value.table);
    reply = { value, ms: performance.now() - start };
  } catch (thrown) {
    const error = toAikoError(thrown);
    reply = { error: error.toJSON(), detail: detailOf(error.cause) };
  }
  parentPort?.postMessage(reply, transfer);
}

function answer(request: Request, stopped: Stopped): Answers[Request["kind"]] {
  switch (request.kind) {
    case "open":
      return openDatabase(request.settings);
    case "close":
      native.destroy(library.close, request.database);
      return undefined;
    case "query":
      if (request.tracked) track(request.connection);
      return queryTable(native, request.connection, request.sql, stopped);
    case "describe":
      return describe(native, request.connection, request.sql);
    case "execute":
      if (request.tracked) track(request.connection);
      return execute(request, stopped);
    case "startStream":
      return startStream(request.connection, request.sql);
    case "readStream":
      return readTable(
        native,
        request.stream.result,
        { expected: request.rows, most: request.rows },
        stopped,
      );
    case "endStream":
      return endStream(request.stream);
    case "load":
      loadTable(native, request.connection, request.table, stopped);
      return undefined;
  }
}

function openDatabase(settings: Readonly<Record<string, string>>): Handle {
  const config = native.made((out) => library.create_config(out));
  try {
    for (const [name, value] of Object.entries(settings)) {
      if (library.set_config(config, name, value) === 0) continue;
      throw new AikoError("INVALID_ARGUMENT", { message: `DuckDB refuses ${name} = "${value}"` });
    }
    const error = native.memory.put(2, 0);
    const database = native.made((out) => {
      if (library.open_ext(":memory:", out, config, error) === 0) return;
      throw engineError(native.takeText(native.memory.handleAt(2)));
    });
    const connection = native.made((out) => library.connect(database, out));
    withResult(native, connection, "SET GLOBAL TimeZone = 'UTC'", () => {});
    native.destroy(library.disconnect, connection);
    return database;
  } finally {
    native.destroy(library.destroy_config, config);
  }
}

/** Without these settings DuckDB does not know how far a query is; without the second it prints it. */
function track(connection: Handle): void {
  withResult(
    native,
    connection,
    "SET enable_progress_bar = true; SET enable_progress_bar_print = false",
    () => {},
  );
}

/** Rows changed. Several statements go through DuckDB's own loop. */
function execute(
  { connection, sql, doing }: Extract<Request, { kind: "execute" }>,
  stopped: Stopped,
): number {
  const changed = (result: Handle) => library.rows_changed(result);
  try {
    return withStatement(native, connection, sql, stopped, changed, doing);
  } catch (error) {
    if (!isAikoError(error) || !severalStatements.test(error.message)) throw error;
    return withResult(native, connection, sql, changed, doing);
  }
}

function startStream(connection: Handle, sql: string): Stream {
  const statement = prepare(native, connection, sql);
  const result = newResult(native);
  let state = 0;
  const pending = native.made((out) => {
    state = library.pending_prepared_streaming(statement, out);
  });
  const stream = { statement, pending, result };
  if (state === 0 && library.execute_pending(pending, result) === 0) return stream;
  const error = engineError(library.result_error(result) ?? library.pending_error(pending));
  endStream(stream);
  throw error;
}

function endStream({ statement, pending, result }: Stream): undefined {
  library.destroy_result(result);
  library.free(result);
  native.destroy(library.destroy_pending, pending);
  native.destroy(library.destroy_prepare, statement);
}

function detailOf(cause: unknown): string | undefined {
  if (typeof cause !== "object" || cause === null || !("message" in cause)) return undefined;
  return String(cause.message);
}
