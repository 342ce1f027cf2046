import type { Match, Metric } from "#src/agents/index.js";

export interface Named {
  readonly name: string;
  readonly vector: readonly number[] | Float32Array;
}

/** Scores of all entries, sorted; in double precision over the numbers as given, rounded to f32. */
export function nearestByHand(
  metric: Metric,
  entries: readonly Named[],
  query: ArrayLike<number>,
  k: number,
): Match[] {
  const numbers = (vector: ArrayLike<number>) => {
    const given = Array.from(vector);
    if (metric !== "cosine") return given.map(Math.fround);
    const length = Math.sqrt(given.reduce((sum, value) => sum + value * value, 0));
    return given.map((value) => Math.fround(value / length));
  };
  const asked = numbers(query);
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);
  const scored = entries.map(({ name, vector }) => {
    const own = numbers(vector);
    if (metric === "dot") return { name, score: dot(asked, own) };
    if (metric === "cosine") {
      return { name, score: dot(asked, own) / Math.sqrt(dot(asked, asked)) / Math.sqrt(dot(own, own)) };
    }
    return { name, score: -Math.hypot(...asked.map((value, at) => value - (own[at] ?? 0))) };
  });
  return scored
    .map((match, at) => ({ match, at }))
    .sort((a, b) => b.match.score - a.match.score || a.at - b.at)
    .slice(0, k)
    .map(({ match }) => match);
}
