import type { LlamaModel, Token } from "node-llama-cpp";

const replacement = 0xfffd;
/** An unfinished character is at most three bytes, each of which reads as U+FFFD. */
const mostUnfinished = 3;
const mostPending = 32;
const mostBefore = 4;

/** Turns tokens into text as they come; a character split over tokens waits for its last one. */
export class TokenText {
  readonly #model: Pick<LlamaModel, "detokenize">;
  #before: Token[];
  #pending: Token[] = [];
  #given = 0;

  constructor(model: Pick<LlamaModel, "detokenize">, before: readonly Token[]) {
    this.#model = model;
    this.#before = before.slice(-mostBefore);
  }

  push(token: Token): string {
    this.#pending.push(token);
    const text = this.#text();
    let end = text.length;
    while (end > 0 && text.length - end < mostUnfinished && text.charCodeAt(end - 1) === replacement) end--;
    if (this.#pending.length >= mostPending) end = text.length;
    const piece = text.slice(this.#given, end);
    this.#given = Math.max(this.#given, end);
    if (end === text.length) this.#clear();
    return piece;
  }

  /** What is left, an unfinished character as U+FFFD. */
  end(): string {
    if (this.#pending.length === 0) return "";
    const piece = this.#text().slice(this.#given);
    this.#clear();
    return piece;
  }

  #text(): string {
    return this.#model.detokenize(this.#pending, false, this.#before);
  }

  #clear(): void {
    this.#before = [...this.#before, ...this.#pending].slice(-mostBefore);
    this.#pending = [];
    this.#given = 0;
  }
}
