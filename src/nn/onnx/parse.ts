import { parseAttributes } from "./attributes.ts";
import type { OnnxNode, OnnxTensor, ValueInfo } from "./model.ts";
import {
  type AttributeValue,
  functionKey,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxModel,
} from "./model.ts";
import { parseTensor, readEntry } from "./tensor.ts";
import { parseValueInfo } from "./types.ts";
import { invalidFile, WireReader } from "./wire.ts";

/** Parsing in steps of a node or a tensor each, between which the JavaScript thread may do something else. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** ModelProto, by the field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export function* parseModel(bytes: Uint8Array): Steps<OnnxModel> {
  const reader = new WireReader(bytes);
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const functions = new Map<string, OnnxFunction>();
  let irVersion = 0;
  let producer = "";
  let graph: OnnxGraph | undefined;
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) irVersion = reader.integer("The IR version");
    else if (field === 2) producer = reader.text("The producer's name");
    else if (field === 7) graph = yield* parseGraph(reader.message());
    else if (field === 8) parseOpset(reader.message(), opsets);
    else if (field === 14) readEntry(reader.message(), metadata);
    else if (field === 25) {
      const made = yield* parseFunction(reader.message());
      const key = functionKey(made.domain, made.name, made.overload);
      if (functions.has(key)) throw invalidFile(`Two functions are called "${made.name}"`);
      functions.set(key, made);
    }
  }
  if (graph === undefined) throw invalidFile("It holds no graph");
  return { irVersion, opsets, producer, graph, functions, metadata };
}

/** GraphProto. */
export function* parseGraph(reader: WireReader): Steps<OnnxGraph> {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo = new Map<string, ValueInfo>();
  let name = "";
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) nodes.push(yield* parseNode(reader.message()));
    else if (field === 2) name = reader.text("The graph's name");
    else if (field === 5) addInitializer(initializers, parseTensor(reader.bytes(), reader.depth + 1));
    else if (field === 11) inputs.push(parseValueInfo(reader.message()));
    else if (field === 12) outputs.push(parseValueInfo(reader.message()));
    else if (field === 13) {
      const info = parseValueInfo(reader.message());
      valueInfo.set(info.name, info);
    } else if (field === 15) {
      throw invalidFile("It has sparse initializers, which are not supported", "Export it with dense ones.");
    }
    yield;
  }
  return { name, nodes, initializers, inputs, outputs, valueInfo };
}

function addInitializer(initializers: Map<string, OnnxTensor>, tensor: OnnxTensor): void {
  if (tensor.name === "") throw invalidFile("An initializer has no name");
  if (initializers.has(tensor.name)) throw invalidFile(`Two initializers are called "${tensor.name}"`);
  initializers.set(tensor.name, tensor);
}

const none: ReadonlyMap<string, AttributeValue> = new Map();

/** NodeProto. */
function* parseNode(reader: WireReader): Steps<OnnxNode> {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let attributes: Map<string, AttributeValue> | undefined;
  let name = "";
  let operator = "";
  let domain = "";
  let overload = "";
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) inputs.push(reader.text("The name of a node's input"));
    else if (field === 2) outputs.push(reader.text("The name of a node's output"));
    else if (field === 3) name = reader.text("A node's name");
    else if (field === 4) operator = reader.text("An operator's name");
    else if (field === 5) {
      attributes ??= new Map();
      yield* parseAttributes(reader.message(), attributes, parseGraph);
    } else if (field === 7) domain = standardDomain(reader.text("An operator's domain"));
    else if (field === 8) overload = reader.text("An operator's overload");
  }
  if (operator === "") throw invalidFile(`Node "${name}" has no operator`);
  return { name, operator, domain, overload, inputs, outputs, attributes: attributes ?? none };
}

/** FunctionProto. */
function* parseFunction(reader: WireReader): Steps<OnnxFunction> {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const defaults = new Map<string, AttributeValue>();
  const nodes: OnnxNode[] = [];
  const opsets = new Map<string, number>();
  let name = "";
  let domain = "";
  let overload = "";
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) name = reader.text("A function's name");
    else if (field === 4) inputs.push(reader.text("The name of a function's input"));
    else if (field === 5) outputs.push(reader.text("The name of a function's output"));
    else if (field === 6) attributes.push(reader.text("The name of a function's attribute"));
    else if (field === 7) nodes.push(yield* parseNode(reader.message()));
    else if (field === 9) parseOpset(reader.message(), opsets);
    else if (field === 10) domain = standardDomain(reader.text("A function's domain"));
    else if (field === 11) yield* parseAttributes(reader.message(), defaults, parseGraph);
    else if (field === 13) overload = reader.text("A function's overload");
  }
  if (name === "") throw invalidFile("A function has no name");
  return { name, domain, overload, inputs, outputs, attributes, defaults, nodes, opsets };
}

/** OperatorSetIdProto. */
function parseOpset(reader: WireReader, opsets: Map<string, number>): void {
  let domain = "";
  let version = 0;
  while (reader.next()) {
    if (reader.field === 1) domain = standardDomain(reader.text("An operator set's domain"));
    else if (reader.field === 2) version = reader.integer("An operator set's version");
  }
  opsets.set(domain, version);
}

function standardDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}
