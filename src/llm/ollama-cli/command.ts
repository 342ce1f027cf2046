import { spawn } from "node:child_process";
import { AikoError } from "../../errors.ts";
import { abortError } from "../../runtime/index.ts";
import { commandError } from "./failure.ts";

const killMs = 2_000;
const mostBytes = 64 * 2 ** 20;
const mostErrorBytes = 64 * 2 ** 10;

const running = new Set<number>();
let isWatching = false;

export interface CommandOptions {
  readonly input?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told what comes on stderr, as it comes. */
  readonly onError?: ((bytes: Uint8Array) => void) | undefined;
}

/**
 * Runs a program without a shell and gives its stdout in pieces; ends when it has exited with 0. What it started dies with it
 * when the caller leaves early or aborts: SIGTERM to its process group, two seconds later SIGKILL. Throws as `commandError` says,
 * RESULT_TOO_LARGE, ABORTED.
 */
export async function* runCommand(
  path: string,
  args: readonly string[],
  { input = "", signal, onError }: CommandOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const what = `${path} ${args[0] ?? ""}`;
  if (signal?.aborted) throw abortError(signal, what);
  const child = spawn(path, args, {
    detached: process.platform !== "win32",
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", TERM: "dumb" },
    windowsHide: true,
  });
  const errors: Uint8Array[] = [];
  let errorBytes = 0;
  let failed: Error | undefined;
  const ended = new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      failed = error;
      resolve(null);
    });
    child.once("close", resolve);
  });
  const { pid } = child;
  if (pid !== undefined) remember(pid);
  child.once("close", () => running.delete(pid ?? 0));
  const stop = () => void killGroup(pid, ended);
  child.once("exit", () => setTimeout(stop, killMs).unref());
  child.stderr.on("data", (bytes: Uint8Array) => {
    onError?.(bytes);
    errorBytes += bytes.length;
    errors.push(bytes);
    while (errorBytes > mostErrorBytes && errors.length > 1) errorBytes -= errors.shift()?.length ?? 0;
  });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  signal?.addEventListener("abort", stop, { once: true });
  let length = 0;
  try {
    for await (const bytes of child.stdout) {
      length += bytes.length;
      if (length > mostBytes) {
        throw new AikoError("RESULT_TOO_LARGE", { message: `${what} wrote more than ${mostBytes} bytes` });
      }
      yield bytes;
      if (signal?.aborted) break;
    }
    const code = await ended;
    if (signal?.aborted) throw abortError(signal, what);
    if (failed !== undefined || code !== 0) {
      throw commandError(path, args, code, child.signalCode, Buffer.concat(errors).toString("utf8"), failed);
    }
  } catch (error) {
    throw failed === undefined ? error : commandError(path, args, null, null, "", failed);
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
    await ended;
  }
}

/** All that a short command writes. */
export async function readCommand(
  path: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of runCommand(path, args, options)) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

async function killGroup(pid: number | undefined, ended: Promise<unknown>): Promise<void> {
  if (pid === undefined || !running.has(pid)) return;
  if (!kill(pid, "SIGTERM")) return;
  const timer = setTimeout(() => kill(pid, "SIGKILL"), killMs);
  await ended;
  clearTimeout(timer);
  kill(pid, "SIGKILL");
}

/** Whether there was something to kill. */
function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    return false;
  }
}

/** A process group of its own does not hear the Ctrl+C of the terminal: it ends with this process. */
function remember(pid: number): void {
  running.add(pid);
  if (isWatching) return;
  isWatching = true;
  process.on("exit", () => {
    for (const each of running) kill(each, "SIGKILL");
  });
}
