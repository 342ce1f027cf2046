/** Device memory that somebody holds, or held and forgot. */
export interface Leak {
  readonly label: string;
  readonly bytes: number;
  readonly ageMs: number;
  /** The code that allocated it; only where allocations are traced. */
  readonly site: string | undefined;
  /** Nobody disposed it: the garbage collector gave it back. */
  readonly collected: boolean;
}

interface Allocation {
  readonly label: string;
  readonly bytes: number;
  readonly start: number;
  readonly stack: { readonly stack?: string } | undefined;
}

const mostCollected = 100;
const framesShown = 4;
const ownFolder = new URL(".", import.meta.url).href;

export function tracesAllocations(option: boolean | undefined): boolean {
  return option ?? process.env.AIKORYU_TRACE_ALLOCATIONS === "1";
}

/** Knows what is allocated, and from where if it was told to look. */
export class Allocations {
  readonly #traced: boolean;
  readonly #live = new Map<object, Allocation>();
  readonly #collected: Allocation[] = [];

  constructor(traced: boolean) {
    this.#traced = traced;
  }

  add(key: object, bytes: number, label: string): void {
    let stack: { stack?: string } | undefined;
    if (this.#traced) {
      stack = {};
      Error.captureStackTrace(stack, this.add);
    }
    this.#live.set(key, { label, bytes, start: performance.now(), stack });
  }

  remove(key: object, collected: boolean): void {
    const allocation = this.#live.get(key);
    if (allocation === undefined) return;
    this.#live.delete(key);
    if (!collected) return;
    if (this.#collected.length >= mostCollected) this.#collected.shift();
    this.#collected.push(allocation);
  }

  /** The largest first. */
  report(): Leak[] {
    const now = performance.now();
    const leak = (collected: boolean) => (allocation: Allocation) => ({
      label: allocation.label,
      bytes: allocation.bytes,
      ageMs: now - allocation.start,
      site: siteOf(allocation.stack?.stack),
      collected,
    });
    const all = [...[...this.#live.values()].map(leak(false)), ...this.#collected.map(leak(true))];
    return all.sort((a, b) => b.bytes - a.bytes);
  }
}

/** The first frames outside of this folder. */
function siteOf(stack: string | undefined): string | undefined {
  const frames = stack?.split("\n").slice(1) ?? [];
  const outside = frames.filter((frame) => !frame.includes(ownFolder));
  return outside.length === 0
    ? undefined
    : outside
        .slice(0, framesShown)
        .map((frame) => frame.trim())
        .join("\n");
}
