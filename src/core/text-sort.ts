import type { TextWords } from "./text-words.ts";

/**
 * Places in `rows` in order of their texts, which differ: by four bytes at a time, each a sort of 64-bit integers of these
 * bytes and the place, then among those alike by the next four.
 */
export function sortTexts(words: TextWords, offsets: Int32Array, rows: Uint32Array): Uint32Array {
  const order = Uint32Array.from(rows, (_, at) => at);
  const startOf = (place: number) => offsets[rows[place] ?? 0] ?? 0;
  const endOf = (place: number) => offsets[(rows[place] ?? 0) + 1] ?? 0;
  const pending: [first: number, end: number, depth: number][] = [[0, order.length, 0]];
  for (let task = pending.pop(); task !== undefined; task = pending.pop()) {
    const [first, end, depth] = task;
    const keys = new BigUint64Array(end - first);
    const halves = new Uint32Array(keys.buffer);
    for (let at = first; at < end; at++) {
      const place = order[at] ?? 0;
      halves[(at - first) * 2] = place;
      halves[(at - first) * 2 + 1] = words.prefix(startOf(place) + depth, endOf(place));
    }
    keys.sort();
    for (let at = first; at < end; at++) order[at] = halves[(at - first) * 2] ?? 0;
    for (let from = first; from < end; ) {
      const prefix = halves[(from - first) * 2 + 1];
      let to = from + 1;
      while (to < end && halves[(to - first) * 2 + 1] === prefix) to++;
      if (to - from > 1) {
        const ended = shortestFirst(
          order.subarray(from, to),
          (place) => endOf(place) - startOf(place),
          depth + 4,
        );
        if (to - from - ended > 1) pending.push([from + ended, to, depth + 4]);
      }
      from = to;
    }
  }
  return order;
}

/** Moves texts of at most `most` bytes to the front, the shorter ones first. Gives how many there are. */
function shortestFirst(places: Uint32Array, lengthOf: (place: number) => number, most: number): number {
  const ended: number[] = [];
  let kept = places.length;
  for (let at = places.length - 1; at >= 0; at--) {
    const place = places[at] ?? 0;
    if (lengthOf(place) <= most) ended.push(place);
    else places[--kept] = place;
  }
  ended.sort((a, b) => lengthOf(a) - lengthOf(b));
  places.set(ended);
  return ended.length;
}
