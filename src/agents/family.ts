import type { LlmFamily } from "../llm/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { type BatchMaker, bindBatch } from "./batching/index.ts";
import { type BoardsFamily, bindBoards } from "./boards/index.ts";
import { Bus, type BusOptions } from "./bus/index.ts";
import { type AgentGraph, type AgentGraphOptions, createGraph } from "./propagation/index.ts";
import { Router, type RouterOptions } from "./routing/index.ts";
import { bindTeam, type TeamFamily } from "./team/index.ts";
import { type Rule, Validator, type ValidatorOptions } from "./validation/index.ts";

/** Agents and their communication on one runtime. */
export interface AgentsFamily extends AsyncDisposable {
  readonly runtime: Runtime;
  /** Many calls as one: see `batch`. */
  readonly batch: BatchMaker;
  readonly boards: BoardsFamily;
  /** Agents that language models speak for: see `agent`, `run`, `workflow`. */
  readonly team: TeamFamily;
  /** Where agents join and reach each other; disposed with the family at the latest. */
  bus(options?: BusOptions): Bus;
  /** Who passes what on to whom: see `createGraph`. */
  graph(options: AgentGraphOptions): Promise<AgentGraph>;
  /** Finds who is nearest to a query: see `Router`. */
  router(options: RouterOptions): Router;
  /** A chain of rules over messages. Throws INVALID_ARGUMENT. */
  validator(rules: readonly Rule[], options?: ValidatorOptions): Validator;
}

export function bindAgents(runtime: Runtime, llm?: LlmFamily): AgentsFamily {
  const buses = new Set<Bus>();
  return {
    runtime,
    batch: bindBatch(runtime),
    boards: bindBoards(runtime),
    team: bindTeam(llm),
    bus: (options) => {
      const bus: Bus = new Bus(options, () => buses.delete(bus));
      buses.add(bus);
      return bus;
    },
    graph: (options) => createGraph(runtime, options),
    router: (options) => new Router(runtime, options),
    validator: (rules, options) => new Validator(runtime, rules, options),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...buses].map((bus) => bus.dispose()));
    },
  };
}
