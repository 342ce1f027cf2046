import { AikoError } from "../../errors.ts";
import { checkTimeout } from "./deadline.ts";
import type { Runnable } from "./machine.ts";
import type { Channels, State, UpdateOf } from "./state.ts";
import { checkCount, checkName } from "./text.ts";
import { workflowMachine } from "./workflow-machine.ts";
import {
  checkNode,
  checkTarget,
  type NodeFunction,
  type NodeOptions,
  targetsOf,
  type WorkflowEdge,
  type WorkflowParts,
  type WorkflowResult,
} from "./workflow-parts.ts";

export interface WorkflowOptions<C extends Channels> {
  readonly name: string;
  readonly state: State<C>;
  readonly nodes: Readonly<Record<string, NodeFunction<C> | NodeOptions<C>>>;
  /** Of "start" and of nodes. A node without one ends its branch. */
  readonly edges: Readonly<Record<string, WorkflowEdge<C>>>;
  /** Default 100. */
  readonly maxSteps?: number | undefined;
}

export interface Workflow<C extends Channels> extends Runnable<UpdateOf<C>, WorkflowResult<C>> {}

/**
 * Nodes that share state, and edges that say which come next. Nodes of one step run at the same time on the same state; what
 * they return is put together in the order in which the nodes are listed. Rejects with INVALID_ARGUMENT.
 */
export function workflow<const C extends Channels>(options: WorkflowOptions<C>): Workflow<C> {
  const { state, edges, maxSteps = 100 } = options;
  const name = checkName(options.name, "A workflow");
  checkCount(maxSteps, 1, `maxSteps of the workflow "${name}"`);
  const nodes = new Map<string, NodeOptions<C>>();
  for (const [key, node] of Object.entries(options.nodes)) {
    if (key === "start" || key === "end") throw reserved(name, key);
    nodes.set(checkName(key, "A node"), typeof node === "function" ? { run: node } : node);
  }
  const parts: WorkflowParts<C> = { name, state, nodes, edges, maxSteps };
  for (const [from, edge] of Object.entries(edges)) {
    if (from !== "start") checkNode(parts, from);
    if (typeof edge !== "function") for (const target of targetsOf(edge)) checkTarget(parts, target);
  }
  for (const [key, node] of nodes) {
    checkTimeout(node.timeoutMs, `the node "${key}"`);
    checkCount(node.retries ?? 0, 0, `retries of the node "${key}"`);
    for (const other of node.waitsFor ?? []) checkNode(parts, other);
  }
  if (edges["start"] === undefined) {
    throw new AikoError("INVALID_ARGUMENT", { message: `The workflow "${name}" has no edge from "start"` });
  }
  const machine = workflowMachine(parts);
  return { name, machine: () => machine };
}

function reserved(name: string, key: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", {
    message: `A node of the workflow "${name}" is called "${key}", which is where every workflow begins or ends`,
  });
}
