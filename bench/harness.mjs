import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

/** Thread pools of other engines spin for a while after their work; they are not to spin in somebody else's turn. */
const pauseMs = 20;

/**
 * @typedef {object} Contestant
 * @property {string} name
 * @property {() => unknown} run
 * @property {number} [known] a time taken already, which counts
 */

/**
 * Times contestants in turns, so that what disturbs the machine disturbs all of them, and returns the median of
 * each. A contestant that has used up its budget sits out the remaining rounds.
 * @param {readonly Contestant[]} contestants
 * @param {{ rounds?: number, budgetMs?: number }} [options]
 * @returns {Promise<Map<string, number>>} median milliseconds by name
 */
export async function interleaved(contestants, { rounds = 7, budgetMs = 4_000 } = {}) {
  /** @type {Map<string, number[]>} */
  const times = new Map(contestants.map(({ name, known }) => [name, known === undefined ? [] : [known]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of contestants) {
      const taken = times.get(name) ?? [];
      const spent = taken.reduce((sum, ms) => sum + ms, 0);
      if (taken.length > 0 && spent + median(taken) > budgetMs) continue;
      await pause(pauseMs);
      taken.push(await timed(run));
    }
  }
  return new Map([...times].map(([name, taken]) => [name, median(taken)]));
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
