import { AikoError } from "../../errors.ts";

export const anyCharacter = 256;
export const anyText = 257;

const [percent, underscore, backslash] = [37, 95, 92];

/** The bytes of a LIKE pattern; `%` as `anyText`, `_` as `anyCharacter`; a backslash takes what follows as it is. */
export function likeTokens(pattern: Uint8Array): number[] {
  const tokens: number[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern[at] ?? 0;
    if (byte === backslash) {
      at++;
      const next = pattern[at];
      if (next === undefined) {
        throw new AikoError("INVALID_ARGUMENT", {
          message: `The pattern '${new TextDecoder().decode(pattern)}' ends with the escape character \\`,
          hint: "Write \\\\ for a backslash.",
        });
      }
      tokens.push(next);
    } else if (byte === percent) {
      if (tokens.at(-1) !== anyText) tokens.push(anyText);
    } else {
      tokens.push(byte === underscore ? anyCharacter : byte);
    }
  }
  return tokens;
}

/** The simpler test that a pattern comes to, where it does. */
export function simplerThanLike(
  tokens: readonly number[],
): { readonly kind: "equal" | "prefix" | "suffix" | "contains"; readonly pattern: Uint8Array } | undefined {
  const open = tokens[0] === anyText;
  const ends = tokens.length > 1 ? tokens.at(-1) === anyText : open;
  const bytes = tokens.slice(open ? 1 : 0, ends && tokens.length > 1 ? -1 : undefined);
  if (bytes.some((token) => token > 255)) return undefined;
  const kind = open ? (ends ? "contains" : "suffix") : ends ? "prefix" : "equal";
  return { kind, pattern: Uint8Array.from(bytes) };
}

/** The most bytes in a row that a text must contain to be like a pattern. */
export function longestText(tokens: readonly number[]): Uint8Array {
  let longest: readonly number[] = [];
  let first = 0;
  for (let at = 0; at <= tokens.length; at++) {
    const token = tokens[at];
    if (token !== undefined && token < anyCharacter) continue;
    if (at - first > longest.length) longest = tokens.slice(first, at);
    first = at + 1;
  }
  return Uint8Array.from(longest);
}
