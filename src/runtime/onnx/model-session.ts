import { isTurnLong } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { abortError } from "../abort.ts";
import { operatorsOnCpu, recordAssignment } from "./assignment.ts";
import { describe, type ValueDescription } from "./describe.ts";
import type { OnnxEngine, OnnxTiming } from "./engine.ts";
import { expectedOutputs } from "./expected.ts";
import type { Address, OnnxLibrary } from "./library.ts";
import type { Loaded } from "./loaded.ts";
import type { Copy } from "./runner.ts";
import { calledModel, nameList, received } from "./session.ts";
import { checkModel } from "./status.ts";
import { type EngineTensor, TensorValues } from "./tensor-values.ts";

export type OnnxProvider = "cpu" | "webgpu";

export interface ModelSource {
  /** The model's file. Must not change until the session is there. */
  readonly bytes: Uint8Array;
  /** Where its external data lies. */
  readonly folder?: string | undefined;
  readonly provider: OnnxProvider;
  /** Whether a run's time depends on nothing but its inputs' sizes: short runs are then made on the JavaScript thread. */
  readonly isSteady?: boolean | undefined;
}

export interface ModelRun {
  /** By name, in any order. Their arrays are read in place, and must not change until the run is done. */
  readonly inputs: ReadonlyMap<string, EngineTensor>;
  readonly outputs: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

export interface ModelResult {
  /** In the order asked for. */
  readonly outputs: readonly EngineTensor[];
  readonly timing: OnnxTiming;
}

/** Waking the thread that runs costs 0.07 ms, which counts for runs shorter than this. */
const quickMs = 2;
/** Copied on the JavaScript thread: about 0.1 ms. */
const mostCopiedHere = 256 << 10;

/** Frees the sessions that nobody disposed. */
const dropped = new FinalizationRegistry<() => void>((release) => release());

/** A model in ONNX Runtime, which runs it off the JavaScript thread and allocates its outputs. */
export class ModelSession {
  readonly #loaded: Loaded;
  readonly #engine: OnnxEngine;
  readonly #address: Address;
  readonly #isSteady: boolean;
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  /** Operators that the WebGPU provider left to the CPU. */
  readonly onCpu: readonly string[];
  readonly #names = new Map<string, Names>();
  #isDisposed = false;
  /** Whether outputs had the sizes that the model says they have. */
  #isPredictable = true;
  /** The last run: runs no larger than a quick one are made on the JavaScript thread. */
  #last = { bytes: 0, ms: Number.POSITIVE_INFINITY };

  private constructor(loaded: Loaded, engine: OnnxEngine, address: Address, source: ModelSource) {
    this.#loaded = loaded;
    this.#engine = engine;
    this.#address = address;
    this.#isSteady = source.provider === "cpu" && source.isSteady === true;
    const { library } = loaded;
    const { inputs, outputs } = describe(library, address);
    this.inputs = inputs;
    this.outputs = outputs;
    this.onCpu = source.provider === "webgpu" ? operatorsOnCpu(library, address) : [];
    dropped.register(this, () => library.releaseSession.async(address, () => {}), this);
  }

  static async open(loaded: Loaded, engine: OnnxEngine, source: ModelSource): Promise<ModelSession> {
    const start = () => openSession(loaded, source);
    const address = await (source.provider === "webgpu" ? engine.inTurn(start) : start());
    return new ModelSession(loaded, engine, address, source);
  }

  /** Rejects with INVALID_ARGUMENT where the inputs do not fit, UNSUPPORTED for outputs that are no tensors, ABORTED, DISPOSED. */
  run(request: ModelRun): Promise<ModelResult> {
    const asked = performance.now();
    return this.#engine.isIdle && this.#isQuick(request) && !isTurnLong()
      ? this.#run(request, asked, true)
      : this.#engine.inTurn(() => this.#run(request, asked, false));
  }

