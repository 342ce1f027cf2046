import type { Automaton } from "./automaton.ts";
import { type CodePoints, union } from "./regex/code-points.ts";
import { compileTree } from "./regex/compile.ts";

/** Says whether a text is UTF-8 of these code points only; of all of them, whether it is UTF-8. */
export function charsetAutomaton(allowed: CodePoints): Automaton {
  const item = { kind: "set", set: union(allowed) } as const;
  const end = { kind: "assertion", assertion: "end" } as const;
  const every = { kind: "repeat", item, least: 0, most: Infinity } as const;
  return compileTree({ kind: "sequence", items: [every, end] }, false);
}
