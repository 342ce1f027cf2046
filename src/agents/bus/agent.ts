import { AikoError } from "../../errors.ts";
import { busChannel } from "./events.ts";
import { FairQueue } from "./fair-queue.ts";
import { type Handler, Handling } from "./handling.ts";
import { Letter } from "./letter.ts";
import { type Accepted, type Accepts, acceptedOf, findAccepted } from "./message.ts";
import { type AgentOptions, type AgentSettings, agentSettings, subscribeOptions } from "./options.ts";
import type { Origin, Post } from "./post.ts";
import { type Runner, wake } from "./rounds.ts";
import { everyoneTopic, inboxTopic, Sender } from "./sender.ts";
import type { AgentStatistics } from "./statistics.ts";
import { isTooWide } from "./topic.ts";
import type { Delivery, Subscription } from "./transport.ts";

export interface LeaveOptions {
  /** How long what it holds may still take; then handlers are aborted. Default 5,000. */
  readonly drainMs?: number | undefined;
}

/** What an agent needs of its bus. */
export interface AgentHost {
  readonly post: Post;
  /** Requests under way by id, for those who give up. */
  readonly requests: Map<string, () => void>;
  left(agent: Agent): Promise<void>;
}

export const defaultDrainMs = 5_000;

/** Takes messages into a mailbox, and handles them: one of each sender in turn. Made by `bus.agent`. */
export class Agent extends Sender implements AsyncDisposable, Runner {
  readonly name: string;
  /** What it accepts, by name or pattern. */
  readonly accepts: readonly string[];
  readonly #host: AgentHost;
  readonly #settings: AgentSettings;
  readonly #accepted: readonly Accepted[];
  readonly #handling: Handling;
  readonly #mailbox = new FairQueue<Letter>();
  readonly #running = new Set<Letter>();
  readonly #subscriptions: Subscription[] = [];
  readonly #onIdle: (() => void)[] = [];
  /** @internal */
  awake = false;
  /** Why it takes nothing any more. */
  #gone: AikoError | undefined;
  #leaving: Promise<void> | undefined;

  /** @internal */
  constructor(host: AgentHost, options: AgentOptions<Accepts>) {
    super(host.post);
    this.#host = host;
    this.#settings = agentSettings(options);
    this.#accepted = acceptedOf(options.accepts);
    this.#handling = new Handling(host.post, this.#settings, options.handler as Handler);
    this.name = options.name;
    this.accepts = this.#accepted.map(({ type }) => type);
  }

