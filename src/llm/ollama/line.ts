import type { Piece } from "../provider.ts";
import { chatLine, generateLine, read, type Timing } from "./wire.ts";

/** A line of an answer; the last one has an end. */
export interface Line {
  readonly piece: Piece;
  readonly end: Timing | undefined;
}

interface Loose {
  readonly [name: string]: unknown;
}

/** A line of `/api/generate`. Throws PROTOCOL_VIOLATION. */
export function readGenerated(value: unknown, from: string): Line {
  const text = isLoose(value) ? value["response"] : undefined;
  if (isLoose(value) && typeof text === "string" && isPlain(value))
    return { piece: { text }, end: undefined };
  const line = read(generateLine, value, from);
  const { response, thinking } = line;
  return lineOf({ text: response ?? "", ...(thinking ? { thinking } : {}) }, line);
}

/** A line of `/api/chat`. Throws PROTOCOL_VIOLATION. */
export function readChatted(value: unknown, from: string): Line {
  const message = isLoose(value) ? value["message"] : undefined;
  if (isLoose(value) && isLoose(message) && isPlain(value) && isPlain(message)) {
    const { content: text, tool_calls: calls } = message;
    if (typeof text === "string" && calls === undefined) return { piece: { text }, end: undefined };
  }
  const { message: said, ...line } = read(chatLine, value, from);
  const { content, thinking } = said ?? {};
  const toolCalls = said?.tool_calls?.map(({ id, function: { name, arguments: given } }) => ({
    ...(id ? { id } : {}),
    name,
    arguments: given ?? {},
  }));
  const piece = {
    text: content ?? "",
    ...(thinking ? { thinking } : {}),
    ...(toolCalls && toolCalls.length > 0 ? { toolCalls } : {}),
  };
  return lineOf(piece, line);
}

/** Nearly every line is nothing but text. Those are checked by hand, because zod took half of the time of a stream. */
function isPlain({ done, thinking }: Loose): boolean {
  return (done === false || done === undefined) && thinking === undefined;
}

function lineOf(piece: Piece, line: Timing): Line {
  return { piece, end: line.done === true ? line : undefined };
}

function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null;
}
