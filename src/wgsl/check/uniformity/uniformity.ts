import { KernelError } from "../../diagnostics.ts";
import type { FunctionDefinition } from "../../ir.ts";
import { buildGraph } from "./flow.ts";
import type { Analysis, FunctionGraph, Input, Node, Reach, Requirement, Summary } from "./graph.ts";
import { errorPlaces } from "./severity.ts";

/** WGSL section 15.2: collective operations stand where all threads of a group pass together. Callees come first. */
export function checkUniformity(source: string, functions: readonly FunctionDefinition[]): void {
  checkScope(source, functions, "workgroup", () => true);
  const lanes = functions.some((target) =>
    [...target.builtins].some((name) => /^(subgroup|quad)/.test(name)),
  );
  if (lanes) checkScope(source, functions, "subgroup", errorPlaces(source, "subgroup_uniformity"));
}

function checkScope(
  source: string,
  functions: readonly FunctionDefinition[],
  scope: Analysis["scope"],
  isError: Analysis["isError"],
): void {
  const summaries = new Map<FunctionDefinition, Summary>();
  for (const target of functions) {
    const graph = buildGraph(target, { scope, isError, summaries });
    summaries.set(target, { required: requiredInputs(source, graph.requirements), ...effects(graph) });
  }
}

function effects(graph: FunctionGraph): Pick<Summary, "returned" | "outputs"> {
  return {
    returned: reachFrom(graph.returned),
    outputs: graph.outputs.map((output) => output && reachFrom(output)),
  };
}

/** What callers must keep uniform. Throws where this function itself breaks a requirement. */
function requiredInputs(source: string, requirements: readonly Requirement[]): Summary["required"] {
  const seen = new Map<Node, Node | undefined>();
  const required: { readonly input: Input; readonly builtin: string }[] = [];
  for (const requirement of requirements) {
    for (const node of explore(requirement.node, seen)) {
      if (node.origin !== undefined) throw violation(source, requirement, node, seen);
      if (node.input !== undefined) required.push({ input: node.input, builtin: requirement.builtin });
    }
  }
  return required;
}

function reachFrom(root: Node): Reach {
  const nodes = [...explore(root, new Map())];
  return {
    inputs: nodes.flatMap((node) => node.input ?? []),
    origin: nodes.find((node) => node.origin !== undefined)?.origin,
  };
}

/** The nodes not seen before that `root` depends on, nearest first; `seen` keeps the way back. */
function* explore(root: Node, seen: Map<Node, Node | undefined>): Generator<Node> {
  if (seen.has(root)) return;
  seen.set(root, undefined);
  const queue = [root];
  for (const node of queue) {
    yield node;
    for (const next of node.edges) {
      if (seen.has(next)) continue;
      seen.set(next, node);
      queue.push(next);
    }
  }
}

function violation(
  source: string,
  requirement: Requirement,
  cause: Node,
  seen: ReadonlyMap<Node, Node | undefined>,
): KernelError {
  let node: Node | undefined = cause;
  while (node !== undefined && node.condition === undefined) node = seen.get(node);
  const condition = node?.condition;
  const hint =
    condition === undefined
      ? `${cause.origin}.`
      : `The condition '${excerpt(source.slice(condition.start, condition.end))}' may differ: ${cause.origin}.`;
  return new KernelError(source, requirement.span, requirement.problem, hint);
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}
