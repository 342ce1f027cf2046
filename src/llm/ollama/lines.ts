import { harmless } from "../../core/display-text.ts";
import { AikoError } from "../../errors.ts";

const mostLineBytes = 2 ** 20;
const newline = 0x0a;

/** Makes JSON values of bytes that come in any pieces, one value a line. Throws PROTOCOL_VIOLATION. */
export class JsonLines {
  readonly #from: string;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #parts: Uint8Array[] = [];
  #length = 0;

  /** `from` names the sender in messages. */
  constructor(from: string) {
    this.#from = from;
  }

  /** The values whose lines end in this piece. */
  *push(bytes: Uint8Array): Generator<unknown, void> {
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      this.#keep(bytes.subarray(start, end));
      start = end + 1;
      yield* this.#take();
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start));
  }

  /** The value of a last line without a line end. */
  *end(): Generator<unknown, void> {
    yield* this.#take();
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > mostLineBytes)
      throw this.#violation(`sent a line of more than ${mostLineBytes} bytes`);
    if (part.length > 0) this.#parts.push(part);
  }

  *#take(): Generator<unknown, void> {
    const line = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    const text = this.#text(line ?? new Uint8Array()).trim();
    if (text !== "") yield this.#parse(text);
  }

  #text(line: Uint8Array): string {
    try {
      return this.#decoder.decode(line);
    } catch (cause) {
      throw this.#violation("sent a line that is not UTF-8", cause);
    }
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#violation(`sent a line that is not JSON: ${harmless(text.slice(0, 100))}`, cause);
    }
  }

  #violation(what: string, cause?: unknown): AikoError {
    return new AikoError("PROTOCOL_VIOLATION", {
      message: `${this.#from} ${what}`,
      hint: "Is an Ollama server listening there, and not something else, or a proxy before it?",
      cause,
    });
  }
}
