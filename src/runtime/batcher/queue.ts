/** What waits in a `WaitingQueue`, linked by its own fields, so that leaving from the middle costs nothing. */
export abstract class Waiting {
  /** @internal */
  lane: Lane | undefined;
  /** @internal */
  before: Waiting | undefined;
  /** @internal */
  after: Waiting | undefined;
  /** When it came, by `performance.now()`; 0 where nobody asks. */
  since = 0;
}

/** What one caller has waiting in one level, oldest first. */
class Lane {
  readonly caller: string;
  readonly level: Level;
  head: Waiting | undefined;
  tail: Waiting | undefined;
  previous: Lane = this;
  next: Lane = this;

  constructor(caller: string, level: Level) {
    this.caller = caller;
    this.level = level;
  }
}

/** The callers of one priority, in a ring. */
class Level {
  readonly lanes = new Map<string, Lane>();
  /** Whose turn it is. */
  current: Lane | undefined;
}

/**
 * First by priority, then one of each caller in turn, then by age. Every operation takes the same time however long the
 * queue is, up to the count of levels.
 */
export class WaitingQueue<W extends Waiting> {
  readonly #levels: readonly Level[];
  #length = 0;

  constructor(levels: number) {
    this.#levels = Array.from({ length: levels }, () => new Level());
  }

  get length(): number {
    return this.#length;
  }

  /** `priority` counts from 1. */
  push(waiting: W, priority: number, caller: string): void {
    const level = this.#levels[priority - 1];
    if (level === undefined) return;
    const lane = level.lanes.get(caller) ?? enter(level, caller);
    waiting.lane = lane;
    waiting.before = lane.tail;
    if (lane.tail === undefined) lane.head = waiting;
    else lane.tail.after = waiting;
    lane.tail = waiting;
    this.#length++;
  }

  /** The next in line, who stays. */
  peek(): W | undefined {
    for (const { current } of this.#levels) {
      if (current !== undefined) return current.head as W;
    }
    return undefined;
  }

  /** Takes somebody out, wherever he stands. */
  remove(waiting: Waiting): void {
    const { lane, before, after } = waiting;
    if (lane === undefined) return;
    if (before === undefined) lane.head = after;
    else before.after = after;
    if (after === undefined) lane.tail = before;
    else after.before = before;
    waiting.lane = undefined;
    waiting.before = undefined;
    waiting.after = undefined;
    this.#length--;
    if (lane.head === undefined) leave(lane);
  }

  /** Ends the turn of the caller of `waiting`. */
  pass(waiting: Waiting): void {
    const { lane } = waiting;
    if (lane !== undefined && lane.level.current === lane) lane.level.current = lane.next;
  }

  /** When the oldest came; `Infinity` for nobody. */
  oldest(): number {
    let oldest = Infinity;
    for (const { lanes } of this.#levels) {
      for (const { head } of lanes.values()) oldest = Math.min(oldest, head?.since ?? Infinity);
    }
    return oldest;
  }
}

/** A new caller comes last in the round that is under way. */
function enter(level: Level, caller: string): Lane {
  const lane = new Lane(caller, level);
  level.lanes.set(caller, lane);
  const { current } = level;
  if (current === undefined) {
    level.current = lane;
    return lane;
  }
  lane.next = current;
  lane.previous = current.previous;
  current.previous.next = lane;
  current.previous = lane;
  return lane;
}

function leave(lane: Lane): void {
  const { level, previous, next } = lane;
  level.lanes.delete(lane.caller);
  if (next === lane) {
    level.current = undefined;
    return;
  }
  previous.next = next;
  next.previous = previous;
  if (level.current === lane) level.current = next;
}
