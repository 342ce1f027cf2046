import type { Handle } from "../../core/native.ts";
import type { Block } from "./buffer.ts";
import type { CudaProgram } from "./kernel.ts";
import type { Launcher } from "./launcher.ts";
import type { CudaLibrary } from "./library.ts";
import { parameterPageBytes } from "./parameters.ts";
import type { Sequence } from "./sequence.ts";
import { check } from "./status.ts";

const CU_STREAM_NON_BLOCKING = 1;
const CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1;

/** Shorter sequences are launched command by command. */
const leastCommands = 4;
const maxGraphs = 64;
const maxSeen = 512;

/** A sequence that was seen before, as one launch. */
export interface Graph {
  readonly words: Uint32Array;
  readonly programs: ReadonlySet<CudaProgram>;
  readonly handle: Handle;
  /** Its own parameters, so that they are where it was captured with. */
  readonly parameters: Block | undefined;
  /** Count of the last piece of work that launched it. */
  sequence: number;
}

export interface GraphOwner {
  allocate(byteLength: number): Block;
  /** Takes a graph that is launched no more; its work may be under way. */
  retire(graph: Graph): void;
}

/** The graphs of one device, by what they do. */
export class Graphs {
  readonly #library: CudaLibrary;
  readonly #launcher: Launcher;
  readonly #owner: GraphOwner;
  /** Captures never run here, so that a failed one leaves the compute stream as it was. */
  readonly #capture: Handle;
  /** Least recently used first. */
  readonly #graphs = new Map<number, Graph>();
  readonly #seen = new Map<number, Uint32Array>();

  constructor(library: CudaLibrary, launcher: Launcher, owner: GraphOwner) {
    this.#library = library;
    this.#launcher = launcher;
    this.#owner = owner;
    check(library.cu.cuStreamCreate(library.slot(0), CU_STREAM_NON_BLOCKING), "Creating a stream");
    this.#capture = library.handleAt(0);
  }

  /** The graph that does what `sequence` does, from its second time on. */
  find(sequence: Sequence, parameterBytes: number): Graph | undefined {
    if (sequence.commands < leastCommands || parameterBytes > parameterPageBytes) return undefined;
    const hash = sequence.hash();
    const known = this.#graphs.get(hash);
    if (known !== undefined && sequence.hasWords(known.words)) {
      if (parameterBytes > (known.parameters?.byteLength ?? 0)) return undefined;
      this.#graphs.delete(hash);
      this.#graphs.set(hash, known);
      return known;
    }
    const seen = this.#seen.get(hash);
    if (seen !== undefined && sequence.hasWords(seen)) {
      this.#seen.delete(hash);
      const graph = this.#instantiate(sequence, parameterBytes);
      if (graph === undefined) return undefined;
      if (known !== undefined) this.#owner.retire(known);
      this.#graphs.delete(hash);
      this.#graphs.set(hash, graph);
      if (this.#graphs.size > maxGraphs) this.#evict();
      return graph;
    }
    if (this.#seen.size >= maxSeen) this.#seen.clear();
    this.#seen.set(hash, sequence.words.slice(0, sequence.length));
    return undefined;
  }

  /** Undefined where the driver cannot: the sequence is then launched command by command. */
  #instantiate(sequence: Sequence, parameterBytes: number): Graph | undefined {
    const { cu } = this.#library;
    const parameters = parameterBytes === 0 ? undefined : this.#owner.allocate(parameterBytes);
    const handle = this.#captured(sequence, parameters?.address ?? 0);
    if (handle === undefined) {
      if (parameters !== undefined) this.#owner.retire({ ...noGraph, parameters });
      return undefined;
    }
    const status = cu.cuGraphInstantiateWithFlags(this.#library.slot(0), handle, 0n);
    const instance = this.#library.handleAt(0);
    cu.cuGraphDestroy(handle);
    const words = sequence.words.slice(0, sequence.length);
    const programs = new Set(sequence.programs);
    const graph = { words, programs, handle: instance, parameters, sequence: 0 };
    if (status === 0) return graph;
    this.#owner.retire({ ...graph, handle: 0 });
    return undefined;
  }

  #captured(sequence: Sequence, parameters: number): Handle | undefined {
    const { cu } = this.#library;
    if (cu.cuStreamBeginCapture_v2(this.#capture, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) !== 0)
      return undefined;
    let isWhole = true;
    try {
      this.#launcher.submit(sequence, this.#capture, parameters);
    } catch {
      isWhole = false;
    }
    const status = cu.cuStreamEndCapture(this.#capture, this.#library.put(0, 0));
    const graph = this.#library.handleAt(0);
    if (isWhole && status === 0 && graph !== 0) return graph;
    if (graph !== 0) cu.cuGraphDestroy(graph);
    return undefined;
  }

  #evict(): void {
    for (const [hash, graph] of this.#graphs) {
      this.#graphs.delete(hash);
      this.#owner.retire(graph);
      return;
    }
  }

  /** Lets go of the graphs that launch a program which is about to be unloaded. */
  forget(program: CudaProgram): void {
    for (const [hash, graph] of this.#graphs) {
      if (!graph.programs.has(program)) continue;
      this.#graphs.delete(hash);
      this.#owner.retire(graph);
    }
  }

  /** Only after everything enqueued is done. */
  release(): void {
    for (const graph of this.#graphs.values()) this.#owner.retire(graph);
    this.#graphs.clear();
    this.#seen.clear();
    this.#library.cu.cuStreamDestroy_v2(this.#capture);
  }
}

const noGraph: Graph = {
  words: new Uint32Array(0),
  programs: new Set(),
  handle: 0,
  parameters: undefined,
  sequence: 0,
};
