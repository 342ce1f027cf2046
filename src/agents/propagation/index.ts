export {
  type AgentGraph,
  type AgentGraphOptions,
  createGraph,
  type EdgeArrays,
  type EdgeRows,
  type Propagated,
  type PropagateOptions,
  type Provenance,
} from "./graph.ts";
