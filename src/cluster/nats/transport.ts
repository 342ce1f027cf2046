import { deadLetter, deadReason, isDeadTopic } from "../../agents/bus/dead-letter.ts";
import { assertPattern, assertTopic } from "../../agents/bus/topic.ts";
import type {
  Delivery,
  Envelope,
  SharedContext,
  SubscribeOptions,
  Subscription,
  Transport,
} from "../../agents/index.ts";
import { AikoError } from "../../errors.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { encodeEnvelope } from "./codec.ts";
import { ensureConsumer } from "./consumer.ts";
import type { Dead, OpenSubscription } from "./delivery.ts";
import { natsError } from "./errors.ts";
import { attemptMs, within } from "./insist.ts";
import { assertOpen, type Link, openLink } from "./link.ts";
import { LiveSubscriptions } from "./live-subscriptions.ts";
import { type NatsOptions, natsSettings } from "./options.ts";
import { Requests } from "./requests.ts";
import { openContext } from "./shared-context.ts";
import { Store } from "./store.ts";
import { StoredSubscription } from "./stored-subscription.ts";
import { ensureStream } from "./stream.ts";
import { covers, replyPrefix } from "./subjects.ts";

/** How long what is under way may still take when the transport is disposed. */
const drainMs = 5_000;

/**
 * Joins the agents of other processes and machines over NATS. Topics named in `stored` are kept by the server: publishing
 * resolves when they are on its disk, groups share them as work, and what a killed worker had goes to another one. All other
 * topics pass by those who listen. Rejects with CONNECTION_FAILED, UNSUPPORTED (no JetStream), ENGINE_MISSING, INVALID_ARGUMENT.
 */
export async function natsTransport(options: NatsOptions = {}): Promise<Transport> {
  const link = await openLink(natsSettings(options), options);
  try {
    return new NatsTransport(link, await ensureStream(link));
  } catch (error) {
    await link.connection.close();
    throw error;
  }
}

class NatsTransport implements Transport {
  readonly name = "nats";
  readonly #link: Link;
  readonly #stored: readonly string[];
  readonly #store: Store;
  readonly #acknowledgements: Acknowledgements;
  readonly #live: LiveSubscriptions;
  readonly #requests: Requests;
  readonly #open = new Set<OpenSubscription>();

  constructor(link: Link, stored: readonly string[]) {
    this.#link = link;
    this.#stored = stored;
    this.#store = new Store(link);
    this.#acknowledgements = new Acknowledgements(link);
    this.#live = new LiveSubscriptions(link, (dead) => this.#bury(dead));
    this.#requests = new Requests(link);
  }

  async publish(envelope: Envelope): Promise<void> {
    await this.#publish(envelope);
  }

  async subscribe(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    assertOpen(this.#link);
    assertPattern(pattern);
    const isStored = this.#stored.some((outer) => covers(outer, pattern));
    const wantsStored = options.durable !== undefined || options.since !== undefined;
    if (wantsStored && !isStored) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${pattern} is not stored, so that there is nothing to replay`,
        hint: `Open the transport with stored: [${JSON.stringify(pattern)}].`,
      });
    }
    const subscription =
      isStored && (wantsStored || options.group !== undefined)
        ? await this.#openStored(pattern, handler, options)
        : await this.#live.open(pattern, handler, options);
    this.#open.add(subscription);
    const close = async () => {
      await subscription.close();
      this.#open.delete(subscription);
    };
    return { close, [Symbol.asyncDispose]: close };
  }

  async request(
    envelope: Envelope,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Envelope> {
    return this.#requests.send(envelope, options, (asked, reply) => this.#publish(asked, reply));
  }

  async context(name: string): Promise<SharedContext> {
    assertOpen(this.#link);
    return openContext(this.#link, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#requests.close();
    const { connection } = this.#link;
    const closing = [...this.#open].map((subscription) => subscription.close());
    await within(drainMs, Promise.allSettled(closing));
    for (const subscription of this.#open) subscription.abandon();
    this.#open.clear();
    if (!connection.isClosed()) await within(attemptMs, connection.flush());
    await connection.close();
  }

  async #publish(envelope: Envelope, reply?: string): Promise<void> {
    assertOpen(this.#link);
    assertTopic(envelope.topic);
    const bytes = encodeEnvelope(envelope);
    const subject = this.#link.subjects.of(envelope.topic);
    if (this.#isStored(envelope.topic)) return this.#store.put(subject, bytes, envelope.id);
    try {
      this.#link.connection.publish(subject, bytes, reply === undefined ? {} : { reply });
    } catch (error) {
      throw natsError(error, `Cannot publish on ${envelope.topic}`);
    }
  }

  #isStored(topic: string): boolean {
    return !topic.startsWith(replyPrefix) && this.#stored.some((pattern) => covers(pattern, topic));
  }

  async #openStored(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options: SubscribeOptions,
  ): Promise<OpenSubscription> {
    const consumer = await ensureConsumer(this.#link, pattern, options);
    return new StoredSubscription(consumer, handler, {
      link: this.#link,
      acknowledgements: this.#acknowledgements,
      toDeadLetters: (dead) => this.#bury(dead),
      maxInFlight: options.maxInFlight ?? 64,
    });
  }

  async #bury({ envelope, reason }: Dead): Promise<void> {
    if (isDeadTopic(envelope.topic)) return;
    const dead = deadLetter(envelope, reason);
    try {
      await this.#publish(dead);
    } catch (error) {
      if (!(error instanceof AikoError) || error.code !== "INVALID_ARGUMENT") throw error;
      await this.#publish({
        ...dead,
        body: null,
        headers: { ...dead.headers, [deadReason]: tooLong(reason) },
      });
    }
  }
}

function tooLong(reason: string): string {
  return `${reason.slice(0, 800)} (too long to be kept)`;
}
