import { suggest } from "../../core/suggest.ts";
import { AikoError } from "../../errors.ts";
import type { Channels, State, StateOf, UpdateOf } from "./state.ts";
import type { TaskContext } from "./step.ts";

export interface NodeContext extends TaskContext {
  /** What an edge sent along; undefined where it only named the node. */
  readonly input: unknown;
}

type Update<C extends Channels> = UpdateOf<C> | undefined;
export type NodeFunction<C extends Channels> = (
  state: StateOf<C>,
  context: NodeContext,
) => Update<C> | Promise<Update<C>>;

export interface NodeOptions<C extends Channels> {
  readonly run: NodeFunction<C>;
  /** Default: none. */
  readonly timeoutMs?: number | undefined;
  /** How often it may run again after a failure. Default 0. */
  readonly retries?: number | undefined;
  /** Runs when edges from all of these have come, however many steps apart. Default: in the step after any. */
  readonly waitsFor?: readonly string[] | undefined;
}

/** Where it goes on: a node, "end", or a node with an input of its own, once for each. */
export type NodeTarget = string | { readonly node: string; readonly input: unknown };
export type NodeTargets = NodeTarget | readonly NodeTarget[] | undefined;
export type WorkflowEdge<C extends Channels> =
  | NodeTargets
  | ((state: StateOf<C>) => NodeTargets | Promise<NodeTargets>);

export interface WorkflowResult<C extends Channels> {
  readonly state: StateOf<C>;
}

/** What the machine of a workflow reads. */
export interface WorkflowParts<C extends Channels> {
  readonly name: string;
  readonly state: State<C>;
  readonly nodes: ReadonlyMap<string, NodeOptions<C>>;
  readonly edges: Readonly<Record<string, WorkflowEdge<C>>>;
  readonly maxSteps: number;
}

export function targetsOf(targets: NodeTargets): readonly NodeTarget[] {
  if (targets === undefined) return [];
  return typeof targets === "string" || "node" in targets ? [targets] : targets;
}

export function checkTarget<C extends Channels>(parts: WorkflowParts<C>, target: NodeTarget): void {
  const node = typeof target === "string" ? target : target.node;
  if (node !== "end") checkNode(parts, node);
}

export function checkNode<C extends Channels>({ name, nodes }: WorkflowParts<C>, node: string): void {
  if (nodes.has(node)) return;
  const near = suggest(String(node), [...nodes.keys()]);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The workflow "${name}" has no node "${node}"`,
    hint: near === undefined ? `It has ${[...nodes.keys()].join(", ")}.` : `Did you mean "${near}"?`,
  });
}
