import type { Metric } from "./space.ts";

/** In `found`: no row. */
export const none = 0xffffffff;
/** In `counts`: more rows may be as near as those that were found. */
export const unresolved = 0xffffffff;

interface Range {
  /** Queries from `first` before `end`. */
  readonly first: number;
  readonly end: number;
}

/** What all tasks that compute scores know of the rows. */
export interface RowsParameters {
  readonly metric: Metric;
  readonly dimensions: number;
  readonly inner: number;
  readonly blockRows: number;
  readonly rows: number;
  readonly longest: number;
  readonly k: number;
}

export interface SettleParameters extends Range, RowsParameters {
  readonly most: number;
  readonly chunks: number;
}

type Arrays = readonly (Float32Array | Float64Array | Uint32Array)[];

/**
 * arrays: `found` [queries, chunks, most] pairs; queries [queries, inner]; scores and rows [queries, k] and counts [queries]
 * to be written; then data and order of each block. The nearest rows by f64 scores, where what was found holds all that can
 * be among them: products may be wrong by a bound, so every row within twice the bound of the k-th is scored again, and a
 * chunk whose least that was kept is not below that is unresolved.
 */
export function settle(arrays: Arrays, parameters: SettleParameters): void {
  const { first, end, k, most, chunks } = parameters;
  const found = arrays[0] as Uint32Array;
  const [scores, rows, counts] = arrays.slice(2, 5) as [Float64Array, Uint32Array, Uint32Array];
  const values = new Float32Array(found.buffer, found.byteOffset, found.length);
  const entries = chunks * most;
  const sorted = new Float32Array(entries);
  const scorer = new Scorer(arrays, parameters);
  const list = new TopList(k);
  for (let query = first; query < end; query++) {
    const start = query * entries;
    let count = 0;
    let edge = -Infinity;
    for (let chunk = 0; chunk < chunks; chunk++) {
      let lowest = Infinity;
      for (let at = start + chunk * most; at < start + (chunk + 1) * most; at++) {
        const isThere = found[2 * at + 1] !== none;
        const value = isThere ? (values[2 * at] as number) : -Infinity;
        if (value < lowest) lowest = value;
        if (isThere) sorted[count++] = value;
      }
      if (lowest > edge) edge = lowest;
    }
    scorer.ask(query);
    const cut = count > k ? nthLargest(sorted, count, k) - 2 * scorer.bound : -Infinity;
    if (most < parameters.rows && edge > -Infinity && edge >= cut) {
      counts[query] = unresolved;
      continue;
    }
    list.clear();
    for (let at = start; at < start + entries; at++) {
      const row = found[2 * at + 1] as number;
      if (row === none || (values[2 * at] as number) < cut) continue;
      list.offer(scorer.score(row), scorer.order(row), row);
    }
    counts[query] = list.writeTo(scores, rows, query * k);
  }
}

export interface ExhaustParameters extends Range, RowsParameters {}

