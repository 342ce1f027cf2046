import { loadFfi } from "../core/ffi.ts";

const actions = new Set<(code: number) => void>();
let listening = false;

function runActions(code: number): void {
  for (const run of actions) run(code);
}

/** Runs `action` when the process exits; returns how to forget it. */
export function onExit(action: (code: number) => void): () => void {
  if (!listening) {
    listening = true;
    process.on("exit", runActions);
  }
  actions.add(action);
  return () => actions.delete(action);
}

const pollMs = 250;
/** Counted as active when standard output is a pipe or a terminal, though they hold nothing open. */
const standardStreams = new Set(["PipeWrap", "TTYWrap"]);
let ending: Promise<void> | undefined;

/**
 * Lets the process end although a driver call never returns: the call holds the event loop open, Node joins its thread
 * on the way out, and Dawn aborts when a promise of its was never settled. Once nothing else is left to do, the exit
 * listeners run as usual and the process leaves without further ado.
 */
export function endDespiteHang(): Promise<void> {
  ending ??= arrange();
  return ending;
}

type Leave = (after: (code: number) => void, code: number) => void;

async function loadLeave(): Promise<Leave> {
  const koffi = await loadFfi();
  const library = process.platform === "win32" ? "ucrtbase.dll" : null;
  const exit = koffi.load(library).func("_exit", "void", ["int"]);
  return (after, code) => {
    const listeners = process.rawListeners("exit");
    for (const later of listeners.slice(listeners.indexOf(after) + 1)) later.call(process, code);
    exit(code);
  };
}

/** How an action of `onExit` ends the process at once, without joining threads that hang in native calls. */
export async function loadExitNow(): Promise<(code: number) => void> {
  const leave = await loadLeave();
  return (code) => leave(runActions, code);
}

async function arrange(): Promise<void> {
  const leave = await loadLeave();
  const last = (code: number) => leave(last, code);
  process.on("exit", last);
  process.once("beforeExit", () => process.exit());
  setInterval(() => {
    if (process.getActiveResourcesInfo().every((name) => standardStreams.has(name))) process.exit();
  }, pollMs).unref();
}
