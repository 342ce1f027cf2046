/** Lets a JSON text through up to where its object, array or string is complete: grammars allow blank lines for ever after. */
export class JsonEnd {
  #depth = 0;
  #inString = false;
  #isEscaped = false;
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  push(text: string): string {
    for (let at = 0; at < text.length; at++) {
      if (this.#ended) return text.slice(0, at);
      this.#step(text[at] ?? "");
    }
    return text;
  }

  #step(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#inString && character === "\\") this.#isEscaped = true;
    else if (character === '"') {
      this.#inString = !this.#inString;
      this.#ended = !this.#inString && this.#depth === 0;
    } else if (!this.#inString && (character === "{" || character === "[")) this.#depth++;
    else if (!this.#inString && (character === "}" || character === "]")) {
      this.#depth--;
      this.#ended = this.#depth === 0;
    }
  }
}