/** arrays: queries to look at, u32; queries, scores, rows and counts as for `settle`; the mask; then the blocks. */
export function exhaust(arrays: Arrays, parameters: ExhaustParameters): void {
  const { first, end, k } = parameters;
  const asked = arrays[0] as Uint32Array;
  const [scores, rows, counts, mask] = arrays.slice(2, 6) as [
    Float64Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  const scorer = new Scorer(arrays, parameters, 6);
  const list = new TopList(k);
  for (let at = first; at < end; at++) {
    const query = asked[at] as number;
    scorer.ask(query);
    list.clear();
    for (let row = 0; row < parameters.rows; row++) {
      if ((((mask[row >>> 5] as number) >>> (row & 31)) & 1) === 0) continue;
      list.offer(scorer.score(row), scorer.order(row), row);
    }
    counts[query] = list.writeTo(scores, rows, query * k);
  }
}

/** f64 sums of f32 numbers in the order of their dimensions: the same wherever the candidates came from. */
class Scorer {
  readonly #blocks: Arrays;
  readonly #queries: Float32Array;
  readonly #parameters: RowsParameters;
  #start = 0;
  #length = 0;

  constructor(arrays: Arrays, parameters: RowsParameters, firstBlock = 5) {
    this.#queries = arrays[1] as Float32Array;
    this.#blocks = arrays.slice(firstBlock);
    this.#parameters = parameters;
  }

  ask(query: number): void {
    const { dimensions, inner } = this.#parameters;
    this.#start = query * inner;
    let sum = 0;
    for (let i = 0; i < dimensions; i++) sum += (this.#queries[this.#start + i] as number) ** 2;
    this.#length = Math.sqrt(sum);
  }

  /**
   * The most that a product may differ from the exact one: n u |q| |r| for f32 sums in any order, Higham, "Accuracy and
   * Stability of Numerical Algorithms", 3.1; and what is lost where devices flush denormal numbers to zero.
   */
  get bound(): number {
    const { metric, inner, longest } = this.#parameters;
    const length = this.#length;
    const unit = (inner + 2) * 2 ** -24 * 1.01;
    const denormals = 2 ** -126 * (2 * inner + Math.sqrt(inner) * (length + longest));
    if (metric === "cosine") return unit * 1.001 + 2 ** -22 + denormals;
    if (metric === "dot") return unit * length * longest + denormals;
    const rounding = unit * 2 ** -29 * (length + longest) ** 2;
    return unit * (length * longest + longest ** 2) + rounding + denormals;
  }

  order(row: number): number {
    const { blockRows } = this.#parameters;
    const order = this.#blocks[2 * Math.floor(row / blockRows) + 1] as Float64Array;
    return order[row % blockRows] as number;
  }

  score(row: number): number {
    const { metric, dimensions, inner, blockRows } = this.#parameters;
    const queries = this.#queries;
    const data = this.#blocks[2 * Math.floor(row / blockRows)] as Float32Array;
    const at = (row % blockRows) * inner;
    const start = this.#start;
    let sum = 0;
    if (metric === "l2") {
      for (let i = 0; i < dimensions; i++) {
        const difference = (queries[start + i] as number) - (data[at + i] as number);
        sum += difference * difference;
      }
      return -Math.sqrt(sum);
    }
    if (metric === "dot") {
      for (let i = 0; i < dimensions; i++) sum += (queries[start + i] as number) * (data[at + i] as number);
      return sum;
    }
    let squares = 0;
    for (let i = 0; i < dimensions; i++) {
      const value = data[at + i] as number;
      sum += (queries[start + i] as number) * value;
      squares += value * value;
    }
    return sum / (this.#length * Math.sqrt(squares));
  }
}

/** The k best by score, then by order: a heap with the worst at its root. */
class TopList {
  readonly #k: number;
  readonly #scores: Float64Array;
  readonly #orders: Float64Array;
  readonly #rows: Uint32Array;
  #count = 0;

  constructor(k: number) {
    this.#k = k;
    this.#scores = new Float64Array(k);
    this.#orders = new Float64Array(k);
    this.#rows = new Uint32Array(k);
  }

  clear(): void {
    this.#count = 0;
  }

  offer(score: number, order: number, row: number): void {
    if (this.#count < this.#k) {
      let at = this.#count++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!this.#isWorse(score, order, parent)) break;
        this.#copy(parent, at);
        at = parent;
      }
      this.#set(at, score, order, row);
    } else if (this.#isBetter(score, order, 0)) {
      this.#sink(score, order, row);
    }
  }

  /** Best first; how many there are. */
  writeTo(scores: Float64Array, rows: Uint32Array, start: number): number {
    const count = this.#count;
    for (let place = count - 1; place >= 0; place--) {
      scores[start + place] = this.#scores[0] as number;
      rows[start + place] = this.#rows[0] as number;
      const last = --this.#count;
      if (last > 0) {
        this.#sink(this.#scores[last] as number, this.#orders[last] as number, this.#rows[last] as number);
      }
    }
    return count;
  }

  #sink(score: number, order: number, row: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#count) break;
      const other = child + 1;
      if (
        other < this.#count &&
        this.#isWorse(this.#scores[other] as number, this.#orders[other] as number, child)
      ) {
        child = other;
      }
      if (!this.#isBetter(score, order, child)) break;
      this.#copy(child, at);
      at = child;
    }
    this.#set(at, score, order, row);
  }

  #isBetter(score: number, order: number, than: number): boolean {
    const other = this.#scores[than] as number;
    return score > other || (score === other && order < (this.#orders[than] as number));
  }

  #isWorse(score: number, order: number, than: number): boolean {
    const other = this.#scores[than] as number;
    return score < other || (score === other && order > (this.#orders[than] as number));
  }

  #copy(from: number, to: number): void {
    this.#set(to, this.#scores[from] as number, this.#orders[from] as number, this.#rows[from] as number);
  }

  #set(at: number, score: number, order: number, row: number): void {
    this.#scores[at] = score;
    this.#orders[at] = order;
    this.#rows[at] = row;
  }
}

/** Of the first `count`, which it reorders. */
function nthLargest(values: Float32Array, count: number, nth: number): number {
  if (count > 64) {
    values.subarray(0, count).sort();
    return values[count - nth] as number;
  }
  for (let i = 1; i < count; i++) {
    const value = values[i] as number;
    let at = i;
    while (at > 0 && (values[at - 1] as number) < value) {
      values[at] = values[at - 1] as number;
      at--;
    }
    values[at] = value;
  }
  return values[nth - 1] as number;
}
