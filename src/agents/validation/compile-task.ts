import { isAikoError } from "../../errors.ts";
import {
  type Automaton,
  ahoCorasick,
  type CodePoints,
  charsetAutomaton,
  combined,
  compileRegex,
  type Demand,
  type WideAutomaton,
  widened,
} from "../../kernels/text/index.ts";

/** What an automaton shall find out of a text. */
export type ScanSpec =
  | { readonly kind: "charset"; readonly allowed: CodePoints }
  | { readonly kind: "regex"; readonly source: string; readonly flags: string; readonly wanted: boolean }
  | { readonly kind: "banned"; readonly patterns: readonly Uint8Array[]; readonly ignoreCase: boolean };

/** One automaton for some of the specs, or one that no automaton can do. */
export type ScanPart =
  | {
      readonly automaton: Automaton;
      /** For the CPU. */
      readonly wide: WideAutomaton | undefined;
      /** Of each outcome but the first: whose failure it is. */
      readonly specs: readonly number[];
    }
  | { readonly spec: number; readonly reason: string };

/** 1 MiB before it is minimised: about what a core has to itself. */
const mostEntries = 2 ** 18;

/** arrays: none. The automata for some specs in their order. */
export function compileScans(_arrays: readonly unknown[], specs: readonly ScanSpec[]): readonly ScanPart[] {
  const parts: ScanPart[] = [];
  let demands: Demand[] = [];
  let owners: number[] = [];
  const flush = () => {
    for (const { automaton, first } of combined(demands, mostEntries)) {
      parts.push({
        automaton,
        wide: widened(automaton),
        specs: owners.slice(first, first + automaton.outcomes - 1),
      });
    }
    demands = [];
    owners = [];
  };
  for (const [at, spec] of specs.entries()) {
    try {
      for (const demand of demandsOf(spec)) {
        demands.push(demand);
        owners.push(at);
      }
    } catch (error) {
      if (spec.kind !== "regex" || !isAikoError(error)) throw error;
      flush();
      parts.push({ spec: at, reason: error.message });
    }
  }
  flush();
  return parts;
}

function demandsOf(spec: ScanSpec): readonly Demand[] {
  switch (spec.kind) {
    case "charset":
      return [{ automaton: charsetAutomaton(spec.allowed), wanted: 1 }];
    case "regex":
      return [{ automaton: compileRegex(spec.source, spec.flags), wanted: spec.wanted ? 1 : 0 }];
    case "banned":
      return ahoCorasick(spec.patterns, spec).map((automaton) => ({ automaton, wanted: 0 }));
  }
}
