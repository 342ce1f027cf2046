import { formatShape } from "../../core/shape.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { Matrix, type MatrixInput } from "../../matrix/index.ts";
import { floatInput } from "../../matrix/input.ts";
import type { OperationReport, RunOptions, Runtime } from "../../runtime/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { EdgeList, module, mostNodes, type Normalize, type Rows } from "./edges.ts";
import { none } from "./host.ts";
import { type PropagateParameters, propagateOperation } from "./propagate-operation.ts";

type Indices = Uint32Array | Int32Array | readonly number[];
type Weights = Float32Array | readonly number[];

/** Edges by their ends: from[i] sends to to[i]. */
export interface EdgeArrays {
  readonly from: Indices;
  readonly to: Indices;
  /** Default 1 each. */
  readonly weights?: Weights | undefined;
}

/** Edges in compressed rows: agent a sends to `targets[rowStarts[a]]` and those before `targets[rowStarts[a + 1]]`. */
export interface EdgeRows {
  readonly rowStarts: Indices;
  readonly targets: Indices;
  readonly weights?: Weights | undefined;
}

export interface AgentGraphOptions {
  /** Agents; they count from 0. */
  readonly nodes: number;
  readonly edges?: EdgeArrays | EdgeRows | undefined;
  /** `false`: every edge leads both ways. Default true. */
  readonly directed?: boolean | undefined;
}

export interface PropagateOptions extends RunOptions {
  /** Default 1, at most 65,536. */
  readonly steps?: number | undefined;
  /** What values are multiplied with at each step. Default 1. */
  readonly decay?: number | undefined;
  /**
   * What an agent makes of weight times value over the edges that lead to it: their sum, the sum divided by the sum of
   * the weights ("mean"), the largest, or that of the edge given last. Without edges, 0. Default "sum".
   */
  readonly reduce?: "sum" | "mean" | "max" | "last" | undefined;
  /**
   * The share of the values at the start that every step returns to, from 0 to 1: with `normalize: "out"`, personalised
   * PageRank. Page, Brin, Motwani and Winograd, "The PageRank Citation Ranking", 1999. Default 0.
   */
  readonly restart?: number | undefined;
  /** Divides weights by the sum of those that leave the same agent ("out") or come to it ("in"). Default "none". */
  readonly normalize?: Normalize | undefined;
  /**
   * Tells for each agent which source reached it: the one that came first and then on the strongest way, or the one on the
   * strongest way of all. The strength of a way is the product of decay and the weights' sizes. Default: does not.
   */
  readonly provenance?: "first" | "strongest" | undefined;
  /** For `provenance`. Default: agents whose values are not all 0. */
  readonly sources?: Indices | undefined;
}

export interface Provenance {
  /** The agent that it came from; -1 where nothing came. Sources come from themselves. */
  readonly source: Int32Array;
  /** Steps that it took; -1 where nothing came. */
  readonly hop: Int32Array;
  /** Of the way; 1 for sources. */
  readonly strength: Float32Array;
}

export interface Propagated {
  /** Of the shape that was given; it stays where it was made until it is read. */
  readonly values: Matrix;
  readonly provenance: Provenance | undefined;
  readonly report: OperationReport | undefined;
}

const mostSteps = 65_536;

/**
 * Who passes what on to whom. Values are summed in f32 in the order in which edges were given, every operation rounded once,
 * on devices and on the processor: both give the same numbers. What is smaller than 2^-100 becomes 0.
 */
export class AgentGraph implements Disposable {
  readonly #runtime: Runtime;
  readonly #list: EdgeList;
  readonly #held = new Map<Normalize, Held>();
  #disposed = false;

  /** @internal Use `createGraph`. */
  constructor(runtime: Runtime, nodes: number, isDirected: boolean) {
    this.#runtime = runtime;
    this.#list = new EdgeList(nodes, isDirected);
  }

  /** Agents, those included that left. */
  get nodes(): number {
    return this.#list.nodes;
  }

  /** Adds edges after those that are there. Rejects with INVALID_ARGUMENT or INVALID_VALUE naming the edge that is wrong. */
  async connect(edges: EdgeArrays | EdgeRows): Promise<void> {
    this.#assertOpen();
    const arrays = edgeArrays(edges, this.nodes);
    const { from, to, weights } = arrays;
    const parameters = { nodes: this.nodes };
    const run = { module, name: "checkEdges", arrays: [from, to, weights], parameters, effort: from.length };
    await javascriptEngine.run(run);
    this.#assertOpen();
    this.#list.append(arrays);
  }

  /** Removes all edges between two agents, where there are any. Throws INVALID_ARGUMENT. */
  disconnect(from: number, to: number): void {
    this.#list.disconnect(this.#node(from), this.#node(to));
  }

  /** Makes room for more agents and returns the first of them. Throws INVALID_ARGUMENT. */
  join(count = 1): number {
    assertNodes(this.nodes + count, count);
    return this.#list.join(count);
  }

