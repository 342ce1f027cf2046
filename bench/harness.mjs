import { cpus } from "node:os";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
// Collecting garbage on purpose must not make V8 forget the code of whoever waits for a turn.
setFlagsFromString("--no-flush-bytecode");
/** @type {() => void} */
const collectGarbage = runInNewContext("gc");

/** Thread pools of other engines spin for 30-35 ms after their work; they are not to spin in somebody else's turn. */
const pauseMs = 100;
const warmUpMs = 100;
const quickMs = 200;
/** Processors this idle leave a turn undisturbed. */
const quietShare = 0.9;
/** Waited in all for other programs to leave the processors alone. */
const longestPatienceMs = 20_000;

function processorTimes() {
  const times = cpus().map(({ times }) => times);
  const idle = times.reduce((sum, time) => sum + time.idle, 0);
  return { idle, all: times.reduce((sum, time) => sum + time.user + time.nice + time.sys + time.irq, idle) };
}

/** Pauses, and longer while other programs use the processors. @param {number} patienceMs */
export async function settle(patienceMs) {
  for (let waited = 0; ; waited += pauseMs) {
    const before = processorTimes();
    await pause(pauseMs);
    const after = processorTimes();
    const share = (after.idle - before.idle) / Math.max(1, after.all - before.all);
    if (share >= quietShare || waited >= patienceMs) return waited;
  }
}

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {() => unknown} run
 * @property {number} [known] a time taken already, which counts
 */

/**
 * Times contestants in turns, so that what disturbs the machine disturbs all of them, and returns the median of
 * each. Each round starts with another contestant, and garbage is collected before each turn, so that nobody pays for
 * what another one left. A contestant that has used up its budget sits out the remaining rounds.
 * @param {readonly Contestant[]} contestants
 * @param {{ rounds?: number, budgetMs?: number }} [options]
 * @returns {Promise<Map<string, number>>} median milliseconds by name
 */
export async function interleaved(contestants, { rounds = 7, budgetMs = 4_000 } = {}) {
  /** @type {Map<string, number[]>} */
  const times = new Map(contestants.map(({ name, known }) => [name, known === undefined ? [] : [known]]));
  let patienceMs = longestPatienceMs;
  for (let round = 0; round < rounds; round++) {
    const first = round % Math.max(1, contestants.length);
    for (const { name, run } of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const taken = times.get(name) ?? [];
      const spent = taken.reduce((sum, ms) => sum + ms, 0);
      if (taken.length > 0 && spent + median(taken) > budgetMs) continue;
      collectGarbage();
      patienceMs -= await settle(patienceMs);
      taken.push(await turn(run, taken.length > 0 && median(taken) < quickMs));
    }
  }
  return new Map([...times].map(([name, taken]) => [name, median(taken)]));
}

/**
 * Runs a contestant for a tenth of a second, so that V8 has compiled its JavaScript before it is timed.
 * @param {() => unknown} run
 */
export async function warmUp(run) {
  const until = performance.now() + warmUpMs;
  do await run();
  while (performance.now() < until);
}

/**
 * One turn: a slow contestant runs once; a quick one wakes its threads by an untimed call, and the median of three counts.
 * @param {() => unknown} run @param {boolean} isQuick
 */
async function turn(run, isQuick) {
  if (!isQuick) return timed(run);
  await run();
  return median([await timed(run), await timed(run), await timed(run)]);
}

/** @param {() => unknown} run */
export async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The longest time the event loop was not free while `work` ran, in milliseconds.
 * @param {() => Promise<unknown>} work
 */
export async function longestGap(work) {
  let longest = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  try {
    await nextTurn();
    last = performance.now();
    await work();
    look();
  } finally {
    clearInterval(timer);
  }
  return longest;
}

/**
 * The median of several repetitions of the longest gap.
 * @param {() => Promise<unknown>} work @param {number} [repetitions]
 */
export async function medianGap(work, repetitions = 9) {
  const gaps = [];
  let patienceMs = longestPatienceMs / 4;
  for (let i = 0; i < repetitions; i++) {
    patienceMs -= await settle(patienceMs);
    gaps.push(await longestGap(work));
  }
  return median(gaps);
}

/** Uniform values in [-1, 1), the same for the same seed (mulberry32). @param {number} length @param {number} seed */
export function randomFloats(length, seed) {
  let state = seed >>> 0;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/**
 * Stops the bench when a result is not what it has to be: a time without a right answer means nothing.
 * @param {string} what @param {ArrayLike<number>} found @param {ArrayLike<number>} expected @param {number} tolerance
 */
export function check(what, found, expected, tolerance) {
  for (let i = 0; i < expected.length; i++) {
    const wrong = !(Math.abs(found[i] - expected[i]) <= tolerance);
    if (wrong) throw new RangeError(`${what}: element ${i} is ${found[i]}, not ${expected[i]}`);
  }
}
