import { isAikoError } from "../../errors.ts";
import type { Piece, Sampling } from "../../llm/index.ts";
import type { Exchange } from "./exchange.ts";
import type { LlmSource } from "./options.ts";
import { abortable, orAborted, untilDone } from "./pieces.ts";

/** What a route's handler has. */
export interface Call {
  readonly exchange: Exchange;
  readonly source: LlmSource;
  readonly body: unknown;
  /** What the path has behind a route that ends with a slash. */
  readonly rest: string;
  readonly keepAliveMs: number | undefined;
  /** Runs work when its turn has come. */
  admitted<T>(work: () => Promise<T>): Promise<T>;
}

export type Handler = (call: Call) => Promise<void>;

type PieceOptions = Parameters<LlmSource["generate"]>[1];

/** Names the model, for errors and for the log. */
export function useModel(call: Call, model: string): string {
  call.exchange.model = model;
  return model;
}

export function piecesOf(
  call: Call,
  start: (options: PieceOptions) => AsyncIterable<Piece>,
): AsyncGenerator<Piece> {
  const { signal } = call.exchange;
  return untilDone(start({ signal }), signal);
}

/**
 * With settings that the client's API implies and the client did not ask for: a provider that takes none of them answers without.
 */
export async function* piecesWith<R extends { readonly sampling?: Sampling | undefined }>(
  call: Call,
  implied: Sampling,
  request: R,
  start: (request: R, options: PieceOptions) => AsyncIterable<Piece>,
): AsyncGenerator<Piece> {
  const full: R = { ...request, sampling: { ...implied, ...request.sampling } };
  let isRefused = true;
  try {
    for await (const piece of piecesOf(call, (options) => start(full, options))) {
      isRefused = false;
      yield piece;
    }
    return;
  } catch (error) {
    if (!isRefused || !isAikoError(error, "UNSUPPORTED")) throw error;
  }
  yield* piecesOf(call, (options) => start(request, options));
}

export function following<T>(call: Call, source: AsyncIterable<T>): AsyncGenerator<T> {
  return abortable(source, call.exchange.signal);
}

export function waiting<T>(call: Call, work: Promise<T>): Promise<T> {
  return orAborted(work, call.exchange.signal);
}

/** Tells the client which of its settings nobody heeds. */
export function tellIgnored(call: Call, names: readonly string[]): void {
  const known = names.filter((name) => /^[\w.-]{1,40}$/.test(name)).slice(0, 20);
  if (known.length > 0) call.exchange.response.setHeader("x-ignored-options", known.join(", "));
}
