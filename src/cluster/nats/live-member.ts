import type { Delivery, Envelope } from "../../agents/index.ts";
import { type Dead, LiveDelivery, type LiveHost } from "./delivery.ts";
import { handle } from "./incoming.ts";

/** More than this many waiting for one handler are dead letters: nobody can make the publishers wait. */
const mostWaiting = 65_536;

/** One handler, and what waits for it when it has all that it may have at once. */
export class Member implements LiveHost {
  readonly toDeadLetters: (dead: Dead) => Promise<void>;
  readonly #handler: (delivery: Delivery) => void;
  readonly #maxInFlight: number | undefined;
  readonly #waiting: LiveDelivery[] = [];
  readonly #retries = new Map<LiveDelivery, NodeJS.Timeout>();
  #inFlight = 0;
  #isHanding = false;
  #isClosing = false;
  #isAbandoned = false;
  #changed = () => {};

  constructor(
    handler: (delivery: Delivery) => void,
    maxInFlight: number | undefined,
    toDeadLetters: (dead: Dead) => Promise<void>,
  ) {
    this.#handler = handler;
    this.#maxInFlight = maxInFlight;
    this.toDeadLetters = toDeadLetters;
  }

  take(envelope: Envelope): void {
    this.#add(new LiveDelivery(envelope, 0, this));
  }

  again(delivery: LiveDelivery, delayMs: number): void {
    if (this.#isClosing) {
      this.#bury(delivery, "its subscriber left before it could be tried again");
      return;
    }
    const retry = () => {
      this.#retries.delete(delivery);
      this.#add(delivery);
    };
    this.#retries.set(delivery, setTimeout(retry, delayMs));
  }

  ended(): void {
    this.#inFlight--;
    this.#hand();
    this.#changed();
  }

  /** Resolves when what it took has ended. Where nothing bounds what it takes, nobody has to say when that is. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const [delivery, timer] of this.#retries) {
      clearTimeout(timer);
      this.again(delivery, 0);
    }
    this.#retries.clear();
    if (this.#maxInFlight === undefined) return;
    while (this.#inFlight + this.#waiting.length > 0 && !this.#isAbandoned) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Takes nothing more, and waits for nothing. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#isClosing = true;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    this.#retries.clear();
    this.#waiting.length = 0;
    this.#changed();
  }

  get #hasRoom(): boolean {
    return this.#maxInFlight === undefined || this.#inFlight < this.#maxInFlight;
  }

  #add(delivery: LiveDelivery): void {
    if (this.#isAbandoned) return;
    if (this.#waiting.length >= mostWaiting) this.#bury(delivery, `${mostWaiting} envelopes wait already`);
    else this.#waiting.push(delivery);
    this.#hand();
  }

  /** A handler may end what it gets at once: a loop, so that many that wait fill no stack. */
  #hand(): void {
    if (this.#isHanding) return;
    this.#isHanding = true;
    while (this.#hasRoom) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#inFlight++;
      handle(this.#handler, next);
    }
    this.#isHanding = false;
  }

  #bury({ envelope }: LiveDelivery, reason: string): void {
    this.toDeadLetters({ envelope, reason }).catch(() => {});
  }
}
