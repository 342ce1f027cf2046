import type { CodePoints } from "./code-points.ts";

export type Assertion = "start" | "end" | "word" | "notWord";

/** A regular expression in the narrow sense: what a finite automaton can do. */
export type RegexNode =
  | { readonly kind: "set"; readonly set: CodePoints }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly items: readonly RegexNode[] }
  /** `most` may be Infinity. */
  | { readonly kind: "repeat"; readonly item: RegexNode; readonly least: number; readonly most: number }
  | { readonly kind: "assertion"; readonly assertion: Assertion };
