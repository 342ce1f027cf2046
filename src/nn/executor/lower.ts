import { elementCount } from "../../core/shape.ts";
import { AikoError, isAikoError } from "../../errors.ts";
import { describeNode, type OnnxNode } from "../onnx/index.ts";
import { PlanBuilder, type Value } from "./builder.ts";
import { type NodeContext, refuse } from "./context.ts";
import type { NamedTensors } from "./executor.ts";
import { evaluate, type HostSources } from "./host.ts";
import { storedTensor } from "./host-tensor.ts";
import type { Graph, GraphNode } from "./import.ts";
import { isElementwise, operatorName, operatorOf } from "./registry.ts";
import type { DeviceTraits } from "./step.ts";
import { elementAt, isDType, isFloat, storageBytes } from "./types.ts";

export interface Lowered {
  readonly builder: PlanBuilder;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  /** Inputs whose elements decided shapes. */
  readonly decisive: ReadonlySet<string>;
  /** Of all tensors that the model's nodes name. */
  readonly tensorBytes: number;
}

const constantElements = 4096;

/** Turns a model with the inputs of one run into steps, yielding after each node. Throws UNSUPPORTED or INVALID_ARGUMENT, naming the node. */
export function* lower(graph: Graph, given: NamedTensors, traits: DeviceTraits): Generator<void, Lowered> {
  const builder = new PlanBuilder(traits);
  const values = new Map<string, Value>();
  const inputs = new Map<string, Value>();
  const decisive = new Set<string>();
  for (const name of graph.inputs) {
    const tensor = given[name];
    if (tensor === undefined) continue;
    const { dtype, shape } = tensor;
    if (!isDType(dtype))
      throw new AikoError("UNSUPPORTED", { message: `Input "${name}" has element type ${dtype}` });
    if (dtype === "f64" && !traits.f64) throw unsupportedDouble(`Input "${name}"`);
    const value = builder.leaf(builder.buffer(dtype, elementCount(shape), { kind: "input", name }), shape);
    inputs.set(name, value);
    values.set(name, value);
  }
  for (const [name, tensor] of graph.initializers) {
    if (inputs.has(name)) continue;
    const { dtype } = tensor;
    if (!graph.consumers.has(name)) continue;
    if (!isDType(dtype))
      throw new AikoError("UNSUPPORTED", { message: `Initializer "${name}" has element type ${dtype}` });
    values.set(name, builder.given(`initializer ${name}`, tensor, dtype, tensor.shape));
  }
  const sources: HostSources = {
    input: (name) => {
      const tensor = given[name];
      if (tensor === undefined) return undefined;
      decisive.add(name);
      return storedTensor(tensor);
    },
    writers: (buffer) => builder.writersOf(buffer),
  };
  const constants: HostSources = { ...sources, input: () => undefined };
  let tensorBytes = 0;
  for (const each of graph.nodes) {
    yield;
    const { node, opset } = each;
    const found = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
    const missing = node.inputs.findIndex((name, at) => name !== "" && found[at] === undefined);
    if (missing >= 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `${describeNode(node)} takes "${node.inputs[missing]}", which nothing gives`,
      });
    }
    const context: NodeContext = { node, builder, opset, hostOf: (value) => evaluate(value, sources) };
    const made = lowerNode(context, found);
    node.outputs.forEach((name, at) => {
      if (name === "") return;
      const value = made[at] ?? refuse(node, `its output ${at} ("${name}")`);
      if (value.dtype === "f64" && !traits.f64) throw unsupportedDouble(describeNode(node));
      const known = foldable(value) ? evaluate(value, constants) : undefined;
      const result = known === undefined ? value : builder.known(known);
      values.set(name, shared(graph, name, result.host === undefined) ? builder.settle(result) : result);
      if (value.host === undefined) tensorBytes += elementCount(value.shape) * storageBytes(value.dtype);
    });
  }
  for (const value of inputs.values()) tensorBytes += elementCount(value.shape) * storageBytes(value.dtype);
  const outputs = new Map<string, Value>();
  for (const name of graph.outputs) {
    const value = values.get(name);
    if (value === undefined)
      throw new AikoError("INVALID_ARGUMENT", { message: `Nothing gives the output "${name}"` });
    outputs.set(name, value);
  }
  return { builder, inputs, outputs, decisive, tensorBytes };
}

function lowerNode(context: NodeContext, inputs: readonly (Value | undefined)[]): readonly Value[] {
  const { node, builder, opset } = context;
  builder.operator = operatorName(node);
  const operator = operatorOf(node);
  if (operator === undefined) return refuse(node, "the executor has no such operator");
  if (node.domain === "" && (opset < 6 || differsBefore7(node, opset)))
    return refuse(node, `operator set ${opset}`);
  try {
    const made = operator(context, inputs);
    return Array.isArray(made) ? made : [made as Value];
  } catch (error) {
    if (!isAikoError(error, "INVALID_ARGUMENT") || error.message.startsWith(describeNode(node))) throw error;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${describeNode(node)}: ${error.message}`,
      cause: error,
    });
  }
}

/** Small results that may decide shapes are computed while planning. */
function foldable({ shape, dtype, host }: Value): boolean {
  if (host !== undefined) return false;
  return elementCount(shape) <= (isFloat(dtype) ? 1 : constantElements);
}

const namedBroadcast = ["broadcast", "axis"];
const arithmetic = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Pow",
  "And",
  "Or",
  "Xor",
  "Equal",
  "Less",
  "Greater",
  "PRelu",
]);
const trained = new Set(["BatchNormalization", "Dropout"]);

/** Operator set 6 differs where shapes broadcast by an attribute, and where operators train unless told otherwise. */
function differsBefore7({ operator, attributes }: OnnxNode, opset: number): boolean {
  if (opset >= 7) return false;
  if (operator === "PRelu") return true;
  if (arithmetic.has(operator)) return namedBroadcast.some((name) => attributes.has(name));
  return trained.has(operator) && Number(attributes.get("is_test")?.value ?? 0) !== 1;
}

function unsupportedDouble(what: string): AikoError {
  return new AikoError("UNSUPPORTED", { message: `${what} is f64, which this device does not compute with` });
}

const longestRegion = 24;

/** Whether several kernels would compute a value again if it were not written once. */
function shared(graph: Graph, name: string, computed: boolean): boolean {
  const consumers = graph.consumers.get(name) ?? [];
  if (!computed || consumers.length < 2) return false;
  return !convergesFrom(graph, name);
}

/** Whether all that becomes of a value ends in one elementwise node: then it is part of that one's kernel. */
function convergesFrom(graph: Graph, name: string): boolean {
  const open = new Set([name]);
  const inside = new Set<GraphNode>();
  for (let steps = 0; steps < longestRegion; steps++) {
    if (inside.size > 0 && open.size === 1) return true;
    const ready = graph.nodes.find(
      (each) => !inside.has(each) && each.node.inputs.some((input) => open.has(input)),
    );
    if (ready === undefined || !isElementwise(ready.node) || ready.node.outputs.length !== 1) return false;
    inside.add(ready);
    open.add(elementAt(ready.node.outputs, 0));
    for (const each of open) {
      const consumers = graph.consumers.get(each) ?? [];
      if (consumers.includes(undefined)) return false;
      if (consumers.every((consumer) => consumer !== undefined && inside.has(consumer))) open.delete(each);
    }
  }
  return false;
}
