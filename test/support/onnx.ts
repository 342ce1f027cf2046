import { type ElementType, elementNumber } from "#src/nn/onnx/index.js";

/** Writes ONNX files for tests: protobuf, field numbers from https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export interface ModelText {
  readonly nodes: readonly Uint8Array[];
  readonly inputs?: readonly Uint8Array[];
  readonly outputs?: readonly Uint8Array[];
  readonly initializers?: readonly Uint8Array[];
  readonly opset?: number;
  readonly irVersion?: number;
  readonly extra?: readonly Uint8Array[];
}

export function model({ opset = 17, irVersion = 8, extra = [], ...parts }: ModelText): Buffer {
  return Buffer.concat([
    integer(1, irVersion),
    message(7, graph(parts)),
    message(8, integer(2, opset)),
    ...extra,
  ]);
}

export function graph({ nodes, inputs = [], outputs = [], initializers = [] }: ModelText): Buffer {
  return Buffer.concat([
    ...nodes.map((node) => message(1, node)),
    text(2, "test"),
    ...initializers.map((tensor) => message(5, tensor)),
    ...inputs.map((value) => message(11, value)),
    ...outputs.map((value) => message(12, value)),
  ]);
}

export function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Uint8Array[] = [],
  { name = "", domain = "" } = {},
): Buffer {
  return Buffer.concat([
    ...inputs.map((input) => message(1, Buffer.from(input))),
    ...outputs.map((output) => message(2, Buffer.from(output))),
    text(3, name),
    text(4, operator),
    ...attributes.map((attribute) => message(5, attribute)),
    text(7, domain),
  ]);
}

type Size = number | string | undefined;

/** An input or output. */
export function value(name: string, dtype: ElementType, shape?: readonly Size[]): Buffer {
  const dimension = (size: Size) =>
    size === undefined ? Buffer.alloc(0) : typeof size === "number" ? integer(1, size) : text(2, size);
  const dimensions =
    shape === undefined ? [] : [message(2, ...shape.map((size) => message(1, dimension(size))))];
  return Buffer.concat([
    text(1, name),
    message(2, message(1, integer(1, elementNumber(dtype)), ...dimensions)),
  ]);
}

/** A tensor with raw data. */
export function tensor(
  name: string,
  dtype: ElementType,
  shape: readonly number[],
  data: ArrayBufferView,
): Buffer {
  const { buffer, byteOffset, byteLength } = data;
  return Buffer.concat([
    ...shape.map((size) => integer(1, size)),
    integer(2, elementNumber(dtype)),
    text(8, name),
    message(9, Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)),
  ]);
}

export function floats(name: string, shape: readonly number[], data: readonly number[]): Buffer {
  return tensor(name, "f32", shape, Float32Array.from(data));
}

export const attribute = {
  int: (name: string, number: number | bigint) =>
    Buffer.concat([text(1, name), integer(3, number), integer(20, 2)]),
  ints: (name: string, numbers: readonly number[]) =>
    Buffer.concat([text(1, name), ...numbers.map((number) => integer(8, number)), integer(20, 7)]),
  float: (name: string, number: number) => Buffer.concat([text(1, name), float(2, number), integer(20, 1)]),
  text: (name: string, content: string) => Buffer.concat([text(1, name), text(4, content), integer(20, 3)]),
  tensor: (name: string, content: Uint8Array) =>
    Buffer.concat([text(1, name), message(5, content), integer(20, 4)]),
  graph: (name: string, content: Uint8Array) =>
    Buffer.concat([text(1, name), message(6, content), integer(20, 5)]),
};

export function message(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}

export function text(field: number, content: string): Buffer {
  return content === "" ? Buffer.alloc(0) : message(field, Buffer.from(content));
}

/** Negative numbers take ten bytes, as protobuf has it. */
export function integer(field: number, number: number | bigint): Buffer {
  return Buffer.concat([varint(field << 3), varint(number)]);
}

export function float(field: number, number: number): Buffer {
  const bits = Buffer.alloc(4);
  bits.writeFloatLE(number);
  return Buffer.concat([varint((field << 3) | 5), bits]);
}

export function varint(number: number | bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(number)); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** `y = relu(x · w + b)` for a batch of any size: two numbers in, three out. */
export function perceptron(): Buffer {
  return model({
    nodes: [node("Gemm", ["x", "w", "b"], ["sum"], [], { name: "dense" }), node("Relu", ["sum"], ["y"])],
    inputs: [value("x", "f32", ["batch", 2])],
    outputs: [value("y", "f32", ["batch", 3])],
    initializers: [floats("w", [2, 3], [1, 2, 3, 4, 5, 6]), floats("b", [3], [-10, 0, 0.5])],
  });
}
