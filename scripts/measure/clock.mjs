/** How long the whole run has taken and may take. */
export class Clock {
  #start = performance.now();
  #limitMs;

  constructor(limitMs) {
    this.#limitMs = limitMs;
  }

  leftMs() {
    return this.#limitMs - (performance.now() - this.#start);
  }

  seconds() {
    return ((performance.now() - this.#start) / 1000).toFixed(1);
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median milliseconds of `rounds` runs of `work`, after one that does not count. */
export async function medianMs(work, rounds = 7) {
  await work();
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}
