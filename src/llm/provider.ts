/** A JSON schema, as written by hand or made by `z.toJSONSchema`. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What the text has to be: any JSON, or JSON of a schema. */
export type OutputFormat = "json" | JsonSchema;

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string | undefined;
  /** Of the arguments: an object. */
  readonly parameters: JsonSchema;
}

export interface ToolCall {
  readonly id?: string | undefined;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  /** Encoded pictures, PNG or JPEG. */
  readonly images?: readonly Uint8Array[] | undefined;
  /** What the model was thinking, where it says so. */
  readonly thinking?: string | undefined;
  readonly toolCalls?: readonly ToolCall[] | undefined;
  /** Of a message of role "tool": which tool answers, and which call. */
  readonly toolName?: string | undefined;
  readonly toolCallId?: string | undefined;
}

/** How tokens are chosen. What is left out is the model's own, else Ollama's default. */
export interface Sampling {
  /** Default 0.8; 0 always takes the likeliest. */
  readonly temperature?: number | undefined;
  /** Default 40. */
  readonly topK?: number | undefined;
  /** Default 0.9. */
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
  readonly repeatPenalty?: number | undefined;
  readonly seed?: number | undefined;
  /** The most tokens to make; negative: until the model ends. Default -1. */
  readonly maxTokens?: number | undefined;
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: readonly string[] | undefined;
  /** Tokens of context: prompt and answer together. */
  readonly contextLength?: number | undefined;
}

interface TextRequest {
  readonly model: string;
  readonly format?: OutputFormat | undefined;
  readonly sampling?: Sampling | undefined;
  /** How long the model stays loaded afterwards, in milliseconds: 0 unloads it, Infinity keeps it. Default 5 minutes. */
  readonly keepAliveMs?: number | undefined;
  /** Whether a model that thinks shall do so. */
  readonly think?: boolean | undefined;
}

export interface GenerateRequest extends TextRequest {
  readonly prompt: string;
  readonly system?: string | undefined;
  /** Text after the gap, for models that fill in. */
  readonly suffix?: string | undefined;
  readonly images?: readonly Uint8Array[] | undefined;
  /** The prompt is the model's input as it is, with no template around it. */
  readonly raw?: boolean | undefined;
}

export interface ChatRequest extends TextRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[] | undefined;
}

export interface EmbedRequest {
  readonly model: string;
  readonly input: readonly string[];
  /** Numbers of each embedding, for models that allow it. */
  readonly dimensions?: number | undefined;
  /** Cut what is longer than the context instead of rejecting with CONTEXT_EXCEEDED. Default true. */
  readonly truncate?: boolean | undefined;
  readonly keepAliveMs?: number | undefined;
}

/** What one request took. Times in milliseconds; what a provider does not tell is undefined. */
export interface Usage {
  readonly promptTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly loadMs: number | undefined;
  readonly promptMs: number | undefined;
  readonly outputMs: number | undefined;
  readonly totalMs: number;
}

/** "stop": the model ended or a stop text came; "length": a limit of tokens; "tool": it calls tools. */
export type DoneReason = "stop" | "length" | "tool";

/** A piece of an answer. The last one has `done`, and only that one. */
export interface Piece {
  readonly text: string;
  readonly thinking?: string | undefined;
  readonly toolCalls?: readonly ToolCall[] | undefined;
  readonly done?: { readonly reason: DoneReason; readonly usage: Usage } | undefined;
}

export interface Embeddings {
  readonly model: string;
  /** One row an input, of length one (L2). */
  readonly embeddings: readonly Float32Array[];
  readonly usage: Usage;
}

export interface ModelInfo {
  readonly name: string;
  readonly bytes: number | undefined;
  readonly modifiedAt: Date | undefined;
  readonly digest?: string | undefined;
  readonly family?: string | undefined;
  readonly parameters?: string | undefined;
  readonly quantization?: string | undefined;
  readonly contextLength?: number | undefined;
  /** "completion", "tools", "vision", "embedding", "thinking" */
  readonly capabilities?: readonly string[] | undefined;
  readonly template?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface RunningModel {
  readonly name: string;
  readonly bytes: number | undefined;
  /** Of these, on a GPU. */
  readonly gpuBytes: number | undefined;
  readonly contextLength: number | undefined;
  /** When it will be unloaded; undefined: never, or not known. */
  readonly expiresAt: Date | undefined;
}

export interface PullProgress {
  readonly status: string;
  readonly completedBytes: number | undefined;
  readonly totalBytes: number | undefined;
}

export interface ProviderOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * What answers for language models: a server, a command, or an embedded engine. Every method rejects, and every stream
 * throws, an AikoError: CONNECTION_FAILED (nobody there), SERVER_BUSY (503), SERVER_FAILED (the server's own error),
 * PROTOCOL_VIOLATION (an answer that is none), MODEL_NOT_FOUND, CONTEXT_EXCEEDED, UNSUPPORTED (not by this provider),
 * ENGINE_MISSING, INVALID_ARGUMENT, INVALID_FILE, ABORTED. Leaving a stream early cancels the work behind it.
 */
export interface Provider extends AsyncDisposable {
  /** "ollama", "ollama-cli", "llama" */
  readonly name: string;
  /** Which one exactly, for people: "Ollama 0.33.0 at http://127.0.0.1:11434". */
  readonly description: string;
  generate(request: GenerateRequest, options?: ProviderOptions): AsyncIterable<Piece>;
  chat(request: ChatRequest, options?: ProviderOptions): AsyncIterable<Piece>;
  embed(request: EmbedRequest, options?: ProviderOptions): Promise<Embeddings>;
  models(options?: ProviderOptions): Promise<readonly ModelInfo[]>;
  show(model: string, options?: ProviderOptions): Promise<ModelInfo>;
  running(options?: ProviderOptions): Promise<readonly RunningModel[]>;
  /** Loads the model now; with `keepAliveMs: 0` unloads it. */
  load(
    model: string,
    options?: ProviderOptions & { readonly keepAliveMs?: number | undefined },
  ): Promise<void>;
  /** Downloads a model. Only ever done when asked for. */
  pull(model: string, options?: ProviderOptions): AsyncIterable<PullProgress>;
}
