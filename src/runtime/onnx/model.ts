/** One operator of a graph. Inputs and outputs connect by name. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** "" is the ONNX standard; "com.microsoft" holds ONNX Runtime's own operators. */
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export type Attribute = { readonly int: number } | { readonly float: number };

/** A graph over f32 tensors whose shapes are only known when it runs. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const irVersion = 8;
const opsetVersion = 17;
const float32 = 1;

/** Encodes a graph as an ONNX file: protobuf, field numbers from https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export function encodeModel(graph: Graph): Uint8Array {
  const opset = (domain: string, version: number) => message(8, text(1, domain), integer(2, version));
  return Buffer.concat([
    integer(1, irVersion),
    message(
      7,
      ...graph.nodes.map((node) => message(1, encodeNode(node))),
      text(2, "graph"),
      ...graph.inputs.map((name) => message(11, valueInfo(name))),
      ...graph.outputs.map((name) => message(12, valueInfo(name))),
    ),
    opset("", opsetVersion),
    opset("com.microsoft", 1),
  ]);
}

/** A NodeProto. */
export function encodeNode({ operator, inputs, outputs, domain = "", attributes = {} }: Node): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => message(5, encodeAttribute(name, value))),
    text(7, domain),
  ]);
}

function encodeAttribute(name: string, value: Attribute): Buffer {
  if ("int" in value) return Buffer.concat([text(1, name), integer(3, value.int), integer(20, 2)]);
  const bits = Buffer.alloc(4);
  bits.writeFloatLE(value.float);
  return Buffer.concat([text(1, name), varint((2 << 3) | 5), bits, integer(20, 1)]);
}

function valueInfo(name: string): Buffer {
  return Buffer.concat([text(1, name), message(2, message(1, integer(1, float32)))]);
}

/** A field that holds a message. */
export function message(field: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}

/** A field that holds a text. */
export function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value));
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
