/** What travels: plain JSON but for `body`, which a local bus passes on as it is. */
export interface Envelope {
  /** Unique; a transport that stores drops what it has seen. */
  readonly id: string;
  /** Words between dots: "logs.nginx.error". */
  readonly topic: string;
  readonly body: unknown;
  /** The agent that sent it. */
  readonly from?: string | undefined;
  /** The topic that answers go to. */
  readonly replyTo?: string | undefined;
  /** Of an answer: the id of what is answered. */
  readonly inReplyTo?: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** W3C trace context, and what users add. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An envelope that arrived. On transports that store, what is not acknowledged comes again. */
export interface Delivery {
  readonly envelope: Envelope;
  /** How often it was delivered before. */
  readonly redelivered: number;
  /** Handled: it does not come again. Resolves when the transport knows. */
  acknowledge(): Promise<void>;
  /** Not handled: it comes again, here or elsewhere. */
  reject(options?: { readonly delayMs?: number | undefined }): Promise<void>;
  /** Cannot be handled by anybody: it goes where poison messages go, the topic "dead." and its own. */
  discard(reason: string): Promise<void>;
}

export interface SubscribeOptions {
  /** Subscribers of one group share the work: each envelope goes to one of them. */
  readonly group?: string | undefined;
  /** A name under which the transport stores what comes while nobody listens. */
  readonly durable?: string | undefined;
  /** Replay from the beginning of what is stored, or from a time. Default: what comes from now on. */
  readonly since?: "beginning" | Date | undefined;
  /** The most deliveries not yet acknowledged. Default: no limit. */
  readonly maxInFlight?: number | undefined;
  /**
   * What publishers meet when `maxInFlight` is reached: they wait (the default), or QUEUE_FULL. Transports that store keep
   * the envelope either way.
   */
  readonly overflow?: "wait" | "reject" | undefined;
}

export interface Subscription extends AsyncDisposable {
  /** Resolves when the last delivery under way has ended. */
  close(): Promise<void>;
}

/** A table that all agents see; the newest value of each key. */
export interface SharedContext {
  get(key: string): Promise<{ readonly value: unknown; readonly revision: number } | undefined>;
  /** With `revision`, only if that is still the newest; 0: only if there is none. Rejects with INVALID_VALUE otherwise. */
  set(key: string, value: unknown, options?: { readonly revision?: number | undefined }): Promise<number>;
  delete(key: string): Promise<void>;
  keys(): Promise<readonly string[]>;
  /** The newest value of each key that matches, then every change; slow readers miss what is overwritten. Deleted: undefined. */
  watch(
    pattern: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<{ readonly key: string; readonly value: unknown; readonly revision: number }>;
}

/**
 * Carries envelopes between agents of one process, or of many machines. Topics are matched as NATS does: "*" is one word,
 * ">" at the end is one or more.
 */
export interface Transport extends AsyncDisposable {
  /** "local", "nats" */
  readonly name: string;
  /**
   * Resolves when the transport has taken it; where it stores, when it is stored. Rejects with QUEUE_FULL where somebody has
   * too much waiting, after the others got it.
   */
  publish(envelope: Envelope): Promise<void>;
  /** Whether somebody listens to a topic, for transports that know at once. */
  hasListener?(topic: string): boolean;
  subscribe(
    pattern: string,
    handler: (delivery: Delivery) => void,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /** The first answer. Rejects with DEADLINE_EXCEEDED, AGENT_NOT_FOUND where nobody listens, ABORTED. */
  request(
    envelope: Envelope,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Envelope>;
  context(name: string): Promise<SharedContext>;
}