  /** Removes all edges of an agent; its number is not given to another one. Throws INVALID_ARGUMENT. */
  leave(node: number): void {
    this.#list.leave(this.#node(node));
  }

  /**
   * Passes values [nodes] or [nodes, n] along the edges. The graph stays on the device, steps run there without coming
   * back. Rejects with INVALID_ARGUMENT for values of another shape and options out of range, and as `runtime.run` does.
   */
  async propagate(values: MatrixInput | Float32Array, options: PropagateOptions = {}): Promise<Propagated> {
    this.#assertOpen();
    const settings = settingsOf(options);
    if (!(values instanceof Float32Array))
      return this.#propagate(floatInput(values, "values"), settings, options);
    using given = Matrix.from(values, [this.nodes, values.length / Math.max(1, this.nodes)]);
    return await this.#propagate(given, settings, options);
  }

  async #propagate(given: Matrix, settings: Settings, options: PropagateOptions): Promise<Propagated> {
    const { nodes } = this;
    const [height, columns = 1] = given.shape;
    if (height !== nodes || given.shape.length > 2) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Values ${formatShape(given.shape)} do not go with ${nodes} agents`,
        hint: `Pass ${nodes} rows.`,
      });
    }
    const known = settings.provenance && this.#sources(given, nodes, options.sources);
    const held = this.#hold(settings.normalize);
    try {
      const rows = await held.rows;
      const state = await known;
      if (settings.steps === 0) {
        const copy = Matrix.from((await given.read()).slice(), given.shape);
        return { values: copy, provenance: state && provenanceOf(state), report: undefined };
      }
      const { normalize: _, ...rest } = settings;
      return await this.#run(rows, given, state, { ...rest, nodes, entries: rows.entries, columns }, options);
    } finally {
      await known?.catch(() => undefined);
      release(held);
    }
  }

  async #run(
    rows: Rows,
    given: Matrix,
    known: Uint32Array | undefined,
    parameters: PropagateParameters,
    options: PropagateOptions,
  ): Promise<Propagated> {
    const inputs = [rows.starts, rows.places, rows.weights, rows.shares, given];
    using state = known && Matrix.from(known, [parameters.nodes, 4], "u32");
    const all = state === undefined ? inputs : [...inputs, state];
    const [result, after] = await propagateOperation(this.#runtime, all, parameters, options);
    try {
      const words = after === undefined ? undefined : ((await after.read()) as Uint32Array);
      const values = result as Matrix;
      return { values, provenance: words && provenanceOf(words), report: values.report };
    } catch (error) {
      result?.dispose();
      throw error;
    } finally {
      after?.dispose();
    }
  }

  /** Frees what devices hold of it. Safe to call twice. */
  dispose(): void {
    this.#disposed = true;
    for (const held of this.#held.values()) release(held);
    this.#held.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The rows as they are now, for as long as they are not released. */
  #hold(normalize: Normalize): Held {
    const { version } = this.#list;
    let held = this.#held.get(normalize);
    if (held?.version !== version) {
      if (held !== undefined) release(held);
      held = { version, rows: this.#list.compressed(normalize), users: 1 };
      this.#held.set(normalize, held);
      held.rows.catch(() => this.#held.delete(normalize));
    }
    held.users++;
    return held;
  }

  async #sources(values: Matrix, nodes: number, sources: Indices | undefined): Promise<Uint32Array> {
    const known = new Uint32Array(4 * nodes);
    const strengths = new Float32Array(known.buffer);
    for (let node = 0; node < nodes; node++) known[4 * node] = none;
    const begin = (node: number) => {
      known[4 * node] = node;
      strengths[4 * node + 2] = 1;
    };
    if (sources !== undefined) {
      for (const node of sources) begin(this.#node(node));
      return known;
    }
    const numbers = await values.read();
    const columns = numbers.length / Math.max(1, nodes);
    for (let node = 0; node < nodes; node++) {
      if (node % 1024 === 0) while (isTurnLong()) await nextTurn();
      for (let at = node * columns; at < (node + 1) * columns; at++) {
        if (numbers[at] === 0) continue;
        begin(node);
        break;
      }
    }
    return known;
  }

  #node(node: number): number {
    if (Number.isSafeInteger(node) && node >= 0 && node < this.nodes) return node;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `There is no agent ${String(node)} in a graph of ${this.nodes}`,
      hint: "Agents count from 0.",
    });
  }

  #assertOpen(): void {
    if (!this.#disposed) return;
    throw new AikoError("DISPOSED", { message: "This graph is disposed", hint: "Make a new one." });
  }
}

/**
 * A graph of agents. Rejects with INVALID_ARGUMENT for edges that lead to nobody or do not fit together, INVALID_VALUE for
 * weights that are no finite numbers.
 */
export async function createGraph(
  runtime: Runtime,
  { nodes, edges, directed = true }: AgentGraphOptions,
): Promise<AgentGraph> {
  assertNodes(nodes, nodes);
  const graph = new AgentGraph(runtime, nodes, directed);
  if (edges !== undefined) await graph.connect(edges);
  return graph;
}

/** Rows that the graph and calls under way use; the last of them frees what devices hold. */
interface Held {
  readonly version: number;
  readonly rows: Promise<Rows>;
  users: number;
}

function release(held: Held): void {
  held.users--;
  if (held.users > 0) return;
  void held.rows.then(
    (rows) => rows[Symbol.dispose](),
    () => undefined,
  );
}

function assertNodes(nodes: number, given: number): void {
  if (Number.isSafeInteger(given) && given >= 0 && nodes <= mostNodes) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A graph cannot have ${String(nodes)} agents`,
    hint: `Give a whole number up to ${mostNodes}.`,
  });
}

