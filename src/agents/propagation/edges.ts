import { AikoError } from "../../errors.ts";
import { Matrix } from "../../matrix/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import type { CompressParameters } from "./host.ts";

export const module = new URL("./host.js", import.meta.url).href;

export type Normalize = CompressParameters["normalize"];

/** The edges into each node in the order given, ready for devices. */
export interface Rows extends Disposable {
  readonly starts: Matrix<"u32">;
  readonly places: Matrix<"u32">;
  readonly weights: Matrix;
  readonly shares: Matrix;
  readonly entries: number;
}

interface Edges {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly weights: Float32Array;
}

export const mostNodes = 2 ** 26;
const mostEdges = 2 ** 30;

/** Edges that come and go; what is computed with is made of them when it is next asked for. */
export class EdgeList {
  readonly isDirected: boolean;
  #nodes: number;
  #edges: Edges = { from: new Uint32Array(0), to: new Uint32Array(0), weights: new Float32Array(0) };
  #count = 0;
  /** Of each node, the edge before which its edges are gone. */
  #left: Uint32Array;
  #disconnected: { from: number; to: number; before: number }[] = [];
  #version = 0;

  constructor(nodes: number, isDirected: boolean) {
    this.isDirected = isDirected;
    this.#nodes = nodes;
    this.#left = new Uint32Array(nodes);
  }

  get nodes(): number {
    return this.#nodes;
  }

  /** Changes with every change. */
  get version(): number {
    return this.#version;
  }

  /** The arrays were checked. */
  append({ from, to, weights }: Edges): void {
    const count = this.#count + from.length;
    if (count >= mostEdges) {
      throw new AikoError("OUT_OF_MEMORY", {
        message: `A graph cannot have ${count} edges`,
        hint: `The most are ${mostEdges - 1}.`,
      });
    }
    if (this.#count === 0) {
      this.#edges = { from, to, weights };
    } else {
      if (count > this.#edges.from.length) this.#grow(Math.max(count, 2 * this.#edges.from.length));
      this.#edges.from.set(from, this.#count);
      this.#edges.to.set(to, this.#count);
      this.#edges.weights.set(weights, this.#count);
    }
    this.#count = count;
    this.#version++;
  }

  join(count: number): number {
    const first = this.#nodes;
    this.#nodes += count;
    if (this.#nodes > this.#left.length) {
      const left = new Uint32Array(Math.max(this.#nodes, 2 * this.#left.length));
      left.set(this.#left);
      this.#left = left;
    }
    this.#version++;
    return first;
  }

  leave(node: number): void {
    this.#left[node] = this.#count;
    this.#version++;
  }

  disconnect(from: number, to: number): void {
    this.#disconnected.push({ from, to, before: this.#count });
    this.#version++;
  }

  async compressed(normalize: Normalize): Promise<Rows> {
    const version = this.#version;
    const nodes = this.#nodes;
    const count = this.#count;
    const entries = this.isDirected ? count : 2 * count;
    const { from, to, weights } = this.#edges;
    const starts = new Uint32Array(nodes + 1);
    const places = new Uint32Array(Math.max(1, entries));
    const values = new Float32Array(Math.max(1, entries));
    const shares = new Float32Array(nodes);
    const kept = {
      from: new Uint32Array(count),
      to: new Uint32Array(count),
      weights: new Float32Array(count),
    };
    const given = [from.subarray(0, count), to.subarray(0, count), weights.subarray(0, count)];
    const arrays = [
      ...given,
      this.#left.slice(0, nodes),
      starts,
      places,
      values,
      shares,
      kept.from,
      kept.to,
      kept.weights,
    ];
    const parameters: CompressParameters = {
      nodes,
      isDirected: this.isDirected,
      normalize,
      disconnected: [...this.#disconnected],
    };
    const run = { module, name: "compress", arrays, parameters, effort: 10 * entries + 4 * nodes };
    const { value } = await javascriptEngine.run(run);
    const [filled, left] = value as [number, number];
    if (version === this.#version && left < count) this.#forgetGone(kept, left);
    const length = Math.max(1, filled);
    const rows = {
      starts: Matrix.from(starts, [nodes + 1], "u32"),
      places: Matrix.from(places.subarray(0, length), [length], "u32"),
      weights: Matrix.from(values.subarray(0, length), [length], "f32"),
      shares: Matrix.from(shares, [nodes], "f32"),
    };
    return {
      ...rows,
      entries: filled,
      [Symbol.dispose]: () => {
        for (const matrix of Object.values(rows)) matrix.dispose();
      },
    };
  }

  #forgetGone(kept: Edges, count: number): void {
    this.#edges = kept;
    this.#count = count;
    this.#left.fill(0);
    this.#disconnected = [];
  }

  #grow(length: number): void {
    const { from, to, weights } = this.#edges;
    const edges = {
      from: new Uint32Array(length),
      to: new Uint32Array(length),
      weights: new Float32Array(length),
    };
    edges.from.set(from.subarray(0, this.#count));
    edges.to.set(to.subarray(0, this.#count));
    edges.weights.set(weights.subarray(0, this.#count));
    this.#edges = edges;
  }
}
