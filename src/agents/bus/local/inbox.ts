import { AikoError } from "../../../errors.ts";
import { FairQueue, Queued } from "../fair-queue.ts";
import { type Runner, wake } from "../rounds.ts";
import { textOf } from "../thrown.ts";
import type { Delivery, Envelope, SubscribeOptions } from "../transport.ts";
import { LocalDelivery } from "./delivery.ts";
import { Member } from "./member.ts";

/** What an inbox needs of its transport. */
export interface InboxHost {
  later(delayMs: number, work: () => void): void;
  bury(envelope: Envelope, reason: string): void;
  readonly maxPending: number;
}

/** An envelope on its way to one inbox. */
export class Item extends Queued {
  readonly envelope: Envelope;
  redelivered = 0;
  /** Of a publisher who waits until it is taken. */
  taken: (() => void) | undefined;
  refused: ((error: AikoError) => void) | undefined;

  constructor(envelope: Envelope) {
    super();
    this.envelope = envelope;
  }
}

/** What `offer` returns for an envelope that is taken at once. */
export const taken: Promise<void> = Promise.resolve();

/**
 * What goes to one subscriber, to one of a group, or to a durable name: a queue, and those who take from it. With a durable
 * name it keeps what comes while it has no members.
 */
export class Inbox implements Runner {
  readonly pattern: string;
  readonly durable: string | undefined;
  readonly #host: InboxHost;
  readonly #overflow: "wait" | "reject";
  readonly #queue = new FairQueue<Item>();
  readonly #members: Member[] = [];
  #next = 0;
  /** Deliveries that members may still take. */
  #free = 0;
  /** @internal */
  awake = false;
  /** @internal What the transport finds it by, of a group. */
  group: string | undefined;

  constructor(host: InboxHost, pattern: string, options: SubscribeOptions) {
    this.#host = host;
    this.pattern = pattern;
    this.durable = options.durable;
    this.#overflow = options.overflow ?? "wait";
  }

  isLast(member: Member): boolean {
    return this.#members.length === 1 && this.#members[0] === member;
  }

  /** Resolves when a member or the store has room for it. Throws QUEUE_FULL. */
  offer(envelope: Envelope): Promise<void> {
    const item = new Item(envelope);
    const sender = envelope.from ?? "";
    const { length } = this.#queue;
    const isFull = length >= this.#host.maxPending;
    if (isFull && (this.durable !== undefined || this.#overflow === "reject" || !this.#makeRoom(sender))) {
      throw this.#full(envelope);
    }
    const waits = this.durable === undefined && length >= this.#free;
    if (waits && this.#overflow === "reject") throw this.#full(envelope);
    this.#queue.push(item, sender);
    if (length < this.#free) wake(this);
    if (!waits) return taken;
    return new Promise((resolve, reject) => {
      item.taken = resolve;
      item.refused = reject;
    });
  }

  /** What was stored before the first member came. */
  backlog(envelope: Envelope): void {
    this.#queue.push(new Item(envelope), envelope.from ?? "");
    wake(this);
  }

  join(handler: (delivery: Delivery) => void, options: SubscribeOptions): Member {
    const member = new Member(handler, options);
    this.#members.push(member);
    this.#free += member.free;
    if (this.#queue.length > 0) wake(this);
    return member;
  }

  /** What was taken already and nobody else can handle goes to the last member before it leaves. */
  async leave(member: Member): Promise<void> {
    const isLast = this.#members.length === 1 && this.durable === undefined;
    if (isLast) {
      this.#refuseWaiting();
      while (this.#queue.length > 0 && member.isOpen) await member.change();
    }
    this.#remove(member);
    while (member.inFlight > 0 && member.isOpen) await member.change();
  }

  /** Leaves everything as it is: the transport is being disposed. */
  abandon(error: AikoError): void {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift())
      item.refused?.(error);
    for (const member of [...this.#members]) {
      member.shut();
      this.#remove(member);
    }
  }

  /** Gives one envelope to the next member with room. Returns whether there is more to do. */
  step(): boolean {
    const member = this.#queue.length === 0 ? undefined : this.#nextMember();
    const item = member === undefined ? undefined : this.#queue.shift();
    if (member === undefined || item === undefined) return false;
    item.taken?.();
    item.taken = undefined;
    item.refused = undefined;
    this.#free--;
    member.inFlight++;
    const delivery = new LocalDelivery(this, item, member);
    try {
      member.handler(delivery);
    } catch (error) {
      void delivery.discard(textOf(error));
    }
    if (!member.isTracked) delivery.end();
    return this.#queue.length > 0 && this.#free > 0;
  }

  /** @internal A delivery has ended. */
  release(member: Member): void {
    member.inFlight--;
    if (member.isJoined) {
      this.#free++;
      if (this.#queue.length > 0) wake(this);
    }
    member.changed();
  }

  /** @internal */
  again(item: Item, delayMs: number): void {
    item.redelivered++;
    const push = () => {
      if (this.#members.length === 0 && this.durable === undefined) {
        this.bury(item, "its subscriber left before it could be tried again");
        return;
      }
      this.#queue.push(item, item.envelope.from ?? "");
      wake(this);
    };
    if (delayMs > 0) this.#host.later(delayMs, push);
    else push();
  }

  /** @internal */
  bury(item: Item, reason: string): void {
    this.#host.bury(item.envelope, reason);
  }

  #nextMember(): Member | undefined {
    if (this.#free <= 0) return undefined;
    for (let tried = 0; tried < this.#members.length; tried++) {
      this.#next = (this.#next + 1) % this.#members.length;
      const member = this.#members[this.#next];
      if (member !== undefined && member.free > 0) return member;
    }
    return undefined;
  }

  #remove(member: Member): void {
    if (!member.isJoined) return;
    member.isJoined = false;
    this.#members.splice(this.#members.indexOf(member), 1);
    this.#free -= member.free;
  }

  /** A sender with less than its share takes the place of one with more, whose publisher is told. */
  #makeRoom(sender: string): boolean {
    if (this.#queue.hasShare(sender)) return false;
    const victim = this.#queue.newestOfCrowd();
    if (victim?.refused === undefined) return false;
    this.#queue.remove(victim);
    victim.refused(this.#full(victim.envelope));
    return true;
  }

  #refuseWaiting(): void {
    const kept: Item[] = [];
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      if (item.refused === undefined) kept.push(item);
      else {
        const message = `The subscriber of ${item.envelope.topic} left before it took the message`;
        item.refused(
          new AikoError("AGENT_NOT_FOUND", { message, hint: "Publish it again when one is there." }),
        );
      }
    }
    for (const item of kept) this.#queue.push(item, item.envelope.from ?? "");
  }

  #full({ topic, from }: Envelope): AikoError {
    const who = from === undefined ? "" : ` from ${from}`;
    return new AikoError("QUEUE_FULL", {
      message: `A subscriber of ${topic} has ${this.#queue.length} messages waiting and takes no more${who}`,
      hint: "Await what you publish, publish less, or give the subscriber more room or more hands.",
    });
  }
}
