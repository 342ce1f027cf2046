import { isTurnLong, nextTurn } from "../../core/turn.ts";

const stretch = 4096;

/** Does something for each of `count` items, and lets other work run in between. */
export async function inTurns(count: number, each: (at: number) => void): Promise<void> {
  for (let start = 0; start < count; start += stretch) {
    const end = Math.min(count, start + stretch);
    for (let at = start; at < end; at++) each(at);
    if (end < count) while (isTurnLong()) await nextTurn();
  }
}
