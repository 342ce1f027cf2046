import { AikoError } from "../../errors.ts";
import { checkConstants } from "./constants.ts";
import { describeNode, functionKey, type OnnxGraph, type OnnxModel, type OnnxNode } from "./model.ts";
import type { Steps } from "./parse.ts";
import { invalidFile } from "./wire.ts";

/** The newest of what this reader knows: ONNX 1.23. */
const newestIr = 14;

/** Checks what the model's parts say of each other. Throws INVALID_FILE naming the node or value; UNSUPPORTED for a newer format. */
export function* validateModel(model: OnnxModel): Steps<void> {
  const { irVersion, opsets } = model;
  if (irVersion < 1) throw invalidFile(`Its IR version is ${irVersion}: not an ONNX model, or damaged`);
  if (irVersion > newestIr) {
    throw new AikoError("UNSUPPORTED", {
      message: `Its IR version is ${irVersion}; the newest that is known here is ${newestIr}`,
      hint: "Export it with an older version of onnx, or set model.ir_version.",
    });
  }
  if (irVersion >= 3 && opsets.size === 0) throw invalidFile("It names no operator set");
  for (const [domain, version] of opsets) {
    if (version >= 1) continue;
    throw invalidFile(`Its operator set ${JSON.stringify(domain || "ai.onnx")} has version ${version}`);
  }
  yield* validateGraph(model.graph, model, new Set());
  for (const made of model.functions.values()) {
    const known = new Set(made.inputs);
    yield* validateNodes(made.nodes, known, {
      ...model,
      opsets: made.opsets.size > 0 ? made.opsets : opsets,
    });
    for (const name of made.outputs) {
      if (!known.has(name))
        throw invalidFile(`Function "${made.name}" has no value for its output "${name}"`);
    }
  }
}

function* validateGraph(graph: OnnxGraph, model: OnnxModel, around: ReadonlySet<string>): Steps<void> {
  const known = new Set(around);
  const inputs = new Set<string>();
  for (const { name } of graph.inputs) {
    if (inputs.has(name)) throw invalidFile(`Two inputs are called "${name}"`);
    inputs.add(name);
    known.add(name);
  }
  for (const name of graph.initializers.keys()) known.add(name);
  yield* validateNodes(graph.nodes, known, model, graph);
  checkConstants(graph);
  const outputs = new Set<string>();
  for (const { name } of graph.outputs) {
    if (outputs.has(name)) throw invalidFile(`Two outputs are called "${name}"`);
    outputs.add(name);
    if (!known.has(name)) throw invalidFile(`No node makes the output "${name}"`);
  }
}

/** Adds what the nodes make to `known`. */
function* validateNodes(
  nodes: readonly OnnxNode[],
  known: Set<string>,
  model: OnnxModel,
  graph?: OnnxGraph,
): Steps<void> {
  const made = new Set(graph?.inputs.map(({ name }) => name));
  for (const node of nodes) {
    checkDomain(node, model);
    for (const name of node.inputs) {
      if (name !== "" && !known.has(name)) throw undefinedInput(node, name, nodes);
    }
    for (const value of node.attributes.values()) {
      if (value.kind === "graph") yield* validateGraph(value.value, model, known);
      else if (value.kind === "graphs")
        for (const inner of value.value) yield* validateGraph(inner, model, known);
    }
    for (const name of node.outputs) {
      if (name === "") continue;
      if (made.has(name) || graph?.initializers.has(name)) {
        throw invalidFile(`${describeNode(node)} makes "${name}", which exists already`);
      }
      made.add(name);
      known.add(name);
    }
    yield;
  }
}

function checkDomain(node: OnnxNode, { opsets, functions, irVersion }: OnnxModel): void {
  if (opsets.has(node.domain) || (irVersion < 3 && node.domain === "")) return;
  if (functions.has(functionKey(node.domain, node.operator, node.overload))) return;
  throw invalidFile(
    `${describeNode(node)} is of the operator set ${JSON.stringify(node.domain || "ai.onnx")}, which the model does not import`,
  );
}

function undefinedInput(node: OnnxNode, name: string, nodes: readonly OnnxNode[]): AikoError {
  const later = nodes.find(({ outputs }) => outputs.includes(name));
  if (later === undefined) return invalidFile(`${describeNode(node)} takes "${name}", which nothing makes`);
  if (dependsOn(later, node, nodes)) {
    return invalidFile(`${describeNode(node)} and ${describeNode(later)} are part of a cycle`);
  }
  return invalidFile(
    `${describeNode(node)} takes "${name}" before ${describeNode(later)} makes it`,
    "Sort the nodes: onnx.checker.check_model names the same problem.",
  );
}

/** Whether `node` needs an output of `other`. */
function dependsOn(node: OnnxNode, other: OnnxNode, nodes: readonly OnnxNode[]): boolean {
  const makers = new Map(nodes.flatMap((maker) => maker.outputs.map((name) => [name, maker] as const)));
  const seen = new Set<OnnxNode>();
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === other) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    for (const name of next.inputs) {
      const maker = makers.get(name);
      if (maker !== undefined) open.push(maker);
    }
  }
  return false;
}
