import type { Msg, Subscription as NatsSubscription } from "@nats-io/transport-node";
import type { Delivery, SubscribeOptions } from "../../agents/index.ts";
import type { Dead, OpenSubscription } from "./delivery.ts";
import { readEnvelope } from "./incoming.ts";
import { attemptMs, insist, within } from "./insist.ts";
import type { Link } from "./link.ts";
import { Member } from "./live-member.ts";
import { queueName } from "./names.ts";

interface Shared {
  readonly subscription: NatsSubscription;
  members: readonly Member[];
}

/** Subscriptions to what passes by. Those of one pattern share one of the server's, and what comes is decoded once. */
export class LiveSubscriptions {
  readonly #link: Link;
  readonly #toDeadLetters: (dead: Dead) => Promise<void>;
  readonly #shared = new Map<string, Shared>();

  constructor(link: Link, toDeadLetters: (dead: Dead) => Promise<void>) {
    this.#link = link;
    this.#toDeadLetters = toDeadLetters;
  }

  async open(
    pattern: string,
    handler: (delivery: Delivery) => void,
    { group, maxInFlight }: SubscribeOptions,
  ): Promise<OpenSubscription> {
    const { connection, subjects } = this.#link;
    const known = group === undefined ? this.#shared.get(pattern) : undefined;
    const shared = known ?? this.#subscribe(subjects.of(pattern), group);
    const member = new Member(handler, maxInFlight, this.#toDeadLetters);
    shared.members = [...shared.members, member];
    if (group === undefined) this.#shared.set(pattern, shared);
    try {
      await insist(this.#link, `Cannot listen to ${pattern}`, () => connection.flush());
    } catch (error) {
      this.#close(pattern, shared, member).catch(() => {});
      throw error;
    }
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= this.#close(pattern, shared, member);
      return closing;
    };
    return { close, abandon: () => member.abandon(), [Symbol.asyncDispose]: close };
  }

  async #close(pattern: string, shared: Shared, member: Member): Promise<void> {
    const { connection } = this.#link;
    if (shared.members.length === 1) {
      if (this.#shared.get(pattern) === shared) this.#shared.delete(pattern);
      if (!connection.isClosed()) await within(attemptMs, shared.subscription.drain());
      shared.subscription.unsubscribe();
    }
    shared.members = shared.members.filter((other) => other !== member);
    await member.close();
  }

  #subscribe(subject: string, group: string | undefined): Shared {
    const shared: { subscription?: NatsSubscription; members: readonly Member[] } = { members: [] };
    const subscription = this.#link.connection.subscribe(subject, {
      ...(group === undefined ? {} : { queue: queueName(group) }),
      callback: (error, message) => {
        if (error === null) this.#deliver(message, shared.members);
      },
    });
    return Object.assign(shared, { subscription });
  }

  #deliver(message: Msg, members: readonly Member[]): void {
    const { envelope, problem } = readEnvelope(message, this.#link.subjects);
    if (problem !== undefined) this.#toDeadLetters({ envelope, reason: problem }).catch(() => {});
    else for (const member of members) member.take(envelope);
  }
}
