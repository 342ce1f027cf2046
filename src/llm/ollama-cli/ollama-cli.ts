import { AikoError } from "../../errors.ts";
import type {
  ChatRequest,
  Embeddings,
  GenerateRequest,
  ModelInfo,
  Piece,
  Provider,
  ProviderOptions,
  PullProgress,
  RunningModel,
} from "../provider.ts";
import { AnswerText } from "./answer-text.ts";
import { type CommandOptions, readCommand, runCommand } from "./command.ts";
import { Places } from "./places.ts";
import { ProgressLines } from "./progress-lines.ts";
import { chatPrompt, generatePrompt } from "./prompt.ts";
import { listedModels, runningModels, shownModel, verboseUsage } from "./tables.ts";

const mostProcesses = 8;
const mostWaiting = 512;

type Settings = Pick<GenerateRequest, "model" | "format" | "think" | "keepAliveMs">;

const mostNoteBytes = 64 * 2 ** 10;

/** Language models behind the `ollama` command: a process for each call, for hosts where nothing else is reachable. */
export class OllamaCli implements Provider {
  readonly name = "ollama-cli";
  readonly description: string;
  readonly #path: string;
  readonly #canThink: boolean;
  readonly #places = new Places(mostProcesses, mostWaiting);

  constructor(path: string, version: string) {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    this.description = `The command ${path} ${version}`;
    this.#path = path;
    this.#canThink = !(major === 0 && minor < 9);
  }

  async *generate(request: GenerateRequest, options: ProviderOptions = {}): AsyncGenerator<Piece, void> {
    yield* this.#answer(request, generatePrompt(request), options);
  }

  async *chat(request: ChatRequest, options: ProviderOptions = {}): AsyncGenerator<Piece, void> {
    yield* this.#answer(request, chatPrompt(request), options);
  }

  async embed(): Promise<Embeddings> {
    throw new AikoError("UNSUPPORTED", {
      message: "The ollama command makes no embeddings",
      hint: "Use Ollama over HTTP: set OLLAMA_HOST to where its server listens.",
    });
  }

  async models({ signal }: ProviderOptions = {}): Promise<readonly ModelInfo[]> {
    return listedModels(await readCommand(this.#path, ["list"], { signal }), `${this.#path} list`);
  }

  async show(model: string, { signal }: ProviderOptions = {}): Promise<ModelInfo> {
    await this.#assertThere(model, signal);
    const text = await readCommand(this.#path, ["show", model], { signal });
    return shownModel(model, text, `${this.#path} show`);
  }

  async running({ signal }: ProviderOptions = {}): Promise<readonly RunningModel[]> {
    return runningModels(await readCommand(this.#path, ["ps"], { signal }), `${this.#path} ps`);
  }

  async load(
    model: string,
    { signal, keepAliveMs }: ProviderOptions & { readonly keepAliveMs?: number | undefined } = {},
  ): Promise<void> {
    await this.#assertThere(model, signal);
    const args = keepAliveMs === 0 ? ["stop", model] : ["run", ...keepAliveArgs(keepAliveMs), model];
    await readCommand(this.#path, args, { signal });
  }

  async *pull(model: string, { signal }: ProviderOptions = {}): AsyncGenerator<PullProgress, void> {
    assertName(model);
    const lines = new ProgressLines();
    const options: CommandOptions = { signal, onError: (bytes) => lines.push(bytes) };
    const ended = readCommand(this.#path, ["pull", model], options).finally(() => lines.end());
    ended.catch(() => {});
    for await (const progress of lines) if (progress.status !== "success") yield progress;
    await ended;
    yield { status: "success", completedBytes: undefined, totalBytes: undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async *#answer(
    request: Settings,
    prompt: string,
    { signal }: ProviderOptions,
  ): AsyncGenerator<Piece, void> {
    const { model, format, think, keepAliveMs } = request;
    const started = performance.now();
    using _place = await this.#places.enter(`${this.#path} run`, signal);
    await this.#assertThere(model, signal);
    const args = [
      "run",
      "--nowordwrap",
      "--verbose",
      ...(this.#canThink ? ["--hidethinking"] : []),
      ...(think === undefined ? [] : [`--think=${think}`]),
      ...(format === undefined ? [] : ["--format", "json"]),
      ...keepAliveArgs(keepAliveMs),
      model,
    ];
    const answer = new AnswerText(`${this.#path} run`);
    let notes = "";
    const onError = (bytes: Uint8Array) => {
      notes = (notes + Buffer.from(bytes).toString("utf8")).slice(-mostNoteBytes);
    };
    for await (const bytes of runCommand(this.#path, args, { input: prompt, signal, onError })) {
      const text = answer.push(bytes);
      if (text !== "") yield { text };
    }
    yield { text: answer.end(), done: { reason: "stop", usage: verboseUsage(notes, started) } };
  }

  /** `ollama run` would download what is not there. */
  async #assertThere(model: string, signal: AbortSignal | undefined): Promise<void> {
    assertName(model);
    const models = await this.models({ signal });
    const full = model.includes(":") ? model : `${model}:latest`;
    if (models.some(({ name }) => name === model || name === full)) return;
    throw new AikoError("MODEL_NOT_FOUND", {
      message: `${this.#path} list has no model "${model}"`,
      hint: "gpu.llm.pull(NAME) downloads one.",
    });
  }
}

function assertName(model: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N}._:/@-]*$/u.test(model)) return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${JSON.stringify(model)} is not the name of a model`,
    hint: 'Names are like "llama3.2:1b" or "host/user/name:tag".',
  });
}

function keepAliveArgs(ms: number | undefined): readonly string[] {
  if (ms === undefined) return [];
  return ["--keepalive", ms === Infinity ? "-1s" : `${Math.ceil(ms)}ms`];
}
