import { basename } from "node:path";
import { suggest } from "../core/suggest.ts";
import { AikoError, isAikoError } from "../errors.ts";
import { abortError, type Runtime } from "../runtime/index.ts";
import { type ModelSession, type OnnxEngine, type OnnxProvider, onnxEngine } from "../runtime/onnx/index.ts";
import { Batching } from "./batch.ts";
import { planModel } from "./executor/plan.ts";
import { Model } from "./model.ts";
import { nodesOf, type OnnxModel, type ReadModel, readModel } from "./onnx/index.ts";
import { deviations } from "./onnxruntime/deviations.ts";
import { widenModel } from "./onnxruntime/widen.ts";
import { type Engines, lacking, runOperation } from "./run-operation.ts";
import { modelInputs, modelOutputs } from "./signature.ts";

/**
 * Who runs a model: "cpu" and "webgpu" are ONNX Runtime's providers, "aikoryu" is our own executor on our devices, "auto"
 * is whatever of "cpu" and "aikoryu" placement predicts to be faster.
 */
export type Provider = "auto" | "cpu" | "webgpu" | "aikoryu";

export const providers: readonly Provider[] = ["auto", "cpu", "webgpu", "aikoryu"];

export interface LoadOptions {
  /** Default "auto". */
  readonly provider?: Provider | undefined;
  /** Names it in reports. Default: the file's name, or the graph's. */
  readonly name?: string | undefined;
  /** `false` never merges concurrent runs. Default: merged where all inputs and outputs have the same open first dimension. */
  readonly batching?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads an ONNX model from a file or from its bytes, which must not be changed afterwards. Rejects with FILE_NOT_FOUND; with
 * INVALID_FILE, naming the node or tensor; with UNSUPPORTED, naming the operator or the provider; with ENGINE_MISSING where
 * the engine that it needs is not installed; with ABORTED.
 */
export async function loadModel(
  runtime: Runtime,
  source: string | Uint8Array | ArrayBuffer,
  options: LoadOptions = {},
  engine: OnnxEngine = onnxEngine,
): Promise<Model> {
  const provider = assertProvider(options.provider ?? "auto");
  const plans = provider === "auto" || provider === "aikoryu";
  const { signal } = options;
  const assertWanted = () => {
    if (signal?.aborted) throw abortError(signal, "Loading a model");
  };
  assertWanted();
  const read = await readModel(sourceOf(source), { externalData: plans });
  assertWanted();
  const name = options.name ?? nameOf(source, read);
  const { plan, unsupported } = plans ? await planModel(read.model) : { plan: undefined, unsupported: [] };
  if (provider === "aikoryu" && plan === undefined) throw lacking(name, unsupported);
  const session =
    provider === "aikoryu" ? undefined : await openSession(engine, read, provider, plan !== undefined);
  const onCpu = session === undefined || session instanceof AikoError ? [] : session.onCpu;
  const left = onCpu.map((operator) => ({
    operator,
    reason: `ONNX Runtime's WebGPU provider leaves ${operator} to the CPU`,
  }));
  const inputs = modelInputs(read.model);
  const outputs = modelOutputs(read.model);
  const engines: Engines = {
    name,
    bytes: read.bytes.length,
    plan,
    unsupported: [...unsupported, ...left],
    engine: provider === "webgpu" ? "onnxruntime-webgpu" : "onnxruntime",
    deviations: deviations(read.model, provider),
    hasOnnxRuntime: session !== undefined && !(session instanceof AikoError),
    session: async () => {
      if (session instanceof AikoError) throw session;
      if (session !== undefined) return session;
      throw new AikoError("UNSUPPORTED", { message: `${name} was loaded for the provider "${provider}"` });
    },
    executors: new Map(),
  };
  const batching = options.batching === false ? undefined : new Batching(inputs, outputs);
  const close = async () => {
    if (session !== undefined && !(session instanceof AikoError)) await session.dispose();
  };
  const operation = runOperation(engines, batching);
  const model = new Model({ runtime, engines, operation, provider, inputs, outputs, close });
  if (signal?.aborted) await model.dispose();
  assertWanted();
  return model;
}

/** Where our executor can run the model, ONNX Runtime may be missing: the error is for those who ask for it. */
async function openSession(
  engine: OnnxEngine,
  { bytes, folder, model }: ReadModel,
  provider: Provider,
  hasPlan: boolean,
): Promise<ModelSession | AikoError> {
  const onnxProvider: OnnxProvider = provider === "webgpu" ? "webgpu" : "cpu";
  try {
    return await engine.open({
      bytes: onnxProvider === "cpu" ? widenModel(bytes, model) : bytes,
      folder,
      provider: onnxProvider,
      isSteady: isSteady(model),
    });
  } catch (error) {
    const canDoWithout = isAikoError(error, "ENGINE_MISSING") || isAikoError(error, "UNSUPPORTED");
    if (hasPlan && canDoWithout) return error;
    throw error;
  }
}

/** Loops and branches take as long as their data says. */
function isSteady(model: OnnxModel): boolean {
  for (const { operator } of nodesOf(model)) if (["Loop", "Scan", "If"].includes(operator)) return false;
  return true;
}

function sourceOf(source: string | Uint8Array | ArrayBuffer): string | Uint8Array {
  if (typeof source === "string" || source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A model is loaded from a path or from bytes, not from ${source === null ? "null" : typeof source}`,
  });
}

function nameOf(source: string | Uint8Array | ArrayBuffer, { model }: ReadModel): string {
  return typeof source === "string" ? basename(source).replace(/\.onnx$/, "") : model.graph.name || "model";
}

function assertProvider(provider: Provider): Provider {
  if (providers.includes(provider)) return provider;
  const near = suggest(String(provider), providers);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `There is no provider "${String(provider)}"`,
    hint: `${near === undefined ? "" : `Did you mean "${near}"? `}Providers: ${providers.join(", ")}.`,
  });
}
