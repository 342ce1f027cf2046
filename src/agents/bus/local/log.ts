import { matches } from "../topic.ts";
import type { Envelope } from "../transport.ts";

/** The last envelopes that were stored for durable names, for replay, and the ids among them. */
export class Log {
  readonly #size: number;
  readonly #envelopes = new Map<string, Envelope>();

  constructor(size: number) {
    this.#size = size;
  }

  /** Whether it is new. */
  add(envelope: Envelope): boolean {
    if (this.#envelopes.has(envelope.id)) return false;
    this.#envelopes.set(envelope.id, envelope);
    if (this.#envelopes.size > this.#size) {
      for (const id of this.#envelopes.keys()) {
        this.#envelopes.delete(id);
        break;
      }
    }
    return true;
  }

  since(pattern: string, from: "beginning" | Date): Envelope[] {
    const start = from === "beginning" ? Number.NEGATIVE_INFINITY : from.getTime();
    const found: Envelope[] = [];
    for (const envelope of this.#envelopes.values()) {
      if (envelope.sentAt >= start && matches(pattern, envelope.topic)) found.push(envelope);
    }
    return found;
  }
}