  /** Frees the session after the runs that were asked for. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    dropped.unregister(this);
    const { library } = this.#loaded;
    await this.#engine.inTurn(
      () => new Promise<void>((resolve) => library.releaseSession.async(this.#address, () => resolve())),
    );
  }

  #isQuick({ inputs }: ModelRun): boolean {
    return this.#isSteady && this.#last.ms <= quickMs && bytesOf(inputs) <= this.#last.bytes;
  }

  async #run(request: ModelRun, asked: number, isHere: boolean): Promise<ModelResult> {
    const { inputs, outputs, signal } = request;
    if (signal?.aborted) throw abortError(signal, "A run of a model");
    if (this.#isDisposed) throw new AikoError("DISPOSED", { message: "This model is disposed" });
    const start = performance.now();
    const expected = this.#isPredictable ? expectedOutputs(this, inputs, outputs) : undefined;
    let results = await this.#attempt(request, expected, isHere);
    if (results === undefined) {
      results = await this.#attempt(request, undefined, isHere);
      this.#isPredictable = false;
    }
    return { outputs: results ?? [], timing: { queueMs: start - asked, runMs: performance.now() - start } };
  }

  /** One run; nothing where it failed into the outputs that were expected, which may be the expectation's fault. */
  async #attempt(
    { inputs, outputs, signal }: ModelRun,
    expected: readonly EngineTensor[] | undefined,
    isHere: boolean,
  ): Promise<readonly EngineTensor[] | undefined> {
    const { library, runner } = this.#loaded;
    const values = new TensorValues(this.#loaded, inputs, expected ?? outputs.map(() => undefined));
    const stop = isHere ? undefined : new Stop(library, signal);
    try {
      const args = this.#arguments(values, inputs, outputs, stop?.options ?? null);
      const { status, ms } = isHere ? runHere(library, args) : await runner.run(args);
      if (signal?.aborted) {
        if (status !== null) library.releaseStatus(status);
        throw abortError(signal, "A run of a model");
      }
      if (status !== null && expected !== undefined) {
        library.releaseStatus(status);
        return undefined;
      }
      checkModel(library, status);
      this.#last = { bytes: bytesOf(inputs), ms };
      if (expected !== undefined) return expected;
      const copies: Copy[] = [];
      const results = values.outputs(outputs, copies);
      await this.#copy(copies, isHere);
      return results;
    } finally {
      stop?.release();
      values.release();
    }
  }

  #arguments(
    values: TensorValues,
    inputs: ReadonlyMap<string, EngineTensor>,
    outputs: readonly string[],
    options: Address | null,
  ): Parameters<OnnxLibrary["run"]> {
    const names = this.#namesOf([...inputs.keys()], outputs);
    return [
      this.#address,
      options,
      names.inputs,
      values.address,
      inputs.size,
      names.outputs,
      outputs.length,
      values.outputAddress,
    ];
  }

  #namesOf(inputs: readonly string[], outputs: readonly string[]): Names {
    const key = JSON.stringify([inputs, outputs]);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const { library } = this.#loaded;
    const memory: ArrayBufferView[] = [];
    const names = {
      inputs: nameList(library, inputs, memory),
      outputs: nameList(library, outputs, memory),
      memory,
    };
    this.#names.set(key, names);
    return names;
  }

  async #copy(copies: readonly Copy[], isHere: boolean): Promise<void> {
    const { library, runner } = this.#loaded;
    const total = copies.reduce((sum, [, , bytes]) => sum + bytes, 0);
    if (!isHere && total > mostCopiedHere) return runner.copy(copies);
    for (const [to, from, bytes] of copies) library.at(to, bytes).set(library.at(from, bytes));
  }
}

/** The names of one choice of inputs and outputs in native memory. */
interface Names {
  readonly inputs: Address;
  readonly outputs: Address;
  readonly memory: readonly ArrayBufferView[];
}

/** Lets a signal end a run. */
class Stop {
  readonly #library: OnnxLibrary;
  readonly #signal: AbortSignal | undefined;
  readonly options: Address | null;

  constructor(library: OnnxLibrary, signal: AbortSignal | undefined) {
    this.#library = library;
    this.#signal = signal;
    this.options = signal === undefined ? null : received(library, (out) => library.createRunOptions(out));
    signal?.addEventListener("abort", this.#stop);
  }

  release(): void {
    this.#signal?.removeEventListener("abort", this.#stop);
    if (this.options !== null) this.#library.releaseRunOptions(this.options);
  }

  readonly #stop = () => {
    if (this.options !== null) this.#library.setTerminate(this.options);
  };
}

function runHere(
  library: OnnxLibrary,
  args: Parameters<OnnxLibrary["run"]>,
): { status: Address | null; ms: number } {
  const start = performance.now();
  const status = library.run(...args);
  return { status, ms: performance.now() - start };
}

function bytesOf(inputs: ReadonlyMap<string, EngineTensor>): number {
  let bytes = 0;
  for (const { data } of inputs.values()) bytes += "byteLength" in data ? data.byteLength : data.length * 32;
  return bytes;
}

async function openSession({ library, env }: Loaded, source: ModelSource): Promise<Address> {
  const { bytes, folder, provider } = source;
  const options = received(library, (out) => library.createSessionOptions(out));
  try {
    const set = (key: string, value: string) =>
      checkModel(library, library.addSessionConfigEntry(options, key, value));
    set("session.force_spinning_stop", "1");
    if (folder !== undefined) set("session.model_external_initializers_file_folder_path", folder);
    if (provider === "webgpu") {
      set(recordAssignment, "1");
      appendWebGpu(library, options);
    }
    const out = new BigUint64Array(1);
    await calledModel(library, (done) =>
      library.createSessionFromArray.async(env, bytes, bytes.length, options, library.addressOf(out), done),
    );
    return Number(out[0]);
  } finally {
    library.releaseSessionOptions(options);
  }
}

function appendWebGpu(library: OnnxLibrary, options: Address): void {
  const none = library.addressOf(new BigUint64Array(1));
  try {
    checkModel(library, library.appendProvider(options, "WebGPU", none, none, 0), "opening");
  } catch (cause) {
    throw new AikoError("UNSUPPORTED", {
      message: `ONNX Runtime's WebGPU provider does not open: ${reasonOf(cause)}`,
      hint: "It needs a GPU driver: Vulkan on Linux, Direct3D 12 on Windows, Metal on macOS.",
      cause,
    });
  }
}

/** Of a long chain of native names and conditions, the last sentence says why. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.split(/was false\. /).at(-1) ?? text;
}
