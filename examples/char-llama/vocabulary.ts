/** What llama.cpp calls the kinds of tokens. */
const kinds = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

export const unknown = 0;
export const begin = 1;
export const end = 2;

const bytes = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
);
const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
/** SentencePiece writes a space as U+2581, which so must be a token of its own. */
const characters = ["\n", ...printable.map((character) => (character === " " ? "\u2581" : character))];

/** A SentencePiece vocabulary: three control tokens, every byte, and a token for each character. */
export const tokens: readonly string[] = ["<unk>", "<s>", "</s>", ...bytes, ...characters];
export const tokenKinds: readonly number[] = tokens.map((_, at) => {
  if (at === unknown) return kinds.unknown;
  if (at <= end) return kinds.control;
  return at < 3 + bytes.length ? kinds.byte : kinds.normal;
});

const ids = new Map(tokens.map((token, id) => [token, id]));

export function encode(text: string): number[] {
  return [...text].flatMap((character) => {
    const id = ids.get(character === " " ? "\u2581" : character);
    return id === undefined ? [...new TextEncoder().encode(character)].map((byte) => 3 + byte) : [id];
  });
}

export function decode(list: readonly number[]): string {
  return list.map((id) => (tokens[id] ?? "").replace("\u2581", " ")).join("");
}
