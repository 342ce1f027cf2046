import type { PropagateOptions } from "#src/agents/index.js";

export type Edge = readonly [from: number, to: number, weight: number];

const f = Math.fround;

/** The edges into each node, in order. */
function into(
  nodes: number,
  edges: readonly Edge[],
  directed: boolean,
): [source: number, weight: number][][] {
  const lists: [number, number][][] = Array.from({ length: nodes }, () => []);
  for (const [from, to, weight] of edges) {
    lists[to]?.push([from, f(weight)]);
    if (!directed && from !== to) lists[from]?.push([to, f(weight)]);
  }
  return lists;
}

/** Step by step as the guide states it, over lists of edges. */
export function byHand(
  nodes: number,
  edges: readonly Edge[],
  directed: boolean,
  values: Float32Array,
  { steps = 1, decay = 1, reduce = "sum", restart = 0, normalize = "none" }: PropagateOptions,
): Float32Array {
  const lists = into(nodes, edges, directed);
  if (normalize !== "none") {
    const sums = new Float64Array(nodes);
    const key = (node: number, source: number) => (normalize === "in" ? node : source);
    lists.forEach((list, node) => {
      for (const [source, weight] of list) {
        const at = key(node, source);
        sums[at] = (sums[at] ?? 0) + weight;
      }
    });
    lists.forEach((list, node) => {
      for (const edge of list) {
        const sum = sums[key(node, edge[0])] ?? 0;
        edge[1] = sum === 0 ? 0 : f(edge[1] / sum);
      }
    });
  }
  const columns = values.length / nodes;
  let before = values;
  for (let step = 0; step < steps; step++) {
    const after = new Float32Array(values.length);
    lists.forEach((list, node) => {
      const total = list.reduce((sum, [, weight]) => sum + weight, 0);
      for (let j = 0; j < columns; j++) {
        const sent = list.map(([source, weight]) => f((before[source * columns + j] ?? 0) * weight));
        let value = 0;
        if (reduce === "sum" || reduce === "mean") value = sent.reduce((sum, each) => f(sum + each), 0);
        else if (reduce === "max" && sent.length > 0) value = Math.max(...sent);
        else if (reduce === "last") value = sent.at(-1) ?? 0;
        if (reduce === "mean") value = f(value * (total === 0 ? 0 : f(1 / total)));
        value = f(value * f(decay * (1 - restart)));
        if (restart > 0) value = f(value + f((values[node * columns + j] ?? 0) * f(restart)));
        after[node * columns + j] = Math.abs(value) < 2 ** -100 ? 0 : value;
      }
    });
    before = after;
  }
  return before;
}

/** The source of the strongest of all ways of up to `steps` edges, by looking at every one. */
export function strongestByHand(
  nodes: number,
  edges: readonly Edge[],
  sources: readonly number[],
  steps: number,
  decay: number,
): { source: number; strength: number }[] {
  const best = Array.from({ length: nodes }, () => ({ source: -1, strength: 0 }));
  const walk = (source: number, node: number, strength: number, left: number) => {
    const known = best[node];
    if (known !== undefined && strength > known.strength) Object.assign(known, { source, strength });
    if (left === 0) return;
    for (const [from, to, weight] of edges) {
      if (from === node) walk(source, to, strength * decay * Math.abs(weight), left - 1);
    }
  };
  for (const source of sources) walk(source, source, 1, steps);
  return best;
}

/** Steps to each node from the nearest of the sources, breadth first. */
export function hopsByHand(
  nodes: number,
  edges: readonly Edge[],
  sources: readonly number[],
  steps: number,
): number[] {
  const hops = Array.from({ length: nodes }, (_, node): number => (sources.includes(node) ? 0 : -1));
  for (let step = 1; step <= steps; step++) {
    for (const [from, to, weight] of edges) {
      if (hops[from] === step - 1 && hops[to] === -1 && weight !== 0) hops[to] = step;
    }
  }
  return hops;
}
