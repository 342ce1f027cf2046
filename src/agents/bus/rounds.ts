import { AsyncResource } from "node:async_hooks";
import { setImmediate } from "node:timers";
import { isTurnLong } from "../../core/turn.ts";

/** Something with messages to deliver or to handle. */
export interface Runner {
  /** Whether it has its place in the round. */
  awake: boolean;
  /** Deals with one message; whether there are more. Does not throw. */
  step(): boolean;
}

const runners: Runner[] = [];
/** Deliveries do not inherit the asynchronous context of the publisher who happened to come first. */
const scope = new AsyncResource("aikoryu.bus");
const mostGone = 1_024;
let next = 0;
let running = false;

/**
 * Has `runner.step()` called until it has nothing more to do. All of a process take turns, one message each, and timers and
 * input have theirs where that takes long: whoever has much to do keeps nobody from doing anything.
 */
export function wake(runner: Runner): void {
  if (runner.awake) return;
  runner.awake = true;
  runners.push(runner);
  if (running) return;
  running = true;
  queueMicrotask(run);
}

function run(): void {
  scope.runInAsyncScope(round);
}

function round(): void {
  for (;;) {
    const runner = runners[next++];
    if (runner === undefined) break;
    runner.awake = false;
    if (runner.step()) wake(runner);
    if (next >= mostGone) forget();
    if (!isTurnLong()) continue;
    setImmediate(run);
    return;
  }
  runners.length = 0;
  next = 0;
  running = false;
}

/** Lets go of those that had their turn. */
function forget(): void {
  runners.splice(0, next);
  next = 0;
}