  /** @internal Subscribes to its own messages, to those for everyone, and to what it accepts. */
  async join(): Promise<void> {
    const own = inboxTopic(this.name, "");
    const everyone = everyoneTopic("");
    const find = (delivery: Delivery, prefix: string) =>
      findAccepted(this.#accepted, delivery.envelope.topic.slice(prefix.length));
    await this.#subscribe(`${own}>`, (delivery) => this.#take(new Letter(delivery, find(delivery, own))));
    await this.#subscribe(`${everyone}>`, (delivery) => {
      const accepted = find(delivery, everyone);
      if (accepted === undefined) delivery.acknowledge().catch(() => {});
      else this.#take(new Letter(delivery, accepted));
    });
    for (const accepted of this.#accepted) {
      await this.#subscribe(accepted.type, (delivery) => {
        if (isTooWide(accepted.type, delivery.envelope.topic)) delivery.acknowledge().catch(() => {});
        else this.#take(new Letter(delivery, accepted));
      });
    }
    this.#tell("joined");
  }

  statistics(): AgentStatistics {
    const { name } = this;
    return {
      name,
      ...this.#handling.counters,
      waiting: this.#mailbox.length,
      running: this.#running.size,
    };
  }

  /** @internal Whether it holds something now. */
  get isBusy(): boolean {
    return this.#running.size > 0 || this.#mailbox.length > 0;
  }

  /** @internal The next moment when it holds nothing. */
  idle(): Promise<void> {
    return this.isBusy ? new Promise((resolve) => this.#onIdle.push(resolve)) : Promise.resolve();
  }

  /** @internal Starts one message where there is a hand for it. */
  step(): boolean {
    if (!this.#isReady) return false;
    const letter = this.#mailbox.shift();
    if (letter !== undefined) void this.#handle(letter);
    return this.#isReady;
  }

  /** Takes nothing new, ends what it holds within `drainMs`, and aborts the rest. Safe to call twice. */
  leave(options: LeaveOptions = {}): Promise<void> {
    this.#leaving ??= this.#leave(options.drainMs ?? defaultDrainMs);
    return this.#leaving;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  protected override get origin(): Origin {
    return { from: this.name };
  }

  get #isReady(): boolean {
    return this.#running.size < this.#settings.concurrency && this.#mailbox.length > 0;
  }

  async #subscribe(pattern: string, take: (delivery: Delivery) => void): Promise<void> {
    const options = subscribeOptions(this.#settings, pattern);
    this.#subscriptions.push(await this.post.transport.subscribe(pattern, take, options));
  }

  #take(letter: Letter): void {
    this.#handling.counters.received++;
    if (this.#gone !== undefined) {
      letter.end("left", this.#gone);
      this.#handling.fail(letter, this.#gone);
      return;
    }
    const { id, replyTo } = letter.delivery.envelope;
    if (replyTo !== undefined) this.#host.requests.set(id, () => this.#cancel(letter));
    const { capacity, overflow } = this.#settings;
    this.#mailbox.push(letter, letter.sender);
    if (overflow === "drop-oldest" && this.#mailbox.length > capacity) this.#drop();
    if (this.#isReady) wake(this);
  }

  async #handle(letter: Letter): Promise<void> {
    this.#running.add(letter);
    await this.#handling.handle(letter);
    this.#running.delete(letter);
    this.#forget(letter);
    if (this.#isReady) wake(this);
    if (!this.isBusy) for (const tell of this.#onIdle.splice(0)) tell();
  }

  /** The requester has given up. */
  #cancel(letter: Letter): void {
    const { topic } = letter.delivery.envelope;
    const message = `Who sent ${topic} to ${this.name} does not wait for it any more`;
    const error = new AikoError("ABORTED", { message });
    letter.end("cancelled", error);
    if (this.#running.has(letter)) return;
    this.#mailbox.remove(letter);
    this.#forget(letter);
    this.#handling.fail(letter, error);
  }

  #drop(): void {
    const letter = this.#mailbox.oldestOfCrowd();
    if (letter === undefined) return;
    this.#mailbox.remove(letter);
    this.#forget(letter);
    this.#handling.drop(letter);
  }

  #forget({ delivery: { envelope } }: Letter): void {
    if (envelope.replyTo !== undefined) this.#host.requests.delete(envelope.id);
  }

  async #leave(drainMs: number): Promise<void> {
    const closing = Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
    const timer = setTimeout(() => this.#abandon(drainMs), drainMs);
    try {
      await closing;
    } finally {
      clearTimeout(timer);
    }
    await this.#host.left(this);
    this.#tell("left");
  }

  /** Time is up: what it holds goes back. */
  #abandon(drainMs: number): void {
    const error = new AikoError("ABORTED", {
      message: `${this.name} left, and did not handle this within ${drainMs} ms`,
    });
    this.#gone = error;
    for (let letter = this.#mailbox.shift(); letter !== undefined; letter = this.#mailbox.shift()) {
      letter.end("left", error);
      this.#forget(letter);
      this.#handling.fail(letter, error);
    }
    for (const letter of this.#running) letter.end("left", error);
  }

  #tell(event: "joined" | "left"): void {
    if (busChannel.hasSubscribers) busChannel.publish({ event, bus: this.post.id, agent: this.name });
  }
}
