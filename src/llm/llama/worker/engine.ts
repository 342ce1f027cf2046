import type { Llama } from "node-llama-cpp";
import { AikoError } from "../../../errors.ts";
import type { Piece } from "../../provider.ts";
import type { EngineInfo, EngineRequest, EngineSettings, LoadedInfo, LoadRequest } from "../protocol.ts";
import { embed } from "./embed.ts";
import { EngineLog } from "./engine-log.ts";
import { Grammars } from "./grammar.ts";
import type { Library } from "./library.ts";
import { LoadedModel } from "./loaded-model.ts";
import { chat, generate } from "./text.ts";

/** llama.cpp and the models that are loaded. */
export class Engine {
  readonly info: EngineInfo;
  readonly #library: Library;
  readonly #llama: Llama;
  readonly #log: EngineLog;
  readonly #grammars: Grammars;
  readonly #models = new Map<string, LoadedModel>();

  private constructor(library: Library, llama: Llama, log: EngineLog, info: EngineInfo) {
    this.#library = library;
    this.#llama = llama;
    this.#log = log;
    this.#grammars = new Grammars(llama);
    this.info = info;
  }

  /** Never downloads or builds. Rejects with ENGINE_MISSING. */
  static async start({ gpu, threads }: EngineSettings): Promise<Engine> {
    const library = await load();
    const log = new EngineLog();
    try {
      const llama = await library.getLlama({
        gpu,
        build: "never",
        skipDownload: true,
        progressLogs: false,
        maxThreads: threads,
        logLevel: library.LlamaLogLevel.error,
        logger: (_level, text) => log.add(text),
      });
      const devices = llama.gpu === false ? [] : await llama.getGpuDeviceNames();
      const { release } = llama.llamaCppRelease;
      return new Engine(library, llama, log, { gpu: llama.gpu, devices, release, threads });
    } catch (cause) {
      throw new AikoError("ENGINE_MISSING", {
        message: `node-llama-cpp has no prebuilt for this machine${gpu === "auto" || gpu === false ? "" : ` and ${gpu}`}`,
        hint: "Run: npm install node-llama-cpp, with optional dependencies allowed",
        cause,
      });
    }
  }

  async handle(request: EngineRequest, emit: (piece: Piece) => void, signal: AbortSignal): Promise<unknown> {
    switch (request.type) {
      case "load":
        return await this.#load(request);
      case "unload":
        await this.#models.get(request.path)?.dispose();
        this.#models.delete(request.path);
        return undefined;
      case "generate":
        return await generate(this.#writer(request.path), this.#grammars, request.request, emit, signal);
      case "chat":
        return await chat(this.#writer(request.path), this.#grammars, request.request, emit, signal);
      case "embed":
        return await embed(this.#model(request.path), request.request, signal);
    }
  }

  async #load(request: LoadRequest): Promise<LoadedInfo> {
    if (this.#llama.gpu !== false) await this.#llama.setVramCap(request.gpuBytes ?? null);
    this.#log.clear();
    try {
      const model = await LoadedModel.load(this.#library, this.#llama, request, this.info.threads);
      this.#models.set(request.path, model);
      return model.info;
    } catch (error) {
      throw this.#log.explained(error, request.path);
    }
  }

  #writer(path: string): LoadedModel {
    const model = this.#model(path);
    if (!model.isEncoder) return model;
    throw new AikoError("UNSUPPORTED", {
      message: `${model.name} embeds texts, it does not write any`,
      hint: "Use embed, or another model.",
    });
  }

  #model(path: string): LoadedModel {
    const model = this.#models.get(path);
    if (model !== undefined) return model;
    throw new AikoError("INTERNAL", { message: `${path} is not loaded` });
  }
}

async function load(): Promise<Library> {
  try {
    return await import("node-llama-cpp");
  } catch (cause) {
    throw new AikoError("ENGINE_MISSING", {
      message: "The package node-llama-cpp, which the embedded engine needs, is not installed",
      hint: "Run: npm install node-llama-cpp",
      cause,
    });
  }
}
