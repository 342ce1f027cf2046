import {
  type AttributeValue,
  describeNode,
  functionKey,
  type OnnxFunction,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from "../onnx/index.ts";

/** A node with the version of its operator set. */
export interface GraphNode {
  readonly node: OnnxNode;
  readonly opset: number;
}

/** A model as a plain list of nodes: functions in place of their calls, and nothing that no output needs. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Nodes that take a value, by its name; the graph's outputs are taken by `undefined`. */
  readonly consumers: ReadonlyMap<string, readonly (GraphNode | undefined)[]>;
}

const deepest = 16;
const mostNodes = 100_000;

export function importModel(model: OnnxModel, isKnown: (node: OnnxNode) => boolean): Graph {
  const { graph, functions } = model;
  const flat: GraphNode[] = [];
  const expand = (nodes: readonly OnnxNode[], opsets: ReadonlyMap<string, number>, depth: number) => {
    for (const node of nodes) {
      const called = functions.get(functionKey(node.domain, node.operator, node.overload));
      if (called === undefined || isKnown(node) || depth > deepest || flat.length > mostNodes) {
        flat.push({ node, opset: opsets.get(node.domain) ?? 1 });
      } else {
        expand(inlined(called, node, `${describeNode(node)} ${flat.length}`), called.opsets, depth + 1);
      }
    }
  };
  expand(graph.nodes, model.opsets, 0);
  const outputs = graph.outputs.map(({ name }) => name);
  const nodes = needed(flat, outputs);
  const consumers = new Map<string, (GraphNode | undefined)[]>();
  const consume = (name: string, by: GraphNode | undefined) => {
    const list = consumers.get(name);
    if (list === undefined) consumers.set(name, [by]);
    else if (by === undefined || !list.includes(by)) list.push(by);
  };
  for (const each of nodes) for (const name of each.node.inputs) consume(name, each);
  for (const name of outputs) consume(name, undefined);
  return {
    nodes,
    initializers: graph.initializers,
    inputs: graph.inputs.map(({ name }) => name),
    outputs,
    consumers,
  };
}

/** Each node that some output depends on, in order. */
function needed(nodes: readonly GraphNode[], outputs: readonly string[]): GraphNode[] {
  const wanted = new Set(outputs);
  const kept: GraphNode[] = [];
  for (const each of [...nodes].reverse()) {
    if (!each.node.outputs.some((name) => name !== "" && wanted.has(name))) continue;
    for (const name of each.node.inputs) wanted.add(name);
    kept.push(each);
  }
  return kept.reverse();
}

/** The nodes of a function under names of their own, with what the call binds. */
function inlined(called: OnnxFunction, call: OnnxNode, prefix: string): OnnxNode[] {
  const names = new Map<string, string>([["", ""]]);
  called.inputs.forEach((name, at) => {
    names.set(name, call.inputs[at] ?? "");
  });
  called.outputs.forEach((name, at) => {
    const bound = call.outputs[at];
    if (bound !== undefined && bound !== "") names.set(name, bound);
  });
  const named = (name: string) => names.get(name) ?? `${prefix}/${name}`;
  return called.nodes.map((node) => {
    const attributes = new Map<string, AttributeValue>();
    for (const [name, value] of node.attributes) {
      const bound =
        value.kind === "reference"
          ? (call.attributes.get(value.value) ?? called.defaults.get(value.value))
          : value;
      if (bound !== undefined) attributes.set(name, bound);
    }
    return { ...node, inputs: node.inputs.map(named), outputs: node.outputs.map(named), attributes };
  });
}
