import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream";
import type { Delivery } from "../../agents/index.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import { addConsumer, type ConsumerOrder } from "./consumer.ts";
import { type Dead, type OpenSubscription, StoredDelivery } from "./delivery.ts";
import { handle, readEnvelope } from "./incoming.ts";
import type { Link } from "./link.ts";

const pullMs = 5_000;
const retryMs = 100;
const longestFlushMs = 1_000;

export interface StoredOptions {
  readonly link: Link;
  readonly acknowledgements: Acknowledgements;
  readonly toDeadLetters: (dead: Dead) => Promise<void>;
  readonly maxInFlight: number;
}

/** Takes no more from the server than it may have in flight, so that what it has not begun goes to others. */
export class StoredSubscription implements OpenSubscription {
  readonly #link: Link;
  readonly #acknowledgements: Acknowledgements;
  readonly #consumer: ConsumerOrder;
  readonly #handler: (delivery: Delivery) => void;
  readonly #toDeadLetters: (dead: Dead) => Promise<void>;
  readonly #maxInFlight: number;
  readonly #running: Promise<void>;
  #pull: ConsumerMessages | undefined;
  readonly #inFlight = new Set<StoredDelivery>();
  /** Of the last one that came, in the stream. */
  #last = 0;
  #closed = false;
  #changed = () => {};

  constructor(consumer: ConsumerOrder, handler: (delivery: Delivery) => void, options: StoredOptions) {
    this.#consumer = consumer;
    this.#handler = handler;
    this.#link = options.link;
    this.#acknowledgements = options.acknowledgements;
    this.#toDeadLetters = options.toDeadLetters;
    this.#maxInFlight = options.maxInFlight;
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pull?.stop();
    this.#changed();
    await this.#running;
    await this.#tellServer();
    while (this.#inFlight.size > 0) await this.#change();
  }

  abandon(): void {
    for (const delivery of this.#inFlight) delivery.abandon();
    this.#inFlight.clear();
    this.#changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Until the server knows, it gives the next message to this subscription, and to others only after `redeliverAfterMs`. */
  async #tellServer(): Promise<void> {
    const told = this.#link.connection.flush().catch(() => {});
    let timer: NodeJS.Timeout | undefined;
    const away = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, longestFlushMs);
    });
    await Promise.race([told, away]);
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    let consumer: Consumer | undefined;
    while (!this.#closed && !this.#link.connection.isClosed()) {
      if (this.#inFlight.size >= this.#maxInFlight) {
        await this.#change();
        continue;
      }
      try {
        consumer ??= await this.#find();
        const free = this.#maxInFlight - this.#inFlight.size;
        this.#pull = await consumer.fetch({ max_messages: free, expires: pullMs });
        if (this.#closed) this.#pull.stop();
        for await (const message of this.#pull) this.#take(message);
      } catch {
        consumer = undefined;
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** Servers forget consumers that nobody named when nobody asks them for long. */
  async #find(): Promise<Consumer> {
    const { client, subjects } = this.#link;
    try {
      return await client.consumers.get(subjects.stream, this.#consumer.name);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "ConsumerNotFoundError") throw error;
      await addConsumer(this.#link, this.#consumer, this.#last);
      return await client.consumers.get(subjects.stream, this.#consumer.name);
    }
  }

  #take(message: JsMsg): void {
    if (this.#closed) {
      message.nak();
      return;
    }
    const { settings, subjects } = this.#link;
    this.#last = Math.max(this.#last, message.seq);
    const { envelope, problem } = readEnvelope(message, subjects);
    const delivery: StoredDelivery = new StoredDelivery(envelope, message, {
      redeliverAfterMs: settings.redeliverAfterMs,
      acknowledgements: this.#acknowledgements,
      toDeadLetters: this.#toDeadLetters,
      onEnd: () => {
        this.#inFlight.delete(delivery);
        this.#changed();
      },
    });
    this.#inFlight.add(delivery);
    const { redelivered } = delivery;
    const isStubborn = redelivered >= settings.maxDeliveries;
    const reason = isStubborn ? `delivered ${redelivered} times, never acknowledged` : problem;
    if (reason === undefined) handle(this.#handler, delivery);
    else delivery.discard(reason).catch(() => {});
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}
