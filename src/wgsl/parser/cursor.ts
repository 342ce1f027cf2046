import { KernelError, type Span } from "../diagnostics.ts";
import { scan, type Token } from "../scanner.ts";

const keywords = new Set(
  (
    "alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop " +
    "override requires return struct switch true var while"
  ).split(" "),
);

const reserved = new Set(
  (
    "NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class co_await " +
    "co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval constexpr constinit crate " +
    "debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export extends extern external fallthrough filter " +
    "final finally friend from fxgroup get goto groupshared highp impl implements import inline instanceof interface layout lowp " +
    "macro macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation " +
    "non_coherent noncoherent noperspective null nullptr of operator package packoffset pass patch pixelfragment precise " +
    "precision premerge priv protected pub public readonly ref regardless register reinterpret_cast require resource restrict self set " +
    "shared sizeof smooth snorm static static_assert static_cast std subroutine super target template this thread_local throw trait " +
    "try type typedef typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with " +
    "writeonly yield"
  ).split(" "),
);

/** A reader over the tokens of one module, with the few moves that the parser is made of. */
export class Cursor {
  readonly source: string;
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(source: string) {
    this.source = source;
    this.#tokens = scan(source);
  }

  get token(): Token {
    return this.#at(this.#position);
  }

  get next(): Token {
    return this.#at(this.#position + 1);
  }

  /** The end of the token that was taken last. */
  get lastEnd(): number {
    return this.#position === 0 ? 0 : this.#at(this.#position - 1).end;
  }

  since(start: number): Span {
    return { start, end: this.lastEnd };
  }

  is(text: string): boolean {
    return this.token.text === text && this.token.kind !== "number";
  }

  take(): Token {
    const token = this.token;
    if (token.kind !== "end") this.#position++;
    return token;
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#position++;
    return true;
  }

  expect(text: string, where: string): Token {
    if (!this.is(text)) throw this.unexpected(`'${text}' ${where}`);
    return this.take();
  }

  /** A declared or used name: any identifier that is neither a keyword nor reserved. */
  name(what: string): Token {
    const token = this.token;
    if (token.kind !== "identifier") throw this.unexpected(what);
    if (keywords.has(token.text)) throw this.error(token, `'${token.text}' is a keyword, expected ${what}`);
    if (reserved.has(token.text))
      throw this.error(token, `'${token.text}' is a reserved word`, "Choose another name.");
    return this.take();
  }

  isName(): boolean {
    return this.token.kind === "identifier" && !keywords.has(this.token.text);
  }

  error(span: Span, problem: string, hint?: string): KernelError {
    return new KernelError(this.source, span, problem, hint);
  }

  unexpected(expected: string): KernelError {
    const token = this.token;
    const found = token.kind === "end" ? "the end of the text" : `'${token.text}'`;
    return this.error(token, `expected ${expected}, found ${found}`);
  }

  #at(position: number): Token {
    const token = this.#tokens[Math.min(position, this.#tokens.length - 1)];
    if (token === undefined) throw this.error({ start: 0, end: 0 }, "the text is empty");
    return token;
  }
}
