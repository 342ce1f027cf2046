import type { Envelope } from "./transport.ts";

const prefix = "dead.";

/** The pattern of all dead letters. */
export const deadLetters = `${prefix}>`;

/** The header of a dead letter that says why it is one. */
export const deadReason = "aikoryu-dead-reason";

export function isDeadTopic(topic: string): boolean {
  return topic.startsWith(prefix);
}

/** What is published of an envelope that nobody can handle: itself, on a topic of its own, with the reason in its headers. */
export function deadLetter(envelope: Envelope, reason: string): Envelope {
  const { replyTo: _, ...kept } = envelope;
  return {
    ...kept,
    id: `${envelope.id}.dead`,
    topic: prefix + envelope.topic,
    headers: { ...envelope.headers, [deadReason]: reason.replaceAll(/[\r\n]+/g, " ").slice(0, 1_000) },
  };
}
