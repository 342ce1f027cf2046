import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const heartbeatMs = 2_000;
const silentMs = 30_000;

/** Runs `work` while holding the lock file `path`. A lock whose owner is dead or silent is taken over. */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (let tries = 0; !create(path); tries++) {
    if (!isAbandoned(path)) {
      if (tries === 0) onWait();
      await sleep(200);
    } else if (create(`${path}.takeover`)) {
      if (isAbandoned(path)) rmSync(path, { force: true });
      rmSync(`${path}.takeover`, { force: true });
    } else if (isAbandoned(`${path}.takeover`)) rmSync(`${path}.takeover`, { force: true });
  }
  const release = () => rmSync(path, { force: true });
  const heartbeat = setInterval(() => touch(path), heartbeatMs);
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.removeListener("exit", release);
    release();
  }
}

function create(path) {
  try {
    const file = openSync(path, "wx");
    writeSync(file, `${process.pid} ${hostname()}`);
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function isAbandoned(path) {
  try {
    const silent = Date.now() - statSync(path).mtimeMs > silentMs;
    const [pid, host] = readFileSync(path, "utf8").split(" ");
    return silent || (host === hostname() && !isAlive(Number(pid)));
  } catch {
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function touch(path) {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {}
}
