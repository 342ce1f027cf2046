import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from "./model.ts";

/** Every tensor of a model: initializers and attributes, also of subgraphs and functions. */
export function* tensorsOf(model: OnnxModel): Generator<OnnxTensor> {
  for (const graph of graphsOf(model)) yield* graph.initializers.values();
  for (const node of nodesOf(model)) {
    for (const attribute of node.attributes.values()) {
      if (attribute.kind === "tensor") yield attribute.value;
      else if (attribute.kind === "tensors") yield* attribute.value;
      else if (attribute.kind === "sparse") yield* [attribute.value.values, attribute.value.indices];
    }
  }
}

/** Every node of a model, also of subgraphs and functions. */
export function* nodesOf(model: OnnxModel): Generator<OnnxNode> {
  for (const graph of graphsOf(model)) yield* graph.nodes;
  for (const { nodes } of model.functions.values()) yield* nodes;
}

/** The graph and all that lie inside nodes. */
function* graphsOf(model: OnnxModel): Generator<OnnxGraph> {
  yield model.graph;
  yield* innerGraphs(model.graph.nodes);
  for (const { nodes } of model.functions.values()) yield* innerGraphs(nodes);
}

function* innerGraphs(nodes: readonly OnnxNode[]): Generator<OnnxGraph> {
  for (const node of nodes) {
    for (const attribute of node.attributes.values()) {
      const graphs =
        attribute.kind === "graph" ? [attribute.value] : attribute.kind === "graphs" ? attribute.value : [];
      for (const graph of graphs) {
        yield graph;
        yield* innerGraphs(graph.nodes);
      }
    }
  }
}
