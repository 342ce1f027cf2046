const [bell, lineFeed, carriageReturn, tab, escapeCode] = [0x07, 0x0a, 0x0d, 0x09, 0x1b];

type State = "text" | "escape" | "csi" | "string" | "string-escape";

/**
 * Takes what is meant for a terminal out of text that comes in pieces: escape sequences (ECMA-48) and controls other than tab
 * and line ends.
 */
export class TerminalText {
  #state: State = "text";

  push(text: string): string {
    let kept = "";
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (this.#state === "text") {
        if (isPlain(code)) continue;
        kept += text.slice(start, at);
        start = at + 1;
        this.#state = code === escapeCode ? "escape" : code > 0x7f ? next("escape", code - 0x40) : "text";
      } else {
        start = at + 1;
        this.#state = next(this.#state, code);
      }
    }
    return this.#state === "text" ? kept + text.slice(start) : kept;
  }
}

/** Text without what is meant for a terminal. */
export function plainText(text: string): string {
  return new TerminalText().push(text);
}

function isPlain(code: number): boolean {
  if (code < 0x20) return code === lineFeed || code === carriageReturn || code === tab;
  return code < 0x7f || code > 0x9f;
}

function next(state: State, code: number): State {
  switch (state) {
    case "escape":
      if (code === 0x5b) return "csi";
      if (code === 0x5d || code === 0x50 || code === 0x58 || code === 0x5e || code === 0x5f) return "string";
      return code >= 0x20 && code <= 0x2f ? "escape" : "text";
    case "csi":
      if (code === escapeCode) return "escape";
      return code >= 0x20 && code <= 0x3f ? "csi" : "text";
    case "string":
      if (code === escapeCode) return "string-escape";
      return code === bell || code === lineFeed ? "text" : "string";
    default:
      return code === 0x5c ? "text" : "string";
  }
}
