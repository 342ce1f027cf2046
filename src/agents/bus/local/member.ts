import type { Delivery, SubscribeOptions } from "../transport.ts";

const unlimited = 2 ** 31;

/** One subscriber of an inbox. */
export class Member {
  readonly handler: (delivery: Delivery) => void;
  readonly #maxInFlight: number;
  /** Whether its deliveries end when they are acknowledged; else when the handler returns. */
  readonly isTracked: boolean;
  inFlight = 0;
  isJoined = true;
  isOpen = true;
  readonly #listeners: (() => void)[] = [];

  constructor(handler: (delivery: Delivery) => void, { maxInFlight, durable }: SubscribeOptions) {
    this.handler = handler;
    this.#maxInFlight = maxInFlight ?? unlimited;
    this.isTracked = maxInFlight !== undefined || durable !== undefined;
  }

  get free(): number {
    return this.#maxInFlight - this.inFlight;
  }

  /** The next end of a delivery, or the end of all. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#listeners.push(resolve));
  }

  changed(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }

  shut(): void {
    this.isOpen = false;
    this.changed();
  }
}
