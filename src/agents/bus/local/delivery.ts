import type { Delivery, Envelope } from "../transport.ts";
import type { Inbox, Item } from "./inbox.ts";
import type { Member } from "./member.ts";

const done: Promise<void> = Promise.resolve();

export class LocalDelivery implements Delivery {
  readonly #inbox: Inbox;
  readonly #item: Item;
  readonly #member: Member;
  #ended = false;

  constructor(inbox: Inbox, item: Item, member: Member) {
    this.#inbox = inbox;
    this.#item = item;
    this.#member = member;
  }

  get envelope(): Envelope {
    return this.#item.envelope;
  }

  get redelivered(): number {
    return this.#item.redelivered;
  }

  acknowledge(): Promise<void> {
    this.end();
    return done;
  }

  reject(options: { readonly delayMs?: number | undefined } = {}): Promise<void> {
    if (this.end()) this.#inbox.again(this.#item, options.delayMs ?? 0);
    return done;
  }

  discard(reason: string): Promise<void> {
    if (this.end()) this.#inbox.bury(this.#item, reason);
    return done;
  }

  /** Whether it had not ended before. */
  end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#inbox.release(this.#member);
    return true;
  }
}
