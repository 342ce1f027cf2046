import type {
  ChatWrapper,
  Llama,
  LlamaContext,
  LlamaEmbeddingContext,
  LlamaModel,
  Token,
} from "node-llama-cpp";
import { AikoError } from "../../../errors.ts";
import type { LoadedInfo, LoadRequest } from "../protocol.ts";
import type { Library } from "./library.ts";
import { SequencePool } from "./sequence-pool.ts";

/** A model with one context, whose sequences serve concurrent callers. */
export class LoadedModel {
  readonly library: Library;
  readonly model: LlamaModel;
  readonly sequences: SequencePool;
  readonly name: string;
  readonly #context: LlamaContext;
  readonly #threads: number;
  readonly #contextLength: number;
  readonly #wrappers = new Map<boolean | undefined, ChatWrapper>();
  #embedding: Promise<LlamaEmbeddingContext> | undefined;

  private constructor(library: Library, context: LlamaContext, request: LoadRequest, threads: number) {
    this.library = library;
    this.model = context.model;
    this.name = request.name;
    this.#context = context;
    this.#contextLength = Math.min(
      request.contextLength,
      context.contextSize,
      context.model.trainContextSize,
    );
    this.#threads = threads;
    this.sequences = new SequencePool(context);
  }

  static async load(
    library: Library,
    llama: Llama,
    request: LoadRequest,
    threads: number,
  ): Promise<LoadedModel> {
    const { path, sequences, contextLength, gpuLayers } = request;
    const model = await llama.loadModel({
      modelPath: path,
      gpuLayers: gpuLayers ?? { fitContext: { contextSize: contextLength * sequences } },
      useMmap: true,
    });
    try {
      const context = await model.createContext({
        sequences,
        contextSize: contextLength,
        threads,
        failedCreationRemedy: false,
      });
      return new LoadedModel(library, context, request, threads);
    } catch (error) {
      await model.dispose();
      throw error;
    }
  }

  get info(): LoadedInfo {
    const parts = [this.model.memoryUsage, this.#context.memoryUsage];
    const gpuBytes = parts.reduce((sum, { vram }) => sum + vram, 0);
    return {
      bytes: parts.reduce((sum, { ram }) => sum + ram, gpuBytes),
      gpuBytes,
      gpuLayers: this.model.gpuLayers,
      contextLength: this.contextLength,
      sequences: this.#context.totalSequences,
    };
  }

  /** What was asked for: the engine's own may be longer. */
  get contextLength(): number {
    return this.#contextLength;
  }

  /** Whether it only reads: its tokens look at what comes after them too. */
  get isEncoder(): boolean {
    const header = this.model.fileInfo.metadata;
    const own: unknown = Object.entries(header).find(([key]) => key === header.general.architecture)?.[1];
    const attention = own as { readonly attention?: { readonly causal?: boolean } } | undefined;
    return attention?.attention?.causal === false;
  }

  get hasTemplate(): boolean {
    const { tokenizer } = this.model.fileInfo.metadata;
    return typeof tokenizer?.chat_template === "string" && tokenizer.chat_template !== "";
  }

  /** What writes chats the way this model learned them. */
  wrapper(think: boolean | undefined): ChatWrapper {
    const known = this.#wrappers.get(think);
    if (known !== undefined) return known;
    const wrapper = this.hasTemplate
      ? this.library.resolveChatWrapper(this.model, {
          warningLogs: false,
          ...(think === undefined ? {} : { customWrapperSettings: { jinjaTemplate: { reasoning: think } } }),
        })
      : new this.library.GeneralChatWrapper();
    this.#wrappers.set(think, wrapper);
    return wrapper;
  }

  /** The tokens of a text; where `special`, the names of control tokens in it become these tokens. */
  tokenize(text: string, special: boolean): Token[] {
    const { tokens } = this.model;
    const list = this.model.tokenize(text, special);
    const isBegun = tokens.bos === null || !tokens.shouldPrependBosToken || list[0] === tokens.bos;
    return isBegun || tokens.bos === null ? list : [tokens.bos, ...list];
  }

  /** How many tokens may follow `prompt`. Throws CONTEXT_EXCEEDED where that is none. */
  room(prompt: readonly Token[], wanted: number | undefined): number {
    const limit = Math.min(this.contextLength, wanted ?? this.contextLength);
    if (prompt.length < limit) return limit - prompt.length;
    throw new AikoError("CONTEXT_EXCEEDED", {
      message: `The prompt has ${prompt.length} tokens; the context holds ${limit}, with one at least for the answer`,
      hint: "Shorten the prompt, or load the model with a larger contextLength if it was trained for more.",
    });
  }

  embedding(): Promise<LlamaEmbeddingContext> {
    this.#embedding ??= this.model
      .createEmbeddingContext({
        contextSize: this.contextLength,
        threads: this.#threads,
        // An encoder reads a whole input at once, or ends the process.
        ...(this.isEncoder ? { batchSize: this.contextLength } : {}),
      })
      .catch((error) => {
        this.#embedding = undefined;
        throw error;
      });
    return this.#embedding;
  }

  async dispose(): Promise<void> {
    await this.model.dispose();
  }
}
