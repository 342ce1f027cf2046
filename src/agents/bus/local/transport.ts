import { AikoError, toAikoError } from "../../../errors.ts";
import { Answers } from "../answers.ts";
import { deadLetter, isDeadTopic } from "../dead-letter.ts";
import { assertPattern, assertTopic } from "../topic.ts";
import { TopicTrie } from "../topic-trie.ts";
import type {
  Delivery,
  Envelope,
  SharedContext,
  SubscribeOptions,
  Subscription,
  Transport,
} from "../transport.ts";
import { LocalContext } from "./context.ts";
import { Inbox, type InboxHost, taken } from "./inbox.ts";
import { Log } from "./log.ts";

export interface LocalTransportOptions {
  /** The most envelopes that wait for one subscriber, or are stored for one durable name. Default 65,536. */
  readonly maxPending?: number | undefined;
  /** How many envelopes stored for durable names are kept for `since`, and to know those that come twice. Default 10,000. */
  readonly retention?: number | undefined;
}

const mostRoutes = 16_384;
const nobody: readonly Inbox[] = [];

/**
 * Carries envelopes within this process, bodies as they are. Subscribers that state `maxInFlight` or a durable name
 * acknowledge; the deliveries of others end when the handler returns. What durable names store is in memory.
 */
export class LocalTransport implements Transport {
  readonly name = "local";
  readonly #trie = new TopicTrie<Inbox>();
  readonly #routes = new Map<string, readonly Inbox[]>();
  readonly #groups = new Map<string, Inbox>();
  readonly #durables = new Map<string, Inbox>();
  readonly #inboxes = new Set<Inbox>();
  readonly #contexts = new Map<string, LocalContext>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #answers = new Answers();
  readonly #log: Log;
  readonly #host: InboxHost;
  #disposed = false;

