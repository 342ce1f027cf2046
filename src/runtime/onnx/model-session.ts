import { AikoError } from "../../errors.ts";
import { abortError } from "../abort.ts";
import { describe, type ValueDescription } from "./describe.ts";
import type { OnnxEngine, OnnxTiming } from "./engine.ts";
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

/** Below this, waking the thread that runs would cost about as much as the run. */
const quickMs = 0.5;
/** Copied on the JavaScript thread: about 0.1 ms. */
const mostCopiedHere = 256 << 10;

/** A model in ONNX Runtime, which runs it off the JavaScript thread and allocates its outputs. */
export class ModelSession {
  readonly #loaded: Loaded;
  readonly #engine: OnnxEngine;
  readonly #address: Address;
  readonly #provider: OnnxProvider;
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  #isDisposed = false;
  /** The last run: runs no larger than a quick one are made on the JavaScript thread. */
  #last = { bytes: 0, ms: Number.POSITIVE_INFINITY };

  private constructor(loaded: Loaded, engine: OnnxEngine, address: Address, provider: OnnxProvider) {
    this.#loaded = loaded;
    this.#engine = engine;
    this.#address = address;
    this.#provider = provider;
    const { inputs, outputs } = describe(loaded.library, address);
    this.inputs = inputs;
    this.outputs = outputs;
  }

  static async open(loaded: Loaded, engine: OnnxEngine, source: ModelSource): Promise<ModelSession> {
    const start = () => openSession(loaded, source);
    const address = await (source.provider === "webgpu" ? engine.inTurn(start) : start());
    return new ModelSession(loaded, engine, address, source.provider);
  }

  /** Rejects with INVALID_ARGUMENT where the inputs do not fit, UNSUPPORTED for outputs that are no tensors, ABORTED, DISPOSED. */
  run(request: ModelRun): Promise<ModelResult> {
    const asked = performance.now();
    return this.#engine.isIdle && this.#isQuick(request)
      ? this.#run(request, asked, true)
      : this.#engine.inTurn(() => this.#run(request, asked, false));
  }

  /** Frees the session after the runs that were asked for. */
  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    const { library } = this.#loaded;
    await this.#engine.inTurn(
      () => new Promise<void>((resolve) => library.releaseSession.async(this.#address, () => resolve())),
    );
  }

  #isQuick({ inputs }: ModelRun): boolean {
    return this.#provider === "cpu" && this.#last.ms <= quickMs && bytesOf(inputs) <= this.#last.bytes;
  }

  async #run({ inputs, outputs, signal }: ModelRun, asked: number, isHere: boolean): Promise<ModelResult> {
    if (signal?.aborted) throw abortError(signal, "A run of a model");
    if (this.#isDisposed) throw new AikoError("DISPOSED", { message: "This model is disposed" });
    const { library, runner } = this.#loaded;
    const start = performance.now();
    const values = new TensorValues(this.#loaded, inputs, outputs.length);
    const stop = isHere ? undefined : new Stop(library, signal);
    try {
      const args = this.#arguments(values, inputs, outputs, stop?.options ?? null);
      const { status, ms } = isHere ? runHere(library, args) : await runner.run(args);
      if (signal?.aborted) {
        if (status !== null) library.releaseStatus(status);
        throw abortError(signal, "A run of a model");
      }
      checkModel(library, status);
      const copies: Copy[] = [];
      const results = values.outputs(outputs, copies);
      await this.#copy(copies);
      this.#last = { bytes: bytesOf(inputs), ms };
      return {
        outputs: results,
        timing: { queueMs: start - asked, runMs: performance.now() - start },
      };
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
    const { library } = this.#loaded;
    const memory: ArrayBufferView[] = [];
    const inputNames = nameList(library, [...inputs.keys()], memory);
    const outputNames = nameList(library, outputs, memory);
    values.hold(memory);
    return [
      this.#address,
      options,
      inputNames,
      values.address,
      inputs.size,
      outputNames,
      outputs.length,
      values.outputAddress,
    ];
  }

  async #copy(copies: readonly Copy[]): Promise<void> {
    const { library, runner } = this.#loaded;
    const total = copies.reduce((sum, [, , bytes]) => sum + bytes, 0);
    if (total > mostCopiedHere) return runner.copy(copies);
    for (const [to, from, bytes] of copies) library.at(to, bytes).set(library.at(from, bytes));
  }
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
    if (provider === "webgpu") appendWebGpu(library, options);
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
