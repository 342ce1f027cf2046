import type { Delivery, Envelope } from "../../agents/index.ts";
import { decodeEnvelope } from "./codec.ts";
import type { Subjects } from "./subjects.ts";

/** The envelope, or, of something that is none, one that can be buried and the reason. */
export function readEnvelope(
  { data, subject }: { readonly data: Uint8Array; readonly subject: string },
  subjects: Subjects,
): { readonly envelope: Envelope; readonly problem?: string } {
  try {
    const envelope = decodeEnvelope(data, subject);
    if (subjects.of(envelope.topic) === subject) return { envelope };
    const topic = subjects.topicOf(subject);
    return { envelope: { ...envelope, topic }, problem: `it says that it is for ${envelope.topic}` };
  } catch (error) {
    const body = Buffer.from(data).toString("utf8");
    const id = globalThis.crypto.randomUUID();
    return {
      envelope: { id, topic: subjects.topicOf(subject), body, sentAt: Date.now() },
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

/** A handler that throws has discarded what it got. */
export function handle(handler: (delivery: Delivery) => void, delivery: Delivery): void {
  try {
    handler(delivery);
  } catch (error) {
    delivery.discard(error instanceof Error ? error.message : String(error)).catch(() => {});
  }
}
