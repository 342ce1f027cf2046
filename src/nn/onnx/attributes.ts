import type { AttributeValue, OnnxGraph, OnnxTensor, SparseTensor } from "./model.ts";
import type { Steps } from "./parse.ts";
import { parseTensor, toShape } from "./tensor.ts";
import { parseType } from "./types.ts";
import { invalidFile, type WireReader } from "./wire.ts";

type ParseGraph = (reader: WireReader) => Steps<OnnxGraph>;

/** Long lists of numbers are tensors. */
const mostNumbers = 1 << 22;

/** What the lists of AttributeProto are collected in. */
class Lists {
  readonly floats: number[] = [];
  readonly ints: bigint[] = [];
  readonly strings: string[] = [];
  readonly tensors: OnnxTensor[] = [];
  readonly graphs: OnnxGraph[] = [];
}

/** Kinds by AttributeProto.AttributeType. */
const kinds: readonly (AttributeValue["kind"] | undefined)[] = [
  undefined,
  "float",
  "int",
  "string",
  "tensor",
  "graph",
  "floats",
  "ints",
  "strings",
  "tensors",
  "graphs",
  "sparse",
  undefined,
  "type",
];

/** An AttributeProto, added to `attributes`. */
export function* parseAttributes(
  reader: WireReader,
  attributes: Map<string, AttributeValue>,
  parseGraph: ParseGraph,
): Steps<void> {
  const lists = new Lists();
  const single = new Map<AttributeValue["kind"], AttributeValue>();
  let name = "";
  let type = 0;
  let reference = "";
  const add = (value: AttributeValue) => single.set(value.kind, value);
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) name = reader.text("An attribute's name");
    else if (field === 20) type = reader.integer("An attribute's type");
    else if (field === 21) reference = reader.text("An attribute's reference");
    else if (field === 2) add({ kind: "float", value: reader.float() });
    else if (field === 3) add({ kind: "int", value: reader.bigint() });
    else if (field === 4) add({ kind: "string", value: reader.looseText() });
    else if (field === 5) add({ kind: "tensor", value: parseTensor(reader.bytes(), reader.depth + 1) });
    else if (field === 6) add({ kind: "graph", value: yield* parseGraph(reader.message()) });
    else if (field === 14) add({ kind: "type", value: parseType(reader.message()) });
    else if (field === 22) add({ kind: "sparse", value: parseSparse(reader.message()) });
    else if (field === 7) addFloats(lists.floats, reader.packed(4));
    else if (field === 8) reader.integers(lists.ints, mostNumbers, "A list of integers");
    else if (field === 9) lists.strings.push(reader.looseText());
    else if (field === 10) lists.tensors.push(parseTensor(reader.bytes(), reader.depth + 1));
    else if (field === 11) lists.graphs.push(yield* parseGraph(reader.message()));
  }
  if (name === "") throw invalidFile("An attribute has no name");
  if (attributes.has(name)) throw invalidFile(`A node has two attributes "${name}"`);
  attributes.set(name, attributeValue(name, type, reference, single, lists));
}

function attributeValue(
  name: string,
  type: number,
  reference: string,
  single: ReadonlyMap<AttributeValue["kind"], AttributeValue>,
  lists: Lists,
): AttributeValue {
  if (reference !== "") return { kind: "reference", value: reference };
  const kind = type === 0 ? guess(single, lists) : kinds[type];
  switch (kind) {
    case "floats":
      return { kind, value: Float32Array.from(lists.floats) };
    case "ints":
      return { kind, value: BigInt64Array.from(lists.ints) };
    case "strings":
      return { kind, value: lists.strings };
    case "tensors":
      return { kind, value: lists.tensors };
    case "graphs":
      return { kind, value: lists.graphs };
    case undefined:
      throw invalidFile(`Attribute "${name}" has type ${type}, which is not supported`);
    default:
      return single.get(kind) ?? missing(name, kind);
  }
}

/** Files of IR version 1 leave the type out. */
function guess(
  single: ReadonlyMap<AttributeValue["kind"], AttributeValue>,
  lists: Lists,
): AttributeValue["kind"] | undefined {
  const [only] = single.keys();
  if (only !== undefined) return only;
  if (lists.floats.length > 0) return "floats";
  if (lists.ints.length > 0) return "ints";
  if (lists.strings.length > 0) return "strings";
  return lists.tensors.length > 0 ? "tensors" : undefined;
}

/** Writers leave out what is zero or empty. */
function missing(name: string, kind: AttributeValue["kind"]): AttributeValue {
  if (kind === "float") return { kind, value: 0 };
  if (kind === "int") return { kind, value: 0n };
  if (kind === "string") return { kind, value: "" };
  throw invalidFile(`Attribute "${name}" has no ${kind}`);
}

function addFloats(list: number[], bytes: Uint8Array): void {
  if (bytes.length % 4 !== 0) throw invalidFile(`A list of floats has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 4) list.push(view.getFloat32(at, true));
  if (list.length > mostNumbers) throw invalidFile(`A list of floats has more than ${mostNumbers} entries`);
}

/** A SparseTensorProto. */
function parseSparse(reader: WireReader): SparseTensor {
  const dims: bigint[] = [];
  let values: OnnxTensor | undefined;
  let indices: OnnxTensor | undefined;
  while (reader.next()) {
    if (reader.field === 1) values = parseTensor(reader.bytes(), reader.depth + 1);
    else if (reader.field === 2) indices = parseTensor(reader.bytes(), reader.depth + 1);
    else if (reader.field === 3) reader.integers(dims, 64, "The list of a sparse tensor's dimensions");
  }
  if (values === undefined || indices === undefined)
    throw invalidFile("A sparse tensor has no values or no indices");
  return { values, indices, shape: toShape(dims) };
}
