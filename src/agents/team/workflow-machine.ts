import { AikoError } from "../../errors.ts";
import { callback } from "./callback.ts";
import { frozen } from "./frozen.ts";
import { type Machine, machineOf } from "./machine.ts";
import type { Channels, StateOf, UpdateOf } from "./state.ts";
import type { StepContext, Task } from "./step.ts";
import {
  checkTarget,
  type NodeTarget,
  targetsOf,
  type WorkflowEdge,
  type WorkflowParts,
  type WorkflowResult,
} from "./workflow-parts.ts";

interface Active {
  readonly node: string;
  readonly input?: unknown;
}

interface WorkflowState<C extends Channels> {
  readonly values: StateOf<C>;
  /** What runs in the next step; undefined before the edges of "start" were followed. */
  readonly active: readonly Active[] | undefined;
  /** For each node that waits: which of those it waits for have come. */
  readonly arrived: Readonly<Record<string, readonly string[]>>;
}

/** The machine of a workflow: bulk-synchronous steps, as in Pregel (Malewicz et al., 2010). */
export function workflowMachine<C extends Channels>(parts: WorkflowParts<C>): Machine<WorkflowResult<C>> {
  const { state, name } = parts;
  const begun = (values: StateOf<C>, input: UpdateOf<C>): WorkflowState<C> => ({
    values: state.reduce(values, [{ update: input, from: `The input of the workflow "${name}"` }]),
    active: undefined,
    arrived: {},
  });
  return machineOf<WorkflowState<C>, UpdateOf<C>, WorkflowResult<C>>({
    kind: "workflow",
    name,
    shape: shapeOf(parts),
    maxSteps: parts.maxSteps,
    start: (input) => begun(state.initial(), input),
    next: ({ values }, input) => begun(values, input),
    step: async (before, step) => {
      if (before.active === undefined) return await followed(parts, before.values, before, ["start"]);
      const active = before.active.map(({ node }) => node);
      const given = await step.all(tasksOf(parts, frozen(before.values), before.active, step));
      const updates = given.map((update, at) => ({ update, from: `The node "${active[at]}"` }));
      return await followed(parts, state.reduce(before.values, updates), before, active);
    },
    result: ({ values, active }) => (active?.length === 0 ? { state: values } : undefined),
  });
}

function tasksOf<C extends Channels>(
  parts: WorkflowParts<C>,
  values: StateOf<C>,
  active: readonly Active[],
  step: StepContext,
): readonly Task<unknown>[] {
  const times = new Map<string, number>();
  for (const { node } of active) times.set(node, (times.get(node) ?? 0) + 1);
  return active.map((one, at) => {
    const key = times.get(one.node) === 1 ? one.node : `${one.node}#${at}`;
    return taskOf(parts, values, one, key, step);
  });
}

function taskOf<C extends Channels>(
  parts: WorkflowParts<C>,
  values: StateOf<C>,
  { node, input }: Active,
  key: string,
  step: StepContext,
): Task<unknown> {
  const options = parts.nodes.get(node);
  const { emit } = step.scope.environment;
  const event = { type: "node", workflow: parts.name, node, step: step.number } as const;
  return {
    key,
    what: `The node "${node}"`,
    timeoutMs: options?.timeoutMs,
    retries: options?.retries,
    span: { name: `node ${node}`, attributes: { "aikoryu.workflow": parts.name, "aikoryu.node": node } },
    run: async (context) => {
      await emit({ ...event, state: "start" });
      const update = await callback(`The node "${node}"`, () => options?.run(values, { ...context, input }));
      await emit({ ...event, state: "end" });
      return update ?? null;
    },
  };
}

/** What runs next, when these nodes have run. */
async function followed<C extends Channels>(
  parts: WorkflowParts<C>,
  values: StateOf<C>,
  before: WorkflowState<C>,
  ran: readonly string[],
): Promise<WorkflowState<C>> {
  const next = new Map<string, Active>();
  const arrived: Record<string, readonly string[]> = { ...before.arrived };
  for (const from of new Set(ran)) {
    for (const target of await targets(parts, from, parts.edges[from], values)) {
      if (typeof target !== "string") {
        next.set(`${target.node}#${next.size}`, { node: target.node, input: target.input });
        continue;
      }
      const waitsFor = parts.nodes.get(target)?.waitsFor ?? [];
      const come = [...new Set([...(arrived[target] ?? []), from])];
      if (waitsFor.every((node) => come.includes(node))) {
        delete arrived[target];
        next.set(target, { node: target });
      } else arrived[target] = come;
    }
  }
  const order = new Map([...parts.nodes.keys()].map((node, at) => [node, at]));
  const placeOf = ({ node }: Active) => order.get(node) ?? 0;
  const active = [...next.values()].sort((a, b) => placeOf(a) - placeOf(b));
  const [waiting] = Object.entries(arrived);
  if (active.length === 0 && waiting !== undefined) throw stuck(parts, waiting[0], waiting[1]);
  return { values, active, arrived };
}

async function targets<C extends Channels>(
  parts: WorkflowParts<C>,
  from: string,
  edge: WorkflowEdge<C>,
  values: StateOf<C>,
): Promise<readonly NodeTarget[]> {
  const found = targetsOf(
    await callback(`The edge from "${from}"`, () => (typeof edge === "function" ? edge(values) : edge)),
  );
  for (const target of found) checkTarget(parts, target);
  return found.filter((target) => target !== "end");
}

function shapeOf<C extends Channels>({ nodes, edges, state }: WorkflowParts<C>): string {
  const named = (target: NodeTarget) => (typeof target === "string" ? target : target.node);
  const written = Object.entries(edges).map(
    ([from, edge]) =>
      `${from} -> ${typeof edge === "function" ? "?" : targetsOf(edge).map(named).join(" + ")}`,
  );
  return `nodes ${[...nodes.keys()].join(" ")}; edges ${written.join(", ")}; state ${Object.keys(state.channels).join(" ")}`;
}

function stuck<C extends Channels>(
  parts: WorkflowParts<C>,
  node: string,
  come: readonly string[],
): AikoError {
  const missing = (parts.nodes.get(node)?.waitsFor ?? []).filter((other) => !come.includes(other));
  return new AikoError("NO_CONVERGENCE", {
    message: `The workflow "${parts.name}" came to a stop: "${node}" waits for ${missing.join(", ")}, which nothing leads to any more`,
    hint: `Give each of them an edge to "${node}", or wait for fewer.`,
  });
}
