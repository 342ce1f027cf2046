import { bytesOf } from "../../core/bytes.ts";
import type { DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";

/** One operator of a graph. Inputs and outputs connect by name. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** "" is the ONNX standard; "com.microsoft" holds ONNX Runtime's own operators. */
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Initializer };

/** A tensor that the model brings; its data row-major, f16 and bf16 as their bits, bool as bytes. */
export interface Initializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: ArrayBufferView;
}

/** A graph over f32 tensors whose shapes are only known when it runs. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What is known of an input or output. A size that is text may be any, the same wherever the text is. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** A graph with tensors of its own, and any types. */
export interface TypedGraph {
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly Initializer[];
}

const irVersion = 8;
const opsetVersion = 17;

/** `TensorProto.DataType` */
const typeCodes: Readonly<Record<DType, number>> = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i16: 5,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  u32: 12,
  u64: 13,
  bf16: 16,
};

/** Encodes a graph as an ONNX file: protobuf, field numbers from https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
export function encodeModel(graph: Graph | TypedGraph): Uint8Array {
  const opset = (domain: string, version: number) => message(8, text(1, domain), integer(2, version));
  const usesOwn = graph.nodes.some(({ domain }) => domain === "com.microsoft");
  return Buffer.concat([
    integer(1, irVersion),
    text(2, "aikoryu"),
    message(
      7,
      ...graph.nodes.map((node) => message(1, encodeNode(node))),
      text(2, "graph"),
      ...("initializers" in graph ? graph.initializers : []).map((tensor) =>
        message(5, encodeTensor(tensor)),
      ),
      ...graph.inputs.map((value) => message(11, valueInfo(value))),
      ...graph.outputs.map((value) => message(12, valueInfo(value))),
    ),
    opset("", opsetVersion),
    ...(usesOwn ? [opset("com.microsoft", 1)] : []),
  ]);
}

/** A NodeProto. */
export function encodeNode({ operator, inputs, outputs, domain = "", attributes = {} }: Node): Buffer {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), encodeAttribute(value))),
    text(7, domain),
  ]);
}

function encodeAttribute(value: Attribute): Buffer {
  const of = (type: number, ...parts: Buffer[]) => Buffer.concat([...parts, integer(20, type)]);
  if ("float" in value) return of(1, float(2, value.float));
  if ("int" in value) return of(2, integer(3, value.int));
  if ("string" in value) return of(3, text(4, value.string));
  if ("tensor" in value) return of(4, message(5, encodeTensor(value.tensor)));
  if ("floats" in value) return of(6, ...value.floats.map((item) => float(7, item)));
  return of(7, ...value.ints.map((item) => integer(8, item)));
}

function encodeTensor({ name, dtype, shape, data }: Initializer): Buffer {
  return Buffer.concat([
    ...shape.map((size) => integer(1, size)),
    integer(2, typeCodes[dtype]),
    text(8, name),
    message(9, Buffer.from(bytesOf(data))),
  ]);
}

function valueInfo(value: string | ValueInfo): Buffer {
  if (typeof value === "string") {
    return Buffer.concat([text(1, value), message(2, message(1, integer(1, typeCodes.f32)))]);
  }
  const sizes = value.shape.map((size) =>
    message(1, typeof size === "string" ? text(2, size) : integer(1, size)),
  );
  const type = message(1, integer(1, typeCodes[value.dtype]), message(2, ...sizes));
  return Buffer.concat([text(1, value.name), message(2, type)]);
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

function float(field: number, value: number): Buffer {
  const bits = Buffer.alloc(4);
  bits.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), bits]);
}

/** Negative numbers are their 64-bit complement. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}
