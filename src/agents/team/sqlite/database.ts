import { closeSync, openSync, readSync } from "node:fs";
import type { Database } from "node-sqlite3-wasm";
import { AikoError, isAikoError } from "../../../errors.ts";
import type { Checkpoint } from "../checkpoints.ts";
import { messageOf } from "../text.ts";
import { claimFile } from "./owner.ts";

/** "Aiko", so that no other program's file is taken for one of ours. */
const applicationId = 0x41696b6f;
const version = 1;

const table = `CREATE TABLE checkpoints (
  thread TEXT NOT NULL, step INTEGER NOT NULL, status TEXT NOT NULL, saved_at INTEGER NOT NULL, forked_from TEXT,
  content TEXT NOT NULL, PRIMARY KEY (thread, step)) WITHOUT ROWID`;

export interface OpenOptions {
  readonly path: string;
  readonly maxBytes: number | undefined;
}

/** What a thread of its own does for `sqliteCheckpoints`. */
export class CheckpointDatabase {
  readonly #path: string;
  readonly #database: Database;
  readonly #claim: Disposable;

  constructor(path: string, database: Database, claim: Disposable) {
    this.#path = path;
    this.#database = database;
    this.#claim = claim;
  }

  /**
   * The package does not roll back the journal that a killed process leaves (it takes its own lock for another's), but it does
   * recover a write-ahead log, which it can have while it locks the file for itself.
   */
  static async open({ path, maxBytes }: OpenOptions): Promise<CheckpointDatabase> {
    const { Database } = await load();
    checkHeader(path);
    let claim: Disposable;
    try {
      claim = claimFile(path);
    } catch (error) {
      throw isAikoError(error) ? error : failed(path, "Cannot write beside", error);
    }
    let database: Database | undefined;
    try {
      database = new Database(path);
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      prepare(path, database);
      if (maxBytes !== undefined) limit(database, maxBytes);
      return new CheckpointDatabase(path, database, claim);
    } catch (error) {
      try {
        database?.close();
      } finally {
        claim[Symbol.dispose]();
      }
      throw failed(path, "Cannot open", error);
    }
  }

  put({ thread, step, status, savedAt, forkedFrom, content }: Checkpoint): void {
    const values = [thread, step, status, savedAt, forkedFrom ?? null, content];
    this.#do("Cannot write", () =>
      this.#database.run("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)", values),
    );
  }

  latest(thread: string): Checkpoint | undefined {
    return this.#select("WHERE thread = ? ORDER BY step DESC LIMIT 1", [thread])[0];
  }

  at(thread: string, step: number): Checkpoint | undefined {
    return this.#select("WHERE thread = ? AND step = ?", [thread, step])[0];
  }

  history(thread: string): readonly Checkpoint[] {
    return this.#select("WHERE thread = ? ORDER BY step", [thread], "''");
  }

  threads(): readonly string[] {
    const rows = this.#do("Cannot read", () =>
      this.#database.all("SELECT DISTINCT thread FROM checkpoints ORDER BY thread"),
    );
    return rows.map(({ thread }) => String(thread));
  }

  delete(thread: string): void {
    this.#do("Cannot write", () => this.#database.run("DELETE FROM checkpoints WHERE thread = ?", thread));
  }

  close(): void {
    try {
      this.#do("Cannot close", () => this.#database.close());
    } finally {
      this.#claim[Symbol.dispose]();
    }
  }

  #select(where: string, values: (string | number)[], content = "content"): Checkpoint[] {
    const columns = `thread, step, status, saved_at, forked_from, ${content} AS content`;
    const rows = this.#do("Cannot read", () =>
      this.#database.all(`SELECT ${columns} FROM checkpoints ${where}`, values),
    );
    return rows.map((row) => ({
      thread: String(row["thread"]),
      step: Number(row["step"]),
      status: String(row["status"]) as Checkpoint["status"],
      savedAt: Number(row["saved_at"]),
      forkedFrom: row["forked_from"] === null ? undefined : String(row["forked_from"]),
      content: String(row["content"]),
    }));
  }

  #do<T>(what: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw failed(this.#path, what, error);
    }
  }
}

async function load(): Promise<typeof import("node-sqlite3-wasm")> {
  try {
    const loaded = await import("node-sqlite3-wasm");
    return "default" in loaded ? (loaded.default as typeof loaded) : loaded;
  } catch (cause) {
    throw new AikoError("ENGINE_MISSING", {
      message: "sqliteCheckpoints needs the package node-sqlite3-wasm",
      hint: "npm install node-sqlite3-wasm",
      cause,
    });
  }
}

/** A file that begins like no database is refused before anything is written beside it. */
function checkHeader(path: string): void {
  const header = Buffer.alloc(16);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return;
  }
  try {
    const length = readSync(file, header);
    if (length === 0 || (length === 16 && header.toString("latin1") === "SQLite format 3\0")) return;
  } catch (error) {
    throw failed(path, "Cannot read", error);
  } finally {
    closeSync(file);
  }
  throw foreign(path, "is no SQLite database");
}

function prepare(path: string, database: Database): void {
  const number = (pragma: string) => Number(database.get(`PRAGMA ${pragma}`)?.[pragma]);
  const tables = Number(database.get("SELECT count(*) AS tables FROM sqlite_schema")?.["tables"]);
  if (tables === 0 && number("application_id") === 0) {
    database.exec(
      `BEGIN; ${table}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}; COMMIT`,
    );
    return;
  }
  if (number("application_id") !== applicationId) throw foreign(path, "is a database of another program");
  if (number("user_version") !== version) {
    throw foreign(path, `has checkpoints of version ${number("user_version")}, not ${version}`);
  }
  const check = String(database.get("PRAGMA quick_check(1)")?.["quick_check"]);
  if (check !== "ok") throw foreign(path, `is damaged: ${check}`);
}

function limit(database: Database, maxBytes: number): void {
  const pageBytes = Number(database.get("PRAGMA page_size")?.["page_size"]);
  database.get(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`);
}

function foreign(path: string, what: string): AikoError {
  return new AikoError("INVALID_FILE", {
    message: `${path} ${what}`,
    hint: "Give sqliteCheckpoints the path of a file that it made, or of none.",
  });
}

function failed(path: string, what: string, error: unknown): AikoError {
  if (isAikoError(error)) return error;
  const message = messageOf(error);
  if (/not a database|malformed|corrupt/.test(message)) return foreign(path, `is damaged: ${message}`);
  return new AikoError("WRITE_FAILED", {
    message: `${what} ${path}: ${message}`,
    hint: /full|I\/O/.test(message) ? "Make room on the disk, or allow more maxBytes." : undefined,
    cause: error,
  });
}