  constructor(options: LocalTransportOptions = {}) {
    const { maxPending = 65_536, retention = 10_000 } = options;
    this.#log = new Log(retention);
    this.#host = {
      maxPending,
      later: (delayMs, work) => this.#later(delayMs, work),
      bury: (envelope, reason) => this.#bury(envelope, reason),
    };
  }

  publish(envelope: Envelope): Promise<void> {
    try {
      if (this.#answers.take(envelope)) return taken;
      return this.#offer(envelope, this.#route(envelope.topic));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  hasListener(topic: string): boolean {
    return this.#route(topic).length > 0;
  }

  async subscribe(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    this.#assertOpen();
    assertPattern(pattern);
    const inbox = this.#inbox(pattern, options);
    const member = inbox.join(handler, options);
    const close = async () => {
      if (inbox.durable === undefined && inbox.isLast(member)) this.#detach(inbox);
      await inbox.leave(member);
    };
    let closing: Promise<void> | undefined;
    const closeOnce = () => {
      closing ??= close();
      return closing;
    };
    return { close: closeOnce, [Symbol.asyncDispose]: closeOnce };
  }

  request(
    envelope: Envelope,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Envelope> {
    try {
      const route = this.#route(envelope.topic);
      if (route.length === 0) throw notFound(envelope);
      const answer = this.#answers.expect(envelope, options);
      try {
        this.#offer({ ...envelope, replyTo: answer.topic }, route).catch(answer.fail);
      } catch (error) {
        answer.fail(toAikoError(error));
      }
      return answer.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async context(name: string): Promise<SharedContext> {
    this.#assertOpen();
    let context = this.#contexts.get(name);
    if (context === undefined) {
      context = new LocalContext(name);
      this.#contexts.set(name, context);
    }
    return context;
  }

  /** Ends subscriptions, waits and requests at once: publishers and requesters that wait get DISPOSED. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const error = disposed();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const inbox of this.#inboxes) inbox.abandon(error);
    for (const context of this.#contexts.values()) context.close();
    this.#answers.fail(error);
    this.#inboxes.clear();
    this.#routes.clear();
  }

  #offer(envelope: Envelope, route: readonly Inbox[]): Promise<void> {
    const [first] = route;
    if (first === undefined) return taken;
    if (route.length === 1 && first.durable === undefined) return first.offer(envelope);
    if (route.some((inbox) => inbox.durable !== undefined) && !this.#log.add(envelope)) return taken;
    return this.#offerAll(envelope, route);
  }

  async #offerAll(envelope: Envelope, route: readonly Inbox[]): Promise<void> {
    let error: unknown;
    const waits: Promise<void>[] = [];
    for (const inbox of route) {
      try {
        const wait = inbox.offer(envelope);
        if (wait !== taken) waits.push(wait);
      } catch (thrown) {
        error = thrown;
      }
    }
    for (const result of await Promise.allSettled(waits)) {
      if (result.status === "rejected") error = result.reason;
    }
    if (error !== undefined) throw error;
  }

  /** Who gets a topic: looked up once until somebody comes or goes. */
  #route(topic: string): readonly Inbox[] {
    const known = this.#routes.get(topic);
    if (known !== undefined) return known;
    this.#assertOpen();
    assertTopic(topic);
    const found = this.#trie.match(topic);
    const route = found.length === 0 ? nobody : found;
    if (this.#routes.size >= mostRoutes) this.#routes.clear();
    this.#routes.set(topic, route);
    return route;
  }

  #inbox(pattern: string, options: SubscribeOptions): Inbox {
    const { durable, group, since } = options;
    if (durable !== undefined) return this.#durable(pattern, durable, options);
    const key = group === undefined ? undefined : `${group} ${pattern}`;
    const shared = key === undefined ? undefined : this.#groups.get(key);
    if (shared !== undefined) return shared;
    const inbox = this.#attach(new Inbox(this.#host, pattern, options));
    if (key !== undefined) {
      inbox.group = key;
      this.#groups.set(key, inbox);
    }
    if (since !== undefined) this.#replay(inbox, since);
    return inbox;
  }

  #durable(pattern: string, name: string, options: SubscribeOptions): Inbox {
    const known = this.#durables.get(name);
    if (known === undefined) {
      const inbox = this.#attach(new Inbox(this.#host, pattern, options));
      this.#durables.set(name, inbox);
      if (options.since !== undefined) this.#replay(inbox, options.since);
      return inbox;
    }
    if (known.pattern === pattern) return known;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The durable name ${name} is for ${known.pattern}, not for ${pattern}`,
      hint: "Choose another name for another pattern.",
    });
  }

  #attach(inbox: Inbox): Inbox {
    this.#trie.add(inbox.pattern, inbox);
    this.#inboxes.add(inbox);
    this.#routes.clear();
    return inbox;
  }

  #detach(inbox: Inbox): void {
    this.#trie.remove(inbox.pattern, inbox);
    this.#inboxes.delete(inbox);
    this.#routes.clear();
    if (inbox.group !== undefined) this.#groups.delete(inbox.group);
  }

  #replay(inbox: Inbox, since: "beginning" | Date): void {
    for (const envelope of this.#log.since(inbox.pattern, since)) inbox.backlog(envelope);
  }

  #bury(envelope: Envelope, reason: string): void {
    if (isDeadTopic(envelope.topic) || this.#disposed) return;
    this.publish(deadLetter(envelope, reason)).catch(() => {});
  }

  #later(delayMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, delayMs);
    this.#timers.add(timer);
  }

  #assertOpen(): void {
    if (this.#disposed) throw disposed();
  }
}

function notFound({ topic }: Envelope): AikoError {
  return new AikoError("AGENT_NOT_FOUND", {
    message: `Nobody listens to ${topic}`,
    hint: "bus.agents() lists who is there.",
  });
}

function disposed(): AikoError {
  return new AikoError("DISPOSED", {
    message: "The bus is disposed",
    hint: "Dispose it after the last message.",
  });
}
