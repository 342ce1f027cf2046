import type { z } from "zod";
import { harmless } from "../../core/display-text.ts";
import { AikoError, isAikoError } from "../../errors.ts";
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
import { chatBody, embedBody, generateBody, keepAlive } from "./body.ts";
import type { Connection, Sent } from "./connection.ts";
import { type Line, readChatted, readGenerated } from "./line.ts";
import { modelOf, runningOf, shownOf } from "./models.ts";
import { RowReader } from "./rows.ts";
import { embedEnd, generateLine, psAnswer, pullLine, read, showAnswer, tagsAnswer, usageOf } from "./wire.ts";

/** Language models of an Ollama server, over HTTP. */
export class Ollama implements Provider {
  readonly name = "ollama";
  readonly description: string;
  readonly #connection: Connection;

  constructor(connection: Connection, version: string) {
    this.description = `Ollama ${harmless(version).slice(0, 40)} at ${connection.host.text}`;
    this.#connection = connection;
  }

  generate(request: GenerateRequest, options: ProviderOptions = {}): AsyncIterable<Piece> {
    return this.#pieces("/api/generate", generateBody(request), options, readGenerated);
  }

  chat(request: ChatRequest, options: ProviderOptions = {}): AsyncIterable<Piece> {
    return this.#pieces("/api/chat", chatBody(request), options, readChatted);
  }

  async embed(request: EmbedRequest, { signal }: ProviderOptions = {}): Promise<Embeddings> {
    const started = performance.now();
    const { name } = this.#connection;
    const reader = new RowReader(name);
    for await (const bytes of this.#connection.bytes("/api/embed", { body: embedBody(request), signal })) {
      reader.push(bytes);
    }
    const end = this.#read(embedEnd, reader.end());
    if (reader.rows.length !== request.input.length) {
      throw new AikoError("PROTOCOL_VIOLATION", {
        message: `${name} gave ${reader.rows.length} embeddings for ${request.input.length} texts`,
      });
    }
    return { model: end.model ?? request.model, embeddings: reader.rows, usage: usageOf(end, started) };
  }

  async models({ signal }: ProviderOptions = {}): Promise<readonly ModelInfo[]> {
    const { models } = await this.#whole(tagsAnswer, "/api/tags", { signal });
    return (models ?? []).map(modelOf);
  }

  async show(model: string, { signal }: ProviderOptions = {}): Promise<ModelInfo> {
    return shownOf(model, await this.#whole(showAnswer, "/api/show", { body: { model }, signal }));
  }

  async running({ signal }: ProviderOptions = {}): Promise<readonly RunningModel[]> {
    const { models } = await this.#whole(psAnswer, "/api/ps", { signal });
    return (models ?? []).map(runningOf);
  }

  async load(
    model: string,
    { signal, keepAliveMs }: ProviderOptions & { readonly keepAliveMs?: number | undefined } = {},
  ): Promise<void> {
    const rest = { model, keep_alive: keepAlive(keepAliveMs) };
    try {
      await this.#whole(generateLine, "/api/generate", { body: { ...rest, stream: false }, signal });
    } catch (error) {
      if (!isAikoError(error, "UNSUPPORTED")) throw error;
      await this.#whole(embedEnd, "/api/embed", { body: { ...rest, input: [] }, signal });
    }
  }

  async *pull(model: string, { signal }: ProviderOptions = {}): AsyncGenerator<PullProgress, void> {
    const body = { model, stream: true };
    const isLast = (line: z.infer<typeof pullLine>) => line.status === "success";
    const lines = this.#connection.lines(
      "/api/pull",
      { body, signal },
      (value) => this.#read(pullLine, value),
      isLast,
    );
    for await (const line of lines) {
      yield { status: line.status, completedBytes: line.completed, totalBytes: line.total };
      if (isLast(line)) return;
    }
    throw this.#cut("of the download");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection[Symbol.dispose]();
  }

  async *#pieces(
    path: string,
    body: object,
    { signal }: ProviderOptions,
    readLine: (value: unknown, from: string) => Line,
  ): AsyncGenerator<Piece, void> {
    const started = performance.now();
    const { name } = this.#connection;
    let hasCalls = false;
    const lines = this.#connection.lines(
      path,
      { body, signal },
      (value) => readLine(value, name),
      ({ end }) => end !== undefined,
    );
    for await (const { piece, end } of lines) {
      hasCalls ||= piece.toolCalls !== undefined;
      if (end === undefined) yield piece;
      else {
        const reason = hasCalls ? "tool" : end.done_reason === "length" ? "length" : "stop";
        yield { ...piece, done: { reason, usage: usageOf(end, started) } };
        return;
      }
    }
    throw this.#cut("of its answer");
  }

  #whole<T>(schema: z.ZodType<T>, path: string, sent: Sent): Promise<T> {
    return this.#connection.json(path, sent, (value) => this.#read(schema, value));
  }

  #read<T>(schema: z.ZodType<T>, value: unknown): T {
    return read(schema, value, this.#connection.name);
  }

  #cut(what: string): AikoError {
    return new AikoError("PROTOCOL_VIOLATION", {
      message: `${this.#connection.name} closed before the end ${what}`,
      hint: "The server may have been stopped, or a proxy before it ends long answers.",
    });
  }
}
