import { AikoError } from "../../errors.ts";
import { TerminalText } from "./terminal-text.ts";

const lineFeed = 0x0a;
const ownLineEnds = 2;

/** The answer in what `ollama run` prints: UTF-8 in any pieces, without terminal codes and the two line ends it adds. */
export class AnswerText {
  readonly #from: string;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  readonly #terminal = new TerminalText();
  /** At the end of what came so far: they may be the command's own. */
  #lineEnds = 0;

  constructor(from: string) {
    this.#from = from;
  }

  push(bytes: Uint8Array): string {
    return this.#keep(this.#decode(bytes));
  }

  end(): string {
    const text = this.#keep(this.#decode());
    const ends = "\n".repeat(Math.max(0, this.#lineEnds - ownLineEnds));
    this.#lineEnds = 0;
    return text + ends;
  }

  #keep(raw: string): string {
    const text = this.#terminal.push(raw);
    let end = text.length;
    while (end > 0 && text.charCodeAt(end - 1) === lineFeed) end--;
    const before = end === 0 ? 0 : this.#lineEnds;
    this.#lineEnds += text.length - end - before;
    return "\n".repeat(before) + text.slice(0, end);
  }

  #decode(bytes?: Uint8Array): string {
    try {
      return bytes === undefined ? this.#decoder.decode() : this.#decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw new AikoError("PROTOCOL_VIOLATION", {
        message: `${this.#from} prints what is not UTF-8`,
        hint: "Is it the ollama command, and not something else?",
        cause,
      });
    }
  }
}
