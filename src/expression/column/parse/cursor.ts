import type { AikoError } from "../../../errors.ts";
import { errorAt, type Token, tokensOf } from "./tokens.ts";

const mostNesting = 200;

/** A place in a text, that moves on. */
export class Cursor {
  readonly source: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #nesting = 0;

  constructor(source: string) {
    this.source = source;
    this.#tokens = tokensOf(source);
  }

  get token(): Token {
    return this.peek(0);
  }

  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as Token;
  }

  next(): Token {
    const { token } = this;
    this.#at++;
    return token;
  }

  /** Whether it is at a symbol or a word, whatever its case. */
  is(text: string, ahead = 0): boolean {
    const { kind, text: found } = this.peek(ahead);
    return (kind === "symbol" && found === text) || (kind === "word" && found.toLowerCase() === text);
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.error(`Expected "${text}", found ${this.found()}`);
  }

  expectEnd(): void {
    if (this.token.kind !== "end") throw this.error(`${this.found()} is not expected here`);
  }

  found(): string {
    const { kind, text } = this.token;
    if (kind === "end") return "the end";
    return kind === "text" ? `the text '${text}'` : `"${text}"`;
  }

  error(message: string, hint?: string, token = this.token): AikoError {
    return errorAt(this.source, token.start, message, hint);
  }

  /** Runs `parse` one level deeper. Throws INVALID_ARGUMENT before the stack overflows. */
  nested<T>(parse: () => T): T {
    if (++this.#nesting > mostNesting)
      throw this.error(`An expression is nested deeper than ${mostNesting} levels`);
    try {
      return parse();
    } finally {
      this.#nesting--;
    }
  }
}
