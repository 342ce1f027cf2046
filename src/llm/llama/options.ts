import { delimiter } from "node:path";
import { AikoError } from "../../errors.ts";
import type { MemoryManager } from "../../memory/index.ts";

/** Where GPU memory is counted: what `open()` made, or anything that shares its memory managers. */
export interface GpuMemory {
  memory(id?: string): Promise<MemoryManager>;
}

export interface LlamaOptions {
  /** Folders with GGUF files, which are models by their names there. Default: the variable AIKORYU_MODELS. */
  readonly models?: string | readonly string[] | undefined;
  /** Whether a model may also be the path of a file. Default true; a server for others wants false. */
  readonly paths?: boolean | undefined;
  /** The most callers that a model serves at once; fewer where memory is short. Default 8. */
  readonly sequences?: number | undefined;
  /** Tokens of context of each caller, prompt and answer together; what the model was trained for at most. Default 4,096. */
  readonly contextLength?: number | undefined;
  /** Threads that compute. Default 1: on shared cores two were 37 times slower than one. */
  readonly threads?: number | undefined;
  /** Which GPU build to use where it is installed; `false` for none. Default "auto". */
  readonly gpu?: "auto" | "cuda" | "vulkan" | "metal" | false | undefined;
  /** Layers on the GPU. Default: as many as its memory budget has room for. */
  readonly gpuLayers?: number | undefined;
  /** The most memory for models and contexts, on host and GPU. Default: half of the machine's. */
  readonly memoryBytes?: number | undefined;
  /** Calls that may wait beyond those that are served; more are SERVER_BUSY. Default 512. */
  readonly maxQueue?: number | undefined;
  /** How long an idle model stays loaded where a call does not say, in milliseconds. Default 5 minutes. */
  readonly keepAliveMs?: number | undefined;
  /** Whose memory on the GPU the models share. */
  readonly runtime?: GpuMemory | undefined;
}

export interface LlamaSettings {
  readonly folders: readonly string[];
  readonly paths: boolean;
  readonly sequences: number;
  readonly contextLength: number;
  readonly threads: number;
  readonly gpu: "auto" | "cuda" | "vulkan" | "metal" | false;
  readonly gpuLayers: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly maxQueue: number;
  readonly keepAliveMs: number;
  readonly runtime: GpuMemory | undefined;
}

/** Throws INVALID_ARGUMENT naming the option. */
export function settingsOf(options: LlamaOptions): LlamaSettings {
  const { models, sequences = 8, contextLength = 4096, threads = 1, maxQueue = 512 } = options;
  const whole = { sequences, contextLength, threads };
  for (const [name, value] of Object.entries(whole)) assertWhole(name, value, 1);
  assertWhole("maxQueue", maxQueue, 0);
  if (options.gpuLayers !== undefined) assertWhole("gpuLayers", options.gpuLayers, 0);
  if (options.memoryBytes !== undefined) assertWhole("memoryBytes", options.memoryBytes, 1);
  const keepAliveMs = options.keepAliveMs ?? 5 * 60_000;
  assertKeepAlive(keepAliveMs);
  const listed = models ?? (process.env.AIKORYU_MODELS ?? "").split(delimiter);
  return {
    folders: (typeof listed === "string" ? [listed] : listed).filter((folder) => folder !== ""),
    paths: options.paths ?? true,
    sequences,
    contextLength,
    threads,
    gpu: options.gpu ?? "auto",
    gpuLayers: options.gpuLayers,
    memoryBytes: options.memoryBytes,
    maxQueue,
    keepAliveMs,
    runtime: options.runtime,
  };
}

export function assertKeepAlive(keepAliveMs: number): void {
  if (keepAliveMs >= 0) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `keepAliveMs is ${keepAliveMs}`,
    hint: "Pass milliseconds: 0 unloads the model after the call, Infinity keeps it.",
  });
}

function assertWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${name} is ${value}; it is a whole number of at least ${least}`,
  });
}
