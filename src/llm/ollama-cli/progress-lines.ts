import type { PullProgress } from "../provider.ts";
import { pulledProgress } from "./tables.ts";
import { plainText } from "./terminal-text.ts";

const mostLineCharacters = 64 * 2 ** 10;

/** The progress that a command draws with line ends and carriage returns, as values; of one status the newest. */
export class ProgressLines implements AsyncIterable<PullProgress> {
  readonly #decoder = new TextDecoder();
  #text = "";
  #waiting: PullProgress[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  push(bytes: Uint8Array): void {
    this.#text = (this.#text + this.#decoder.decode(bytes, { stream: true })).slice(-mostLineCharacters);
    const lines = this.#text.split(/[\r\n]/);
    this.#text = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PullProgress, void> {
    while (true) {
      const progress = this.#waiting.shift();
      if (progress !== undefined) yield progress;
      else if (this.#isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #take(line: string): void {
    const progress = pulledProgress(plainText(line));
    if (progress === undefined) return;
    if (this.#waiting.at(-1)?.status === progress.status) this.#waiting.pop();
    this.#waiting.push(progress);
  }
}
