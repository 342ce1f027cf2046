import { constants } from "node:buffer";
import { makeHostArray } from "../../core/host-array.ts";
import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import type { MessageText } from "./message.ts";
import { inTurns } from "./turns.ts";

export interface EncodedTexts {
  /** `offsets[i]` to `offsets[i + 1]` are the bytes of text i. */
  readonly offsets: Uint32Array;
  /** Behind the last text there is anything, up to a multiple of four. */
  readonly bytes: Buffer;
}

const pieceBytes = 1 << 18;
/** Offsets are compared as i32 here and there. */
const mostBytes = Math.min(2 ** 31 - 8, constants.MAX_LENGTH);

/** Memory that a batch has no more use for: touching 11 MB for the first time takes as long as encoding it. */
let spare: Buffer | undefined;

/** Of Node's own pool: memory of their own for texts of single messages kept the garbage collector busy. */
const pooledBytes = 4000;

export function take(bytes: number): Buffer {
  const kept = spare;
  if (kept !== undefined && bytes > pooledBytes && kept.byteLength >= bytes) {
    spare = undefined;
    return kept;
  }
  if (bytes <= pooledBytes) return Buffer.allocUnsafe(Math.ceil(bytes / 4) * 4);
  const { buffer, byteOffset, byteLength } = makeHostArray("u8", Math.ceil(bytes / 4) * 4);
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Gives the memory of texts back; nobody may look at them any more. */
export function giveBack({ bytes }: EncodedTexts): void {
  if (bytes.byteLength <= pooledBytes) return;
  if (bytes.byteLength <= 1 << 26 && bytes.byteLength >= (spare?.byteLength ?? 0)) spare = bytes;
}

/**
 * Texts as UTF-8, one behind the other; bytes stay as they are. A lone half of a surrogate pair becomes the three bytes that it would
 * have if UTF-8 allowed it. Lets other work run in between. Throws INVALID_ARGUMENT for more than 2 GiB.
 */
export async function encodeTexts(
  count: number,
  textAt: (at: number) => MessageText | undefined,
): Promise<EncodedTexts> {
  const offsets = new Uint32Array(count + 1);
  const texts: (MessageText | undefined)[] = [];
  let units = 0;
  await inTurns(count, (at) => {
    const text = textAt(at);
    texts.push(text);
    units += text?.length ?? 0;
  });
  if (units > mostBytes) throw tooMuch(count);
  let bytes = take(Math.min(mostBytes, units + (units >> 3) + 64));
  let at = 0;
  let next = pieceBytes;
  for (let row = 0; row < count; row++) {
    const text = texts[row];
    if (text !== undefined && text.length > 0) {
      const most = text.length * (typeof text === "string" ? 3 : 1);
      if (at + most > bytes.length) bytes = grown(bytes, at, text, count);
      at += put(text, bytes, at);
    }
    offsets[row + 1] = at;
    if (at >= next || row % 4096 === 4095) {
      next = at + pieceBytes;
      while (isTurnLong()) await nextTurn();
    }
  }
  return { offsets, bytes };
}

function put(text: MessageText, bytes: Buffer, at: number): number {
  if (typeof text !== "string") {
    bytes.set(text, at);
    return text.length;
  }
  const written = bytes.write(text, at, "utf8");
  if (!isWellFormed(text)) markHalves(text, bytes, at);
  return written;
}

function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** Writes over the replacement characters, which have as many bytes. */
function markHalves(text: string, bytes: Buffer, start: number): void {
  let at = start;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) {
      bytes[at] = 0xed;
      bytes[at + 1] = 0x80 | ((code >> 6) & 0x3f);
      bytes[at + 2] = 0x80 | (code & 0x3f);
    }
    at += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
}

function grown(bytes: Buffer, used: number, text: MessageText, count: number): Buffer {
  const needed = used + Buffer.byteLength(text);
  if (needed > mostBytes) throw tooMuch(count);
  const most = used + text.length * 3;
  const larger = take(Math.min(mostBytes, Math.max(most, bytes.length * 2)));
  larger.set(bytes.subarray(0, used));
  return larger;
}

function tooMuch(count: number): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `The texts of ${count} messages come to more than 2 GiB`,
    hint: "Validate them in several calls.",
  });
}
