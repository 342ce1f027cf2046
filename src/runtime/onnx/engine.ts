import type { Shape } from "../../core/shape.ts";
import { abortError } from "../abort.ts";
import { loadOnnxLibrary, type OnnxLibrary } from "./library.ts";
import { type Loaded, prepare } from "./loaded.ts";
import type { Graph } from "./model.ts";
import { ModelSession, type ModelSource } from "./model-session.ts";
import { check, createSession, type Session } from "./session.ts";

/** f32 data in host memory, row-major. */
export interface HostTensor {
  readonly data: Float32Array;
  readonly shape: Shape;
}

export interface OnnxRequest {
  /** Names the graph: requests with one key share a session. */
  readonly key: string;
  readonly graph: () => Graph;
  /** In the graph's order. */
  readonly inputs: readonly HostTensor[];
  /** Written in place; their shapes must be those that the graph computes. */
  readonly outputs: readonly HostTensor[];
  /**
   * Floating-point operations plus ten for each byte touched. With it, a run predicted to take under three milliseconds
   * happens at once on the JavaScript thread, which saves waking another one.
   */
  readonly effort?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface OnnxTiming {
  /** Waiting for earlier requests and, the first time, for the library and the session. */
  readonly queueMs: number;
  readonly runMs: number;
}

/** The longest run predicted for which the JavaScript thread is held up, in milliseconds. */
const shortMs = 3;
/** Below this effort, runs are all overhead and say nothing about speed. */
const leastEffort = 1e6;

/** Each session keeps a thread pool of its own. */
const maxSessions = 16;

/**
 * ONNX Runtime's CPU provider, off the JavaScript thread and without a copy: a worker thread runs it on the caller's
 * own arrays. One request at a time, because each uses every core. Failures reject with OUT_OF_MEMORY or
 * INTERNAL, absence with ENGINE_MISSING.
 */
export class OnnxEngine {
  readonly #load: () => Promise<OnnxLibrary>;
  readonly #sessions = new Map<string, Session>();
  #loading: Promise<Loaded> | undefined;
  #loaded: Loaded | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Milliseconds per unit of effort, lately. */
  #pace = 0;

  constructor(load: () => Promise<OnnxLibrary> = loadOnnxLibrary) {
    this.#load = load;
  }

  run(request: OnnxRequest): Promise<OnnxTiming> {
    const asked = performance.now();
    if (this.#waiting === 0 && this.#loaded !== undefined && this.#isShort(request)) {
      const session = this.#sessions.get(request.key);
      if (session !== undefined) return this.#runHere(this.#loaded, session, request);
    }
    return this.#queued(
      this.#waiting === 0 ? this.#runOffThread(request, asked) : this.#runNext(request, asked),
    );
  }

  /**
   * Makes a session of a whole model. Rejects with ENGINE_MISSING, with UNSUPPORTED for an operator or a provider that this
   * ONNX Runtime lacks, and with INVALID_FILE for a model that it refuses.
   */
  async open(source: ModelSource): Promise<ModelSession> {
    const loaded = this.#loaded ?? (await this.#ready());
    return ModelSession.open(loaded, this, source);
  }

  /** Whether nothing runs or waits. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /** Runs `task` when everything asked for before is done. */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#queued(this.#waiting === 0 ? task() : this.#last.then(task));
  }

  #queued<T>(turn: Promise<T>): Promise<T> {
    this.#waiting++;
    this.#last = turn.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return turn;
  }

  #isShort({ effort = Number.POSITIVE_INFINITY }: OnnxRequest): boolean {
    return effort <= leastEffort || (this.#pace > 0 && effort * this.#pace <= shortMs);
  }

  #timing({ effort }: OnnxRequest, queueMs: number, runMs: number): OnnxTiming {
    if (effort !== undefined && effort > leastEffort) {
      const pace = runMs / effort;
      this.#pace = this.#pace === 0 ? pace : 0.75 * this.#pace + 0.25 * pace;
    }
    return { queueMs, runMs };
  }

  async #runNext(request: OnnxRequest, asked: number): Promise<OnnxTiming> {
    await this.#last;
    return this.#runOffThread(request, asked);
  }

  async #runHere(loaded: Loaded, session: Session, request: OnnxRequest): Promise<OnnxTiming> {
    const start = performance.now();
    const { library } = loaded;
    const values = new Values(loaded, request);
    try {
      check(library, library.run(...values.runArguments(session)));
    } finally {
      values.release();
    }
    return this.#timing(request, 0, performance.now() - start);
  }

  async #runOffThread(request: OnnxRequest, asked: number): Promise<OnnxTiming> {
    if (request.signal?.aborted) throw abortError(request.signal, "A request to ONNX Runtime");
    const loaded = this.#loaded ?? (await this.#ready());
    const session = this.#sessions.get(request.key) ?? (await this.#makeSession(loaded, request));
    const start = performance.now();
    const { library } = loaded;
    const values = new Values(loaded, request);
    try {
      check(library, (await loaded.runner.run(values.runArguments(session))).status);
    } finally {
      values.release();
    }
    return this.#timing(request, start - asked, performance.now() - start);
  }

  async #ready(): Promise<Loaded> {
    this.#loading ??= prepare(this.#load());
    try {
      this.#loaded = await this.#loading;
      return this.#loaded;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  async #makeSession({ library, env }: Loaded, { key, graph }: OnnxRequest): Promise<Session> {
    for (const [oldest, session] of this.#sessions) {
      if (this.#sessions.size < maxSessions) break;
      this.#sessions.delete(oldest);
      library.releaseSession(session.address);
    }
    const session = await createSession(library, env, graph());
    this.#sessions.set(key, session);
    return session;
  }
}

const wordBytes = 8;

/** The tensors of one run. Native code reads the request's arrays, so it is held until they are released. */
class Values {
  readonly #library: OnnxLibrary;
  readonly #request: OnnxRequest;
  readonly #values: BigUint64Array;
  readonly #address: number;
  #made = 0;

  constructor({ library, memory }: Loaded, request: OnnxRequest) {
    this.#library = library;
    this.#request = request;
    this.#values = new BigUint64Array(request.inputs.length + request.outputs.length);
    this.#address = library.addressOf(this.#values);
    try {
      for (const tensor of request.inputs) this.#make(memory, tensor);
      for (const tensor of request.outputs) this.#make(memory, tensor);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  runArguments({ address, inputNames, outputNames }: Session): Parameters<OnnxLibrary["run"]> {
    const { inputs, outputs } = this.#request;
    const outputValues = this.#address + inputs.length * wordBytes;
    return [
      address,
      null,
      inputNames,
      this.#address,
      inputs.length,
      outputNames,
      outputs.length,
      outputValues,
    ];
  }

  release(): void {
    for (let index = 0; index < this.#made; index++) this.#library.releaseValue(this.#values[index] ?? 0n);
    this.#made = 0;
  }

  #make(memory: number, { data, shape }: HostTensor): void {
    const float32 = 1;
    const sizes = BigInt64Array.from(shape, BigInt);
    const out = this.#address + this.#made * wordBytes;
    const at = this.#library.addressOf(sizes);
    check(
      this.#library,
      this.#library.createTensorWithData(memory, data, data.byteLength, at, sizes.length, float32, out),
    );
    this.#made++;
  }
}

/** The process shares one engine: ONNX Runtime itself allows one environment. */
export const onnxEngine = new OnnxEngine();
