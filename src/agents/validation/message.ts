/** What is validated: text, bytes that should be UTF-8, or an object with a text and other fields. */
export type Message = string | Uint8Array | object;

/** Where a value is in a message: the name of a field, or a function. */
export type Field = string | ((message: never) => unknown);

export type MessageText = string | Uint8Array;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

/** What a message has in a field; undefined where it has none, or where the function throws. */
export function fieldOf(message: unknown, field: Field): unknown {
  if (typeof field === "string") return isRecord(message) ? message[field] : undefined;
  try {
    return field(message as never);
  } catch {
    return undefined;
  }
}

/** The text of a message; undefined where there is none. */
export function textOf(message: unknown, field: Field): MessageText | undefined {
  const value = isRecord(message) || typeof field === "function" ? fieldOf(message, field) : message;
  return typeof value === "string" || value instanceof Uint8Array ? value : undefined;
}

/** The same as JavaScript's own text, for what cannot read bytes. */
export function stringOf(text: MessageText): string {
  return typeof text === "string"
    ? text
    : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString();
}

/** NaN for what is no number. */
export function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "bigint" ? Number(value) : NaN;
}

/** Numbers of a vector; undefined where it is none of that width. */
export function vectorOf(value: unknown, width: number): ArrayLike<number> | undefined {
  if (value instanceof Float32Array || value instanceof Float64Array || Array.isArray(value)) {
    return value.length === width ? value : undefined;
  }
  return undefined;
}

/** For messages to people: no control characters, and not too much of it. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? value : String(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}...` : text;
  return JSON.stringify(short).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
