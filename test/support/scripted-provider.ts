import { AikoError } from "#src/errors.js";
import type {
  ChatRequest,
  EmbedRequest,
  GenerateRequest,
  ModelInfo,
  Piece,
  Provider,
  ProviderOptions,
  PullProgress,
  RunningModel,
  Usage,
} from "#src/llm/index.js";

export const usage: Usage = {
  promptTokens: 7,
  outputTokens: 3,
  loadMs: 1.5,
  promptMs: 2,
  outputMs: 4,
  totalMs: 8,
};

export type Script<R> = (request: R, options: ProviderOptions) => AsyncIterable<Piece>;

/** The words as pieces, and then the end. */
export async function* words(text: string, more: Partial<Piece> = {}): AsyncGenerator<Piece> {
  for (const word of text.match(/\s*\S+/g) ?? []) yield { text: word };
  yield { text: "", ...more, done: { reason: "stop", usage, ...more.done } };
}

const tiny: ModelInfo = {
  name: "tiny:latest",
  bytes: 519_000,
  modifiedAt: new Date("2026-11-01T12:00:00Z"),
  digest: "sha256:abc",
  family: "llama",
  parameters: "128K",
  quantization: "F32",
  contextLength: 128,
  capabilities: ["completion", "tools"],
  template: "{{ .Prompt }}",
  metadata: {
    "general.architecture": "llama",
    "llama.context_length": 128n,
    "tokenizer.ggml.tokens": Array.from({ length: 300 }, (_, at) => `t${at}`),
  },
};

/** A provider that answers as a test says, and notes what it was asked. */
export class ScriptedProvider implements Provider {
  readonly name = "scripted";
  readonly description = "a script";
  readonly generated: GenerateRequest[] = [];
  readonly chatted: ChatRequest[] = [];
  readonly embedded: EmbedRequest[] = [];
  readonly loaded: { model: string; keepAliveMs: number | undefined }[] = [];
  /** Answers under way. */
  active = 0;
  /** The most that were under way at a time. */
  peak = 0;
  /** Answers that were given up before their end. */
  cancelled = 0;
  onGenerate: Script<GenerateRequest> = ({ prompt }) => words(`You said: ${prompt}`);
  onChat: Script<ChatRequest> = ({ messages }) => words(`You said: ${messages.at(-1)?.content}`);
  onPull: (model: string, options: ProviderOptions) => AsyncIterable<PullProgress> = (model) => {
    throw new AikoError("UNSUPPORTED", { message: `scripted cannot pull "${model}"` });
  };
  known: readonly ModelInfo[] = [tiny];
  inMemory: readonly RunningModel[] = [];

  generate(request: GenerateRequest, options: ProviderOptions = {}): AsyncIterable<Piece> {
    this.generated.push(request);
    return this.#watched(request.model, () => this.onGenerate(request, options));
  }

  chat(request: ChatRequest, options: ProviderOptions = {}): AsyncIterable<Piece> {
    this.chatted.push(request);
    return this.#watched(request.model, () => this.onChat(request, options));
  }

  async embed(request: EmbedRequest) {
    this.#require(request.model);
    this.embedded.push(request);
    if (request.truncate === false && request.input.some((text) => text.length > 100)) {
      throw new AikoError("CONTEXT_EXCEEDED", { message: "the input has 200 tokens, the context 128" });
    }
    const embeddings = request.input.map((text) => Float32Array.of(Math.fround(0.6), -0.8, 0, text.length));
    return { model: request.model, embeddings, usage };
  }

  async models(): Promise<readonly ModelInfo[]> {
    return this.known;
  }

  async show(model: string): Promise<ModelInfo> {
    return this.#require(model);
  }

  async running(): Promise<readonly RunningModel[]> {
    return this.inMemory;
  }

  async load(model: string, options: { readonly keepAliveMs?: number | undefined } = {}): Promise<void> {
    this.#require(model);
    this.loaded.push({ model, keepAliveMs: options.keepAliveMs });
  }

  pull(model: string, options: ProviderOptions = {}): AsyncIterable<PullProgress> {
    return this.onPull(model, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async *#watched(model: string, start: () => AsyncIterable<Piece>): AsyncGenerator<Piece> {
    this.#require(model);
    this.active++;
    this.peak = Math.max(this.peak, this.active);
    let isOver = false;
    try {
      for await (const piece of start()) {
        isOver = piece.done !== undefined;
        yield piece;
      }
      isOver = true;
    } catch (error) {
      isOver = true;
      throw error;
    } finally {
      this.active--;
      if (!isOver) this.cancelled++;
    }
  }

  #require(model: string): ModelInfo {
    const info = this.known.find(({ name }) => name === model || name === `${model}:latest`);
    if (info !== undefined) return info;
    throw new AikoError("MODEL_NOT_FOUND", { message: `There is no model "${model}"`, hint: "tiny" });
  }
}

/** Something that others wait for. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
