import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import { AikoError } from "../../../errors.ts";

/**
 * The package's lock is a folder beside the database, which a killed process leaves behind for ever. So a file of ours says
 * whose it is: who finds the name of a process that is gone removes the lock. Rejects with INVALID_ARGUMENT where the process
 * lives.
 */
export function claimFile(path: string): Disposable {
  const file = `${path}.owner`;
  const me = `${process.pid} ${startOf(process.pid)}`;
  for (let tries = 0; tries < 100; tries++) {
    try {
      create(file, me);
      rmSync(`${path}.lock`, { recursive: true, force: true });
      return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    const owner = read(file);
    if (owner === undefined) continue;
    const pid = Number.parseInt(owner, 10);
    if (isAlive(pid) && owner === `${pid} ${startOf(pid)}`) throw inUse(path, pid);
    takeAway(file, owner);
  }
  throw inUse(path, undefined);
}

/** Nobody ever sees the file without its text; where there are no links, a process killed in between leaves an empty one. */
function create(file: string, text: string): void {
  const mine = `${file}.new.${process.pid}.${threadId}`;
  writeFileSync(mine, text);
  try {
    linkSync(mine, file);
  } catch (error) {
    if (isExisting(error)) throw error;
    writeFileSync(file, text, { flag: "wx" });
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Of two that find the same dead owner one must not remove what the other has just written. */
function takeAway(file: string, owner: string): void {
  const mine = `${file}.${process.pid}`;
  try {
    renameSync(file, mine);
  } catch {
    return;
  }
  if (read(mine) === owner) rmSync(mine, { force: true });
  else renameSync(mine, file);
}

/** When a process started, as the system counts it: another one may get its number. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

function inUse(path: string, pid: number | undefined): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `${path} is in use by ${pid === process.pid ? "this process" : `process ${pid ?? "?"}`}`,
    hint: "One process at a time writes a file of checkpoints, through one sqliteCheckpoints(path).",
  });
}
