/** Escape sequences, other controls, and marks that turn the direction of text around. */
const hostile = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const named: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const combining = /[\p{M}\u200b-\u200d]/u;
/** https://www.unicode.org/reports/tr11/, coarsely: East Asian scripts and emoji take two columns. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Text that does nothing to a terminal: what would is shown as "\x1b". */
export function harmless(text: string): string {
  return text.replace(hostile, (character) => named[character] ?? escaped(character));
}

/** The same for text of several lines: line ends and tabs stay. */
export function harmlessLines(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replace(hostile, (character) =>
      character === "\n" || character === "\t" ? character : (named[character] ?? escaped(character)),
    );
}

/** Columns of a terminal that harmless text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** Text of at most `width` columns; what was cut off is shown as "…". */
export function fitText(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const character of text) {
    used += widthOf(character);
    if (used > width) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Text in exactly `width` columns. */
export function padText(text: string, width: number, align: "left" | "right"): string {
  const fitted = fitText(text, width);
  const gap = " ".repeat(Math.max(0, width - displayWidth(fitted)));
  return align === "left" ? fitted + gap : gap + fitted;
}

function widthOf(character: string): number {
  if (character < "\u0300") return 1;
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 256 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 1)}}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
