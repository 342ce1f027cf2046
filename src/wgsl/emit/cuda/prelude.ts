import { halves } from "./half.ts";
import { integers, math } from "./math.ts";
import { memory } from "./memory.ts";
import { subgroups } from "./subgroups.ts";
import { vectors } from "./vectors.ts";

/** The definitions that `code` needs, each after those that it needs itself. */
export function prelude(code: readonly string[], divergent: boolean): string[] {
  const definitions = [...vectors, ...integers, ...math, ...memory, ...halves, ...subgroups(divergent)];
  const words = new Set<string>();
  const use = (text: string) => {
    for (const [word] of text.matchAll(/[A-Za-z_]\w*/g)) words.add(word);
  };
  code.forEach(use);
  const kept = definitions.reverse().filter(({ name, text, among }) => {
    const needed = words.has(name) && (among === undefined || among.some((word) => words.has(word)));
    if (needed) use(text);
    return needed;
  });
  return kept.reverse().map(({ text }) => text);
}
