import { assertTopic } from "../../agents/bus/topic.ts";
import type { Envelope } from "../../agents/index.ts";
import { AikoError } from "../../errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const openBrace = 0x7b;
const lineEnd = 0x0a;

/**
 * JSON, or, where the body is bytes, a line of JSON without it and the bytes after it. Throws INVALID_ARGUMENT for a body
 * that JSON cannot hold.
 */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { body, ...head } = envelope;
  if (body instanceof Uint8Array) {
    const line = encoder.encode(`${JSON.stringify({ ...head, bytes: body.length })}\n`);
    const bytes = new Uint8Array(line.length + body.length);
    bytes.set(line);
    bytes.set(body, line.length);
    return bytes;
  }
  return encoder.encode(toJson(envelope, envelope.topic));
}

/** Throws PROTOCOL_VIOLATION for bytes that no member of ours has written. */
export function decodeEnvelope(bytes: Uint8Array, subject: string): Envelope {
  const value = parse(bytes, subject);
  if (typeof value["bytes"] !== "number") return asEnvelope(value, value["body"], subject);
  const start = bytes.indexOf(lineEnd) + 1;
  if (start === 0 || bytes.length - start !== value["bytes"]) throw foreign(subject);
  const { bytes: _, ...head } = value;
  return asEnvelope(head, new Uint8Array(bytes.subarray(start)), subject);
}

export function encodeValue(value: unknown, what: string): Uint8Array {
  return encoder.encode(toJson(value, what));
}

export function decodeValue(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw foreign(what, cause);
  }
}

function parse(bytes: Uint8Array, subject: string): Record<string, unknown> {
  if (bytes[0] !== openBrace) throw foreign(subject);
  const end = bytes.indexOf(lineEnd);
  try {
    return JSON.parse(decoder.decode(end === -1 ? bytes : bytes.subarray(0, end)));
  } catch (cause) {
    throw foreign(subject, cause);
  }
}

function asEnvelope(head: Record<string, unknown>, body: unknown, subject: string): Envelope {
  const { id, topic, sentAt, from, replyTo, inReplyTo, headers } = head;
  if (typeof id !== "string" || typeof topic !== "string" || typeof sentAt !== "number")
    throw foreign(subject);
  if (!isText(from) || !isText(inReplyTo) || !isTopic(replyTo) || !isHeaders(headers)) throw foreign(subject);
  return { id, topic, body, from, replyTo, inReplyTo, sentAt, headers };
}

function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function isTopic(value: unknown): value is string | undefined {
  if (typeof value === "string") assertTopic(value);
  return isText(value);
}

function isHeaders(value: unknown): value is Record<string, string> | undefined {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => typeof each === "string");
}

function toJson(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuse);
  } catch (cause) {
    if (cause instanceof AikoError) throw cause;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `What is sent to ${what} cannot be written as JSON: ${String(cause)}`,
      cause,
    });
  }
  return text ?? "null";
}

function refuse(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Readonly<Record<string, unknown>>)[key];
  const isLost =
    original instanceof Date ||
    (value === undefined && Array.isArray(this)) ||
    typeof value === "function" ||
    typeof value === "symbol" ||
    value instanceof Map ||
    value instanceof Set ||
    (ArrayBuffer.isView(value) && !(value instanceof DataView)) ||
    (typeof value === "number" && !Number.isFinite(value));
  if (!isLost) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `${key === "" ? "The body" : `"${key}" of the body`} would not arrive as it is: JSON has no ${Object.prototype.toString.call(original).slice(8, -1)} like it`,
    hint: "Send plain objects, arrays, text, finite numbers; or one Uint8Array as the whole body.",
  });
}

function foreign(subject: string, cause?: unknown): AikoError {
  return new AikoError("PROTOCOL_VIOLATION", {
    message: `What came on ${subject} is no envelope`,
    hint: "Something that is not a member publishes there; give members a namespace of their own.",
    cause,
  });
}
