import type { JsMsg } from "@nats-io/jetstream";
import type { Delivery, Envelope, Subscription } from "../../agents/index.ts";
import type { Acknowledgements } from "./acknowledgements.ts";

const quarters = 4;

export interface OpenSubscription extends Subscription {
  /** Waits for nothing more: the transport is being disposed. */
  abandon(): void;
}

export interface Dead {
  readonly envelope: Envelope;
  readonly reason: string;
}

/** One that the server does not keep: rejected, it is handed to the same subscriber again. */
export class LiveDelivery implements Delivery {
  readonly envelope: Envelope;
  readonly redelivered: number;
  readonly #host: LiveHost;
  #ended = false;

  constructor(envelope: Envelope, redelivered: number, host: LiveHost) {
    this.envelope = envelope;
    this.redelivered = redelivered;
    this.#host = host;
  }

  async acknowledge(): Promise<void> {
    this.#end();
  }

  async reject({ delayMs = 0 }: { readonly delayMs?: number | undefined } = {}): Promise<void> {
    if (!this.#end()) return;
    this.#host.again(new LiveDelivery(this.envelope, this.redelivered + 1, this.#host), delayMs);
  }

  async discard(reason: string): Promise<void> {
    if (this.#end()) await this.#host.toDeadLetters({ envelope: this.envelope, reason });
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#host.ended();
    return true;
  }
}

export interface LiveHost {
  again(delivery: LiveDelivery, delayMs: number): void;
  ended(): void;
  toDeadLetters(dead: Dead): Promise<void>;
}

/** One that the server keeps, and gives to another worker unless it hears of this one. */
export class StoredDelivery implements Delivery {
  readonly envelope: Envelope;
  readonly #acknowledgements: Acknowledgements;
  readonly #message: JsMsg;
  readonly #timer: NodeJS.Timeout;
  readonly #onEnd: () => void;
  readonly #toDeadLetters: (dead: Dead) => Promise<void>;
  #ended = false;

  constructor(
    envelope: Envelope,
    message: JsMsg,
    options: {
      readonly redeliverAfterMs: number;
      readonly acknowledgements: Acknowledgements;
      readonly onEnd: () => void;
      readonly toDeadLetters: (dead: Dead) => Promise<void>;
    },
  ) {
    this.envelope = envelope;
    this.#acknowledgements = options.acknowledgements;
    this.#message = message;
    this.#onEnd = options.onEnd;
    this.#toDeadLetters = options.toDeadLetters;
    this.#timer = setInterval(() => message.working(), options.redeliverAfterMs / quarters).unref();
  }

  get redelivered(): number {
    return this.#message.info.deliveryCount - 1;
  }

  async acknowledge(): Promise<void> {
    const { reply } = this.#message as JsMsg & { readonly reply: string };
    const what = `${this.envelope.id} on ${this.envelope.topic}`;
    await this.#end(() => this.#acknowledgements.send(reply, what));
  }

  async reject({ delayMs }: { readonly delayMs?: number | undefined } = {}): Promise<void> {
    await this.#end(async () => this.#message.nak(delayMs));
  }

  /** Servers before 2.10.4 take no reason, and give again what is ended with one. */
  async discard(reason: string): Promise<void> {
    await this.#end(async () => {
      await this.#toDeadLetters({ envelope: this.envelope, reason });
      this.#message.term();
    });
  }

  /** Says no more that it is being worked on, so that it comes again. */
  abandon(): void {
    this.#ended = true;
    clearInterval(this.#timer);
  }

  async #end(act: () => Promise<void>): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await act();
    } finally {
      clearInterval(this.#timer);
      this.#onEnd();
    }
  }
}
