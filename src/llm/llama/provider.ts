import { AikoError } from "../../errors.ts";
import type {
  ChatRequest,
  Embeddings,
  EmbedRequest,
  GenerateRequest,
  ModelInfo,
  Piece,
  Provider,
  ProviderOptions,
  PullProgress,
  RunningModel,
} from "../provider.ts";
import { Catalog } from "./catalog.ts";
import { readGguf } from "./gguf/index.ts";
import { modelInfo } from "./model-info.ts";
import { assertKeepAlive, type LlamaSettings } from "./options.ts";
import { Pieces } from "./pieces.ts";
import { EngineProcess } from "./process.ts";
import type { EmbedResult, TextEnd } from "./protocol.ts";
import { assertText } from "./request.ts";
import { type Lease, Residency } from "./residency.ts";

/** llama.cpp in a process of its own. */
export class LlamaProvider implements Provider {
  readonly name = "llama";
  readonly #settings: LlamaSettings;
  readonly #catalog: Catalog;
  readonly #engine: EngineProcess;
  readonly #residency: Residency;
  #calls = 0;
  #disposed = false;

  constructor(settings: LlamaSettings) {
    this.#settings = settings;
    this.#catalog = new Catalog(settings);
    this.#engine = new EngineProcess({ gpu: settings.gpu, threads: settings.threads }, () =>
      this.#residency.clear(),
    );
    this.#residency = new Residency(this.#engine, settings);
  }

  get description(): string {
    const info = this.#engine.lastInfo;
    const threads = `${this.#settings.threads} ${this.#settings.threads === 1 ? "thread" : "threads"}`;
    if (info === undefined) return `llama.cpp, embedded, ${threads}`;
    const place = info.gpu === false ? "CPU" : `${info.gpu} on ${info.devices.join(", ")}`;
    return `llama.cpp ${info.release}, embedded, ${place}, ${threads}`;
  }

  generate(request: GenerateRequest, options: ProviderOptions = {}): AsyncIterable<Piece> {
    return this.#text("generate", request, options);
  }

  chat(request: ChatRequest, options: ProviderOptions = {}): AsyncIterable<Piece> {
    return this.#text("chat", request, options);
  }

  async embed(request: EmbedRequest, { signal }: ProviderOptions = {}): Promise<Embeddings> {
    const start = performance.now();
    const { keepAliveMs = this.#settings.keepAliveMs } = request;
    assertKeepAlive(keepAliveMs);
    using _call = this.#enter();
    const lease = await this.#lease(request.model, undefined, signal);
    const { result, ended } = this.#engine.ask<EmbedResult>(
      { type: "embed", path: lease.path, request },
      { signal },
    );
    void ended.then(() => lease.release(keepAliveMs));
    const { embeddings, promptTokens, promptMs } = await result;
    const usage = { promptTokens, outputTokens: 0, loadMs: lease.loadMs, promptMs, outputMs: 0 };
    return { model: request.model, embeddings, usage: { ...usage, totalMs: performance.now() - start } };
  }

  async models(): Promise<readonly ModelInfo[]> {
    const found: ModelInfo[] = [];
    for (const { name, path } of await this.#catalog.list()) {
      const header = await readGguf(path).catch(() => undefined);
      if (header !== undefined) found.push(modelInfo(name, header));
    }
    return found;
  }

  async show(model: string): Promise<ModelInfo> {
    const { name, path } = await this.#catalog.find(model);
    return modelInfo(name, await readGguf(path));
  }

  async running(): Promise<readonly RunningModel[]> {
    return this.#residency.list().map(({ name, info, expiresAt }) => ({
      name,
      bytes: info.bytes,
      gpuBytes: info.gpuBytes,
      contextLength: info.contextLength,
      expiresAt,
    }));
  }

  async load(
    model: string,
    { signal, keepAliveMs = this.#settings.keepAliveMs }: Parameters<Provider["load"]>[1] = {},
  ): Promise<void> {
    assertKeepAlive(keepAliveMs);
    if (keepAliveMs === 0) {
      await this.#residency.unload((await this.#catalog.find(model)).path);
      return;
    }
    const lease = await this.#lease(model, undefined, signal);
    lease.release(keepAliveMs);
  }

  pull(model: string): AsyncIterable<PullProgress> {
    const pieces = new Pieces<PullProgress>();
    pieces.fail(
      new AikoError("UNSUPPORTED", {
        message: `The embedded engine does not download models (${model})`,
        hint: "Put a GGUF file into a folder of models, or pull through Ollama.",
      }),
    );
    return pieces;
  }

  /** Ends the process; calls under way reject with DISPOSED. Safe to call twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#engine.dispose();
    this.#residency.clear();
  }

  async *#text(
    type: "generate" | "chat",
    request: GenerateRequest | ChatRequest,
    { signal }: ProviderOptions,
  ): AsyncGenerator<Piece, void> {
    const start = performance.now();
    const { keepAliveMs = this.#settings.keepAliveMs, sampling } = request;
    assertText(request);
    using _call = this.#enter();
    const lease = await this.#lease(request.model, sampling?.contextLength, signal);
    const leave = new AbortController();
    const both = signal === undefined ? leave.signal : AbortSignal.any([signal, leave.signal]);
    const pieces = new Pieces<Piece>();
    const ask =
      type === "generate"
        ? { type, path: lease.path, request: request as GenerateRequest }
        : { type, path: lease.path, request: request as ChatRequest };
    const asked = this.#engine.ask<TextEnd>(ask, { signal: both, onPiece: (piece) => pieces.push(piece) });
    void asked.ended.then(() => lease.release(keepAliveMs));
    asked.result.then(
      () => pieces.end(),
      (error) => pieces.fail(error),
    );
    try {
      yield* pieces;
      const { reason, ...counts } = await asked.result;
      const usage = { ...counts, loadMs: lease.loadMs, totalMs: performance.now() - start };
      yield { text: "", done: { reason, usage } };
    } finally {
      leave.abort();
    }
  }

  async #lease(
    model: string,
    contextLength: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Lease> {
    if (signal?.aborted)
      throw new AikoError("ABORTED", { message: "The request was aborted", cause: signal.reason });
    const file = await this.#catalog.find(model);
    const wanted = contextLength ?? this.#settings.contextLength;
    return await this.#residency.acquire(file, wanted, signal);
  }

  /** Throws SERVER_BUSY where more wait than may. */
  #enter(): Disposable {
    if (this.#disposed) throw new AikoError("DISPOSED", { message: "The embedded engine was disposed" });
    const { sequences, maxQueue } = this.#settings;
    if (this.#calls >= sequences + maxQueue) {
      throw new AikoError("SERVER_BUSY", {
        message: `The embedded engine has ${this.#calls} calls: ${sequences} that it serves and ${maxQueue} that wait`,
        hint: "Call again later, or raise maxQueue.",
      });
    }
    this.#calls++;
    return {
      [Symbol.dispose]: () => {
        this.#calls--;
      },
    };
  }
}
