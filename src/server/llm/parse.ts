import { isUtf8 } from "node:buffer";
import { AikoError } from "../../errors.ts";

type Json = Record<string, unknown>;

const longestType = 32;
/** A value that moves between threads is copied by functions that call themselves: a deeper one ends the thread. */
const deepest = 1_000;
const [quote, backslash] = [0x22, 0x5c];
const opening: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closing: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * The JSON value of a request's bytes; runs on a thread of its own where it would take long. Pictures are decoded to where their
 * text was among the bytes, and stand in the value as start and length: what they are moves between threads without a copy.
 */
export function parse([bytes]: readonly [Uint8Array]): unknown {
  if (!isUtf8(bytes)) throw wrong("the body is not UTF-8");
  if (!isShallow(bytes)) throw wrong(`the body is nested more than ${deepest} levels deep`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(`the body is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  let end = 0;
  forImages(value, (given) => {
    const image = typeof given === "string" ? imageOf(given) : undefined;
    if (image === undefined) return given;
    const place = Uint32Array.of(end, image.length);
    bytes.set(image, end);
    end += image.length;
    return place;
  });
  return value;
}

function isShallow(bytes: Uint8Array): boolean {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) at = textEnd(bytes, at);
    else if (closing.has(byte)) depth--;
    else if (opening.has(byte) && ++depth > deepest) return false;
  }
  return true;
}

/** Where the text that starts at `start` has its closing quote. */
function textEnd(bytes: Uint8Array, start: number): number {
  for (let end = bytes.indexOf(quote, start + 1); end !== -1; end = bytes.indexOf(quote, end + 1)) {
    let before = end - 1;
    while (bytes[before] === backslash) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return bytes.length;
}

/** Puts the pictures that `parse` left in the bytes into its value. */
export function withImages(value: unknown, bytes: Uint8Array): unknown {
  forImages(value, (given) => {
    if (!(given instanceof Uint32Array)) return given;
    const [start = 0, length = 0] = given;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
  });
  return value;
}

/**
 * Replaces what stands where requests have pictures: Ollama's `images`, OpenAI's `image_url` or its `url`, Anthropic's
 * `source.data`.
 */
function forImages(body: unknown, replace: (given: unknown) => unknown): void {
  if (!isObject(body)) return;
  const inList = (holder: Json) => {
    if (Array.isArray(holder["images"])) holder["images"] = holder["images"].map(replace);
  };
  const inField = (holder: Json, name: string) => {
    if (Object.hasOwn(holder, name)) holder[name] = replace(holder[name]);
  };
  inList(body);
  for (const message of [...listOf(body["messages"]), ...listOf(body["input"])].filter(isObject)) {
    inList(message);
    for (const part of [...listOf(message["content"]), ...listOf(message["output"])].filter(isObject)) {
      const { image_url: image, source } = part;
      if (isObject(image)) inField(image, "url");
      else inField(part, "image_url");
      if (isObject(source)) inField(source, "data");
    }
  }
}

/** Bytes of base64 or of a data URL; `undefined` for what is neither: it stays a text, and is refused by name later. */
function imageOf(text: string): Buffer | undefined {
  const type = /^data:(?:image\/(?:png|jpe?g|webp|gif))?;base64,/.exec(text.slice(0, longestType))?.[0] ?? "";
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const characters = text.length - type.length - padding;
  const bytes = Buffer.from(type === "" ? text : text.slice(type.length), "base64");
  // Node skips what is no base64: then there are fewer bytes than characters say.
  const isWhole = characters > 0 && characters % 4 !== 1 && bytes.length === Math.floor((characters * 3) / 4);
  return isWhole ? bytes : undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function wrong(message: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message });
}