type Settings = Omit<PropagateParameters, "nodes" | "entries" | "columns"> & {
  readonly normalize: Normalize;
};

function settingsOf(options: PropagateOptions): Settings {
  const { steps = 1, decay = 1, reduce = "sum", restart = 0, normalize = "none", provenance } = options;
  const refuse = (name: string, value: unknown, expected: string): never => {
    throw new AikoError("INVALID_ARGUMENT", { message: `${name} is ${String(value)}, not ${expected}` });
  };
  if (!(Number.isSafeInteger(steps) && steps >= 0 && steps <= mostSteps)) {
    refuse("steps", steps, `a whole number up to ${mostSteps}`);
  }
  if (!(decay >= 0 && decay <= 1e6)) refuse("decay", decay, "a number from 0");
  if (!(restart >= 0 && restart <= 1)) refuse("restart", restart, "a number from 0 to 1");
  if (!["sum", "mean", "max", "last"].includes(reduce)) refuse("reduce", reduce, "sum, mean, max or last");
  if (!["none", "out", "in"].includes(normalize)) refuse("normalize", normalize, "none, out or in");
  if (provenance !== undefined && provenance !== "first" && provenance !== "strongest") {
    refuse("provenance", provenance, "first or strongest");
  }
  const isShared = reduce === "mean";
  const factor = decay * (1 - restart);
  return {
    steps,
    decay,
    reduce: reduce === "mean" ? "sum" : reduce,
    isShared,
    factor,
    restart,
    normalize,
    provenance,
  };
}

function provenanceOf(known: Uint32Array): Provenance {
  const nodes = known.length / 4;
  const strengths = new Float32Array(known.buffer, known.byteOffset, known.length);
  const source = new Int32Array(nodes);
  const hop = new Int32Array(nodes);
  const strength = new Float32Array(nodes);
  for (let node = 0; node < nodes; node++) {
    const from = known[4 * node] as number;
    source[node] = from === none ? -1 : from;
    hop[node] = from === none ? -1 : (known[4 * node + 1] as number);
    strength[node] = strengths[4 * node + 2] as number;
  }
  return { source, hop, strength };
}

function edgeArrays(edges: EdgeArrays | EdgeRows, nodes: number) {
  if ("rowStarts" in edges) {
    const starts = indices(edges.rowStarts, "Row start");
    const to = indices(edges.targets, "The target of edge");
    if (starts.length !== nodes + 1 || starts[0] !== 0 || starts[nodes] !== to.length) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${starts.length} row starts up to ${starts.at(-1)} do not go with ${nodes} agents and ${to.length} edges`,
        hint: "It takes one row start more than agents, from 0 to the number of edges.",
      });
    }
    const from = new Uint32Array(to.length);
    for (let node = 0; node < nodes; node++) {
      const [start, end] = [starts[node] as number, starts[node + 1] as number];
      if (start > end || end > to.length) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `The edges of agent ${node} go from ${start} to ${end}`,
          hint: "Row starts never fall.",
        });
      }
      from.fill(node, start, end);
    }
    return { from, to, weights: weightsOf(edges.weights, to.length) };
  }
  const from = indices(edges.from, "The start of edge");
  const to = indices(edges.to, "The end of edge");
  if (from.length !== to.length) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${from.length} starts do not go with ${to.length} ends of edges`,
    });
  }
  return { from, to, weights: weightsOf(edges.weights, to.length) };
}

function weightsOf(weights: Weights | undefined, count: number): Float32Array {
  if (weights === undefined) return new Float32Array(count).fill(1);
  if (weights.length !== count) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${weights.length} weights do not go with ${count} edges`,
    });
  }
  return Float32Array.from(weights);
}

function indices(given: Indices, what: string): Uint32Array {
  if (given instanceof Uint32Array) return given.slice();
  const bad = given.findIndex(
    (index: number) => !(Number.isSafeInteger(index) && index >= 0 && index < none),
  );
  if (bad < 0) return Uint32Array.from(given);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${what} ${bad} is ${given[bad]}`,
    hint: "Agents count from 0.",
  });
}
