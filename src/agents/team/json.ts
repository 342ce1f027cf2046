import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";

const bytesKey = "$bytes";
const mostDepth = 500;

/**
 * JSON text of what a checkpoint holds; other work gets its turn meanwhile, so the value must not change. Rejects with
 * INVALID_VALUE for what would come back as something else, naming where it is.
 */
export async function toStoredText(value: unknown, what: string): Promise<string> {
  const parts: string[] = [];
  for (const _ of write(value, what, 0, parts)) while (isTurnLong()) await nextTurn();
  return parts.join("");
}

export function fromStoredText(text: string): unknown {
  if (!text.includes(`"${bytesKey}"`)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "object" || value === null || !(bytesKey in value)) return value;
    const bytes = value[bytesKey];
    return typeof bytes === "string" ? new Uint8Array(Buffer.from(bytes, "base64")) : value;
  });
}

/** Pauses after every object. */
function* write(value: unknown, path: string, depth: number, parts: string[]): Generator<void> {
  if (isScalar(value)) parts.push(JSON.stringify(value));
  else if (value instanceof Uint8Array) {
    parts.push(`{"${bytesKey}":"${Buffer.from(value).toString("base64")}"}`);
  } else if (typeof value !== "object" || value === null) {
    throw unstorable(path, typeof value === "number" ? String(value) : typeof value);
  } else if (depth >= mostDepth) {
    throw unstorable(path, "nested too deeply, or inside itself");
  } else if (Array.isArray(value)) {
    yield* writeList(value, path, depth, parts);
  } else {
    yield* writeObject(value, path, depth, parts);
  }
  yield;
}

function* writeList(list: readonly unknown[], path: string, depth: number, parts: string[]): Generator<void> {
  parts.push("[");
  for (let at = 0; at < list.length; at++) {
    if (at > 0) parts.push(",");
    yield* write(list[at], `${path}[${at}]`, depth + 1, parts);
  }
  parts.push("]");
}

function* writeObject(value: object, path: string, depth: number, parts: string[]): Generator<void> {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw unstorable(path, `an object of class ${value.constructor.name}`);
  }
  if (bytesKey in value) throw unstorable(`${path}.${bytesKey}`, "a key that stands for bytes");
  if (Object.values(value).every((item) => item === undefined || isScalar(item))) {
    parts.push(JSON.stringify(value));
    return;
  }
  let mark = "{";
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    parts.push(mark, JSON.stringify(key), ":");
    mark = ",";
    yield* write(item, `${path}.${key}`, depth + 1, parts);
  }
  parts.push("}");
}

function isScalar(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  return typeof value === "number" && Number.isFinite(value);
}

function unstorable(path: string, found: string): AikoError {
  return new AikoError("INVALID_VALUE", {
    message: `${path} is ${found}, which a checkpoint cannot hold`,
    hint: "Checkpoints hold JSON values and bytes (Uint8Array).",
  });
}
