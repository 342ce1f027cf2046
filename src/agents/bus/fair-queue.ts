/** What waits in a `FairQueue`, linked by its own fields, so that leaving from the middle costs nothing. */
export abstract class Queued {
  /** @internal */
  lane: Lane | undefined;
  /** @internal */
  before: Queued | undefined;
  /** @internal */
  after: Queued | undefined;
}

/** What one sender has waiting, oldest first. */
class Lane {
  readonly sender: string;
  length = 0;
  head: Queued | undefined;
  tail: Queued | undefined;
  previous: Lane = this;
  next: Lane = this;

  constructor(sender: string) {
    this.sender = sender;
  }
}

/** One of each sender in turn, each sender's in order. */
export class FairQueue<Q extends Queued> {
  readonly #lanes = new Map<string, Lane>();
  #current: Lane | undefined;
  #longest: Lane | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Whether a sender has as much waiting as the others on average. */
  hasShare(sender: string): boolean {
    return (this.#lanes.get(sender)?.length ?? 0) >= this.#share;
  }

  push(queued: Q, sender: string): void {
    const lane = this.#lanes.get(sender) ?? this.#enter(sender);
    queued.lane = lane;
    queued.before = lane.tail;
    if (lane.tail === undefined) lane.head = queued;
    else lane.tail.after = queued;
    lane.tail = queued;
    lane.length++;
    this.#length++;
  }

  shift(): Q | undefined {
    const lane = this.#current;
    const first = lane?.head;
    if (lane === undefined || first === undefined) return undefined;
    this.#current = lane.next;
    this.remove(first as Q);
    return first as Q;
  }

  /** Takes somebody out, wherever he stands. */
  remove(queued: Q): void {
    const { lane, before, after } = queued;
    if (lane === undefined) return;
    if (before === undefined) lane.head = after;
    else before.after = after;
    if (after === undefined) lane.tail = before;
    else after.before = before;
    queued.lane = undefined;
    queued.before = undefined;
    queued.after = undefined;
    lane.length--;
    this.#length--;
    if (lane.length === 0) this.#leave(lane);
  }

  /** The oldest of a sender who has more waiting than most. */
  oldestOfCrowd(): Q | undefined {
    return this.#crowded()?.head as Q | undefined;
  }

  /** The newest of a sender who has more waiting than most. */
  newestOfCrowd(): Q | undefined {
    return this.#crowded()?.tail as Q | undefined;
  }

  get #share(): number {
    return this.#length / Math.max(1, this.#lanes.size);
  }

  /** The longest lane; the one found last time serves while it has more than its share. */
  #crowded(): Lane | undefined {
    if (this.#longest !== undefined && this.#longest.length > this.#share) return this.#longest;
    let longest = this.#current;
    for (const lane of this.#lanes.values()) {
      if (longest === undefined || lane.length > longest.length) longest = lane;
    }
    this.#longest = longest;
    return longest;
  }

  /** A new sender comes last in the round that is under way. */
  #enter(sender: string): Lane {
    const lane = new Lane(sender);
    this.#lanes.set(sender, lane);
    const current = this.#current;
    if (current === undefined) {
      this.#current = lane;
      return lane;
    }
    lane.next = current;
    lane.previous = current.previous;
    current.previous.next = lane;
    current.previous = lane;
    return lane;
  }

  #leave(lane: Lane): void {
    const { previous, next } = lane;
    this.#lanes.delete(lane.sender);
    if (this.#longest === lane) this.#longest = undefined;
    if (next === lane) {
      this.#current = undefined;
      return;
    }
    previous.next = next;
    next.previous = previous;
    if (this.#current === lane) this.#current = next;
  }
}
