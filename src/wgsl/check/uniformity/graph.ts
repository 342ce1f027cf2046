import type { Span } from "../../diagnostics.ts";
import type { FunctionDefinition, Value, Variable } from "../../ir.ts";

/** The group of threads that must pass together: workgroups for barriers, subgroups for subgroup and quad operations. */
export type UniformityScope = "workgroup" | "subgroup";

/** What the caller of a function decides: whether control flow is uniform there, an argument, what it points to. */
export type Input =
  | { readonly kind: "control" }
  | { readonly kind: "value" | "contents"; readonly index: number };

/** Uniform where everything it depends on is. */
export interface Node {
  readonly edges: Node[];
  /** Why the value differs between threads. */
  readonly origin?: string;
  readonly input?: Input;
  /** The condition that decides whether control flow gets here. */
  readonly condition?: Span;
}

/** A node that must be uniform, and what to say when it is not. */
export interface Requirement {
  readonly node: Node;
  readonly builtin: string;
  readonly span: Span;
  readonly problem: string;
}

/** What a result depends on. */
export interface Reach {
  readonly inputs: readonly Input[];
  readonly origin: string | undefined;
}

/** What callers need to know of a function. */
export interface Summary {
  readonly required: readonly { readonly input: Input; readonly builtin: string }[];
  readonly returned: Reach;
  /** What pointer parameters point to after a call; `undefined` for other parameters. */
  readonly outputs: readonly (Reach | undefined)[];
}

/** One pass over the module's functions. */
export interface Analysis {
  readonly scope: UniformityScope;
  /** Whether an operation at this place must be uniform. */
  readonly isError: (place: Span) => boolean;
  /** The functions passed so far. */
  readonly summaries: ReadonlyMap<FunctionDefinition, Summary>;
}

export interface FunctionGraph {
  readonly requirements: readonly Requirement[];
  readonly returned: Node;
  readonly outputs: readonly (Node | undefined)[];
}

/** A variable, or a pointer parameter that stands for what it points to. */
export type Root = Variable | Value;

export function node(...edges: readonly Node[]): Node {
  return { edges: [...edges] };
}
