import { nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { Agent, defaultDrainMs, type LeaveOptions } from "./agent.ts";
import { deadLetters } from "./dead-letter.ts";
import { Emitter } from "./emitter.ts";
import { LocalTransport } from "./local/transport.ts";
import { type Accepts, type ArrivedOf, type BodyOf, checkBody, nameOf, type Sendable } from "./message.ts";
import type { AgentOptions } from "./options.ts";
import { cancelTopic, Post } from "./post.ts";
import { type AgentInfo, Presence } from "./presence.ts";
import { Sender } from "./sender.ts";
import { type AgentTotals, type BusStatistics, totals } from "./statistics.ts";
import { textOf } from "./thrown.ts";
import type {
  Delivery,
  Envelope,
  SharedContext,
  SubscribeOptions,
  Subscription,
  Transport,
} from "./transport.ts";

export interface BusOptions {
  /** What carries the messages. Default: a transport within this process. The bus disposes it. */
  readonly transport?: Transport | undefined;
}

/**
 * Where agents join, and how they and others reach each other. It does the same on every transport: this process, or many
 * machines.
 */
export class Bus extends Sender implements AsyncDisposable {
  readonly transport: Transport;
  readonly #agents = new Map<string, Agent>();
  readonly #requests = new Map<string, () => void>();
  readonly #emitters = new Map<string, Emitter<unknown>>();
  /** Of agents that have left. */
  readonly #past: AgentTotals = { received: 0, handled: 0, failed: 0, dead: 0 };
  readonly #presence: Presence;
  readonly #onDispose: () => void;
  #cancels: Promise<Subscription> | undefined;
  #disposed: Promise<void> | undefined;

  constructor(options: BusOptions = {}, onDispose: () => void = () => {}) {
    const transport = options.transport ?? new LocalTransport();
    super(new Post(transport));
    this.transport = transport;
    this.#presence = new Presence(transport);
    this.#onDispose = onDispose;
  }

  /** Unique among all machines. */
  get id(): string {
    return this.post.id;
  }

  /** An agent joins. Rejects with INVALID_ARGUMENT for options that are wrong and for a name that is taken on this bus. */
  async agent<const A extends Accepts>(options: AgentOptions<A>): Promise<Agent> {
    this.#assertOpen();
    const agent = new Agent(
      { post: this.post, requests: this.#requests, left: (gone) => this.#left(gone) },
      options as unknown as AgentOptions<Accepts>,
    );
    if (this.#agents.has(agent.name)) throw taken(agent.name);
    this.#agents.set(agent.name, agent);
    try {
      await this.#hearCancels();
      await agent.join();
      await this.#presence.enter(this.#info(agent));
      return agent;
    } catch (error) {
      await agent.leave({ drainMs: 0 }).catch(() => {});
      throw error;
    }
  }

  /** Everybody who is there, on all machines. */
  agents(): Promise<readonly AgentInfo[]> {
    return this.#presence.list();
  }

  /**
   * Has a function called for each message of a kind, or on a topic or pattern, without being an agent: no mailbox, no
   * retries. A body that is not what the message says, and one that the function fails with, go to the dead letters.
   */
  subscribe<M extends Sendable>(
    message: M,
    handler: (body: ArrivedOf<M>, envelope: Envelope) => void,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    const schema = typeof message === "string" ? undefined : message.body;
    const call = handler as (body: unknown, envelope: Envelope) => unknown;
    const take = async (delivery: Delivery) => {
      const { envelope } = delivery;
      try {
        const body =
          schema === undefined
            ? envelope.body
            : await checkBody(schema, envelope.body, `What came on ${envelope.topic}`);
        await call(body, envelope);
        await delivery.acknowledge();
      } catch (error) {
        await delivery.discard(textOf(error));
      }
    };
    const maxInFlight = options.maxInFlight ?? 1_024;
    return this.transport.subscribe(nameOf(message), (delivery) => void take(delivery), {
      ...options,
      maxInFlight,
    });
  }

  /** The messages that nobody could handle; the reason is in the header `aikoryu-dead-reason`. */
  deadLetters(handler: (envelope: Envelope) => void): Promise<Subscription> {
    return this.subscribe(deadLetters, (_, envelope) => handler(envelope));
  }

  /** Functions of this process, called at once and in order: nothing is stored, checked, or sent elsewhere. */
  emitter<M extends Sendable>(message: M): Emitter<BodyOf<M>> {
    const name = nameOf(message);
    const known = this.#emitters.get(name) as Emitter<BodyOf<M>> | undefined;
    const emitter = known ?? new Emitter<BodyOf<M>>(name);
    this.#emitters.set(name, emitter as Emitter<unknown>);
    return emitter;
  }

  /** A table that all agents see. */
  context(name: string): Promise<SharedContext> {
    return this.transport.context(name);
  }

  statistics(): BusStatistics {
    const agents = [...this.#agents.values()].map((agent) => agent.statistics());
    const sum = (of: keyof AgentTotals) => agents.reduce((total, agent) => total + agent[of], this.#past[of]);
    const { published, refused, unheard } = this.post;
    return {
      transport: this.transport.name,
      published,
      refused,
      unheard,
      received: sum("received"),
      handled: sum("handled"),
      failed: sum("failed"),
      dead: sum("dead"),
      agents,
    };
  }

  /**
   * Waits until no agent holds anything, `drainMs` at most; then all leave, and the transport is disposed. Safe to call
   * twice.
   */
  dispose(options: LeaveOptions = {}): Promise<void> {
    this.#disposed ??= this.#dispose(options);
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Once; again after it failed. */
  async #hearCancels(): Promise<void> {
    this.#cancels ??= this.transport.subscribe(cancelTopic, this.#onCancel);
    try {
      await this.#cancels;
    } catch (error) {
      this.#cancels = undefined;
      throw error;
    }
  }

  readonly #onCancel = (delivery: Delivery): void => {
    const { inReplyTo } = delivery.envelope;
    if (inReplyTo !== undefined) this.#requests.get(inReplyTo)?.();
  };

  async #dispose({ drainMs = defaultDrainMs }: LeaveOptions): Promise<void> {
    const end = performance.now() + drainMs;
    await this.#settle(drainMs);
    const left = { drainMs: Math.max(0, end - performance.now()) };
    await Promise.allSettled([...this.#agents.values()].map((agent) => agent.leave(left)));
    this.#presence.close();
    await this.transport[Symbol.asyncDispose]();
    this.#onDispose();
  }

  /** Agents that wait for others need these until they are done themselves. */
  async #settle(drainMs: number): Promise<void> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), drainMs);
    const isLate = new Promise<void>((resolve) => late.signal.addEventListener("abort", () => resolve()));
    try {
      for (;;) {
        await nextTurn();
        const busy = [...this.#agents.values()].find((agent) => agent.isBusy);
        if (busy === undefined || late.signal.aborted) return;
        await Promise.race([busy.idle(), isLate]);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #left(agent: Agent): Promise<void> {
    if (this.#agents.get(agent.name) !== agent) return;
    this.#agents.delete(agent.name);
    const last = agent.statistics();
    for (const of of totals) this.#past[of] += last[of];
    await this.#presence.leave(this.#info(agent));
  }

  #info({ name, accepts }: Agent): AgentInfo {
    return { name, accepts, bus: this.id };
  }

  #assertOpen(): void {
    if (this.#disposed === undefined) return;
    throw new AikoError("DISPOSED", {
      message: "The bus is disposed",
      hint: "Let agents join before that.",
    });
  }
}

function taken(name: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `There already is an agent ${name} on this bus`,
    hint: "Let that one leave first, give this one another name, or give one more concurrency.",
  });
}
