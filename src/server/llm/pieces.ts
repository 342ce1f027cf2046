import { AikoError } from "../../errors.ts";
import type { Piece, ToolCall, Usage } from "../../llm/index.ts";

/** The pieces up to the one that is done. Leaving, or the signal, ends what makes them at once. */
export async function* untilDone(source: AsyncIterable<Piece>, signal: AbortSignal): AsyncGenerator<Piece> {
  for await (const piece of abortable(source, signal)) {
    yield piece;
    if (piece.done !== undefined) return;
  }
  throw new AikoError("PROTOCOL_VIOLATION", { message: "the model's answer ended before it was done" });
}

/** A source that does not look at the signal is left where it is. */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let abandon: (reason: unknown) => void = () => {};
  const onAbort = () => abandon(signal.reason);
  signal.addEventListener("abort", onAbort);
  let isOver = false;
  try {
    for (;;) {
      const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
        abandon = reject;
        if (signal.aborted) reject(signal.reason);
        else iterator.next().then(resolve, reject);
      });
      isOver = result.done === true;
      if (isOver) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (!isOver) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** A promise of a provider that may not look at the signal. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

export interface Answer {
  readonly text: string;
  readonly thinking: string;
  readonly toolCalls: readonly ToolCall[];
  readonly done: NonNullable<Piece["done"]>;
}

export async function collect(pieces: AsyncIterable<Piece>): Promise<Answer> {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const toolCalls: ToolCall[] = [];
  let done: Piece["done"];
  for await (const piece of pieces) {
    texts.push(piece.text);
    if (piece.thinking !== undefined) thoughts.push(piece.thinking);
    toolCalls.push(...(piece.toolCalls ?? []));
    done = piece.done;
  }
  if (done === undefined) {
    throw new AikoError("PROTOCOL_VIOLATION", { message: "the model's answer ended before it was done" });
  }
  return { text: texts.join(""), thinking: thoughts.join(""), toolCalls, done };
}

export function tokensOf({ promptTokens = 0, outputTokens = 0 }: Usage) {
  return { prompt: promptTokens, output: outputTokens, total: promptTokens + outputTokens };
}
