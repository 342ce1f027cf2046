import { AikoError } from "../../errors.ts";

type Numbers = Float32Array | Uint32Array;

/** Below this, numbers become 0: devices differ in what they do with numbers that small. */
const tiny = 2 ** -100;
export const none = 0xffffffff;

export interface CompressParameters {
  readonly nodes: number;
  readonly isDirected: boolean;
  readonly normalize: "none" | "out" | "in";
  readonly disconnected: readonly { readonly from: number; readonly to: number; readonly before: number }[];
}

/**
 * arrays: from, to and weight of each edge in the order given; for each node, the edge before which its edges are gone; then
 * to be written: row starts, places, weights, shares, and from, to and weights of the edges that are left. Returns how many
 * entries the rows have and how many edges are left. Row v holds the edges into v in the order given.
 */
export function compress(arrays: readonly Numbers[], parameters: CompressParameters): [number, number] {
  const [from, to, weight, left, starts, places, values, shares, keptFrom, keptTo, keptWeight] = arrays as [
    Uint32Array,
    Uint32Array,
    Float32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Float32Array,
    Float32Array,
    Uint32Array,
    Uint32Array,
    Float32Array,
  ];
  const { nodes, isDirected } = parameters;
  const cut = new Map<number, number>();
  for (const { from: a, to: b, before } of parameters.disconnected) {
    cut.set(a * nodes + b, before);
    if (!isDirected) cut.set(b * nodes + a, before);
  }
  let kept = 0;
  starts.fill(0);
  for (let edge = 0; edge < from.length; edge++) {
    const [a, b] = [from[edge] as number, to[edge] as number];
    if (edge < (left[a] as number) || edge < (left[b] as number)) continue;
    if (cut.size > 0 && edge < (cut.get(a * nodes + b) ?? 0)) continue;
    keptFrom[kept] = a;
    keptTo[kept] = b;
    keptWeight[kept++] = weight[edge] as number;
    starts[b + 1] = (starts[b + 1] as number) + 1;
    if (!isDirected && a !== b) starts[a + 1] = (starts[a + 1] as number) + 1;
  }
  for (let node = 0; node < nodes; node++) {
    starts[node + 1] = (starts[node + 1] as number) + (starts[node] as number);
  }
  const next = starts.slice(0, nodes);
  const put = (source: number, target: number, value: number) => {
    const at = next[target] as number;
    next[target] = at + 1;
    places[at] = source;
    values[at] = value;
  };
  for (let edge = 0; edge < kept; edge++) {
    const [a, b] = [keptFrom[edge] as number, keptTo[edge] as number];
    put(a, b, keptWeight[edge] as number);
    if (!isDirected && a !== b) put(b, a, keptWeight[edge] as number);
  }
  const entries = starts[nodes] as number;
  normalizeWeights(starts, places, values, nodes, entries, parameters.normalize);
  for (let node = 0; node < nodes; node++) {
    let sum = 0;
    for (let at = starts[node] as number; at < (starts[node + 1] as number); at++)
      sum += values[at] as number;
    shares[node] = sum === 0 ? 0 : 1 / sum;
  }
  return [entries, kept];
}

/** Divides the weights by the sum of those that leave the same node, or that come to it. */
function normalizeWeights(
  starts: Uint32Array,
  places: Uint32Array,
  values: Float32Array,
  nodes: number,
  entries: number,
  normalize: CompressParameters["normalize"],
): void {
  if (normalize === "none") return;
  const sums = new Float64Array(nodes);
  const eachEntry = (visit: (node: number, at: number) => void) => {
    for (let node = 0; node < nodes; node++) {
      for (let at = starts[node] as number; at < (starts[node + 1] as number); at++) {
        visit(normalize === "in" ? node : (places[at] as number), at);
      }
    }
  };
  eachEntry((node, at) => {
    sums[node] = (sums[node] as number) + (values[at] as number);
  });
  eachEntry((node, at) => {
    const sum = sums[node] as number;
    values[at] = sum === 0 ? 0 : (values[at] as number) / sum;
  });
  for (let at = 0; at < entries; at++) {
    if (!Number.isFinite(values[at] as number)) {
      throw new AikoError("INVALID_VALUE", {
        message: "The weights of an agent add up to so little that they cannot be divided by it",
        hint: 'Use normalize: "none", or weights of one sign.',
      });
    }
  }
}

export interface EdgeCheck {
  readonly nodes: number;
}

