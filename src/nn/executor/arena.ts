import { alignUp } from "../../core/bytes.ts";
import type { Buffer } from "./buffer.ts";
import { bytesOfBuffer } from "./builder.ts";
import type { Step } from "./step.ts";

/** From the first step that touches a buffer to the last, both included. */
export interface Lifetime {
  readonly buffers: Buffer[];
  readonly bytes: number;
  first: number;
  last: number;
}

export interface Arena {
  /** Where each buffer starts. */
  readonly offsets: ReadonlyMap<Buffer, number>;
  readonly byteLength: number;
  /** What each step writes in the place of. */
  readonly replaced: ReadonlyMap<Step, Buffer>;
}

const alignment = 256;

/**
 * Places buffers in one region so that those alive at the same time do not overlap: the largest first, each where it fits
 * best (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, greedy by size).
 */
export function planArena(
  steps: readonly Step[],
  given: readonly Buffer[],
  kept: readonly Buffer[],
  owned: (buffer: Buffer) => boolean,
): Arena {
  const { lifetimes, replaced } = lifetimesOf(steps, given, kept, owned);
  const placed: { readonly lifetime: Lifetime; readonly start: number; readonly end: number }[] = [];
  const offsets = new Map<Buffer, number>();
  let byteLength = 0;
  for (const lifetime of [...lifetimes].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    const others = placed
      .filter((other) => other.lifetime.first <= lifetime.last && lifetime.first <= other.lifetime.last)
      .sort((a, b) => a.start - b.start);
    let best: number | undefined;
    let bestGap = Infinity;
    let free = 0;
    for (const { start, end } of others) {
      const gap = start - free;
      if (gap >= lifetime.bytes && gap < bestGap) {
        best = free;
        bestGap = gap;
      }
      free = Math.max(free, end);
    }
    const start = best ?? free;
    placed.push({ lifetime, start, end: start + lifetime.bytes });
    for (const buffer of lifetime.buffers) offsets.set(buffer, start);
    byteLength = Math.max(byteLength, start + lifetime.bytes);
  }
  return { offsets, byteLength, replaced };
}

function lifetimesOf(
  steps: readonly Step[],
  given: readonly Buffer[],
  kept: readonly Buffer[],
  owned: (buffer: Buffer) => boolean,
) {
  const lifetimes = new Map<Buffer, Lifetime>();
  const touch = (buffer: Buffer, at: number) => {
    if (!owned(buffer)) return;
    const known = lifetimes.get(buffer);
    if (known === undefined) {
      const bytes = alignUp(bytesOfBuffer(buffer), alignment);
      lifetimes.set(buffer, { buffers: [buffer], bytes, first: at, last: at });
    } else known.last = Math.max(known.last, at);
  };
  for (const buffer of given) touch(buffer, -1);
  steps.forEach(({ reads, writes, scratch }, at) => {
    for (const buffer of [...reads, ...writes, ...scratch]) touch(buffer, at);
  });
  for (const buffer of kept) touch(buffer, steps.length);
  const writers = new Map<Buffer, number>();
  for (const { writes } of steps)
    for (const buffer of writes) writers.set(buffer, (writers.get(buffer) ?? 0) + 1);
  const replaced = new Map<Step, Buffer>();
  steps.forEach((step, at) => {
    const result = step.writes[0];
    if (result === undefined || writers.get(result) !== 1) return;
    const target = lifetimes.get(result);
    const place = step.replaceable.find((buffer) => {
      const own = lifetimes.get(buffer);
      return own !== undefined && own !== target && own.last === at && !sharesWith(own, step, buffer);
    });
    const own = place === undefined ? undefined : lifetimes.get(place);
    if (place === undefined || own === undefined || target === undefined) return;
    replaced.set(step, place);
    own.last = target.last;
    own.buffers.push(...target.buffers);
    for (const buffer of target.buffers) lifetimes.set(buffer, own);
  });
  return { lifetimes: new Set(lifetimes.values()), replaced };
}

/** Whether the step also reads another buffer at the same place. */
function sharesWith({ buffers }: Lifetime, { reads }: Step, own: Buffer): boolean {
  return buffers.some((buffer) => buffer !== own && reads.includes(buffer));
}