/** arrays: from, to and weights. Throws INVALID_ARGUMENT or INVALID_VALUE naming the edge that is wrong. */
export function checkEdges([from, to, weights]: readonly Numbers[], { nodes }: EdgeCheck): void {
  if (from === undefined || to === undefined || weights === undefined) return;
  for (let edge = 0; edge < from.length; edge++) {
    const [a, b] = [from[edge] as number, to[edge] as number];
    if (a >= nodes || b >= nodes) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Edge ${edge} goes from agent ${a} to agent ${b} of a graph of ${nodes}`,
        hint: "Agents count from 0. Make room for more with join().",
      });
    }
    if (Number.isFinite(weights[edge] as number)) continue;
    throw new AikoError("INVALID_VALUE", {
      message: `The weight of edge ${edge} is ${weights[edge]}`,
      hint: "Weights are finite numbers within f32.",
    });
  }
}

export interface StepParameters {
  readonly first: number;
  readonly end: number;
  readonly columns: number;
  readonly reduce: "sum" | "max" | "last";
  readonly isShared: boolean;
  readonly factor: number;
  readonly restart: number;
}

/** arrays: row starts, places, weights, shares, before, first and after. One step for the nodes from `first` before `end`. */
export function step(arrays: readonly Numbers[], parameters: StepParameters): void {
  const [starts, places, weights, shares, before, given, after] = arrays as [
    Uint32Array,
    Uint32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const { columns, reduce, isShared } = parameters;
  const factor = Math.fround(parameters.factor);
  const restart = Math.fround(parameters.restart);
  for (let node = parameters.first; node < parameters.end; node++) {
    const line = node * columns;
    const start = starts[node] as number;
    const end = starts[node + 1] as number;
    const share = isShared ? (shares[node] as number) : 1;
    for (let j = 0; j < columns; j++) after[line + j] = 0;
    for (let at = reduce === "last" ? Math.max(start, end - 1) : start; at < end; at++) {
      const weight = weights[at] as number;
      const source = (places[at] as number) * columns;
      if (reduce === "max" && at > start) {
        for (let j = 0; j < columns; j++) {
          const value = Math.fround((before[source + j] as number) * weight);
          if (value > (after[line + j] as number)) after[line + j] = value;
        }
      } else if (reduce === "sum") {
        for (let j = 0; j < columns; j++) {
          after[line + j] =
            (after[line + j] as number) + Math.fround((before[source + j] as number) * weight);
        }
      } else {
        for (let j = 0; j < columns; j++) after[line + j] = (before[source + j] as number) * weight;
      }
    }
    for (let j = 0; j < columns; j++) {
      let value = Math.fround(Math.fround((after[line + j] as number) * share) * factor);
      if (restart !== 0) value = Math.fround(value + Math.fround((given[line + j] as number) * restart));
      after[line + j] = Math.abs(value) < tiny ? 0 : value;
    }
  }
}

export interface TraceParameters {
  readonly first: number;
  readonly end: number;
  readonly strongest: boolean;
  readonly hop: number;
  readonly factor: number;
}

/** arrays: row starts, places, weights, and what is known of each node before and after: as the kernel `trace` has it. */
export function trace(arrays: readonly Numbers[], parameters: TraceParameters): void {
  const [starts, places, weights, before, after] = arrays as [
    Uint32Array,
    Uint32Array,
    Float32Array,
    Uint32Array,
    Uint32Array,
  ];
  const strengths = new Float32Array(before.buffer, before.byteOffset, before.length);
  const written = new Float32Array(after.buffer, after.byteOffset, after.length);
  const factor = Math.fround(parameters.factor);
  for (let node = parameters.first; node < parameters.end; node++) {
    let source = before[4 * node] as number;
    let hop = before[4 * node + 1] as number;
    let strength = strengths[4 * node + 2] as number;
    if (source === none || parameters.strongest) {
      for (let at = starts[node] as number; at < (starts[node + 1] as number); at++) {
        const place = places[at] as number;
        const known = before[4 * place] as number;
        if (known === none) continue;
        const weight = Math.fround(Math.abs(weights[at] as number) * factor);
        const way = Math.fround(weight * (strengths[4 * place + 2] as number));
        if (!(way > strength && way >= tiny)) continue;
        source = known;
        hop = parameters.hop;
        strength = way;
      }
    }
    after[4 * node] = source;
    after[4 * node + 1] = hop;
    written[4 * node + 2] = strength;
    after[4 * node + 3] = 0;
  }
}
