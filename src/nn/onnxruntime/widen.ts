import { encodeNode, message, text } from "../../runtime/onnx/model.ts";
import { elementNumber, type OnnxModel, type OnnxNode } from "../onnx/index.ts";
import { WireReader } from "../onnx/wire.ts";

/** Which inputs of a node are computed in which wider type. */
interface Widening {
  readonly type: "f32" | "f64";
  readonly inputs: readonly number[];
}

/**
 * The model's file, with Fourier transforms computed in f64 and f16 attention in f32 between casts: ONNX Runtime 1.30 loses
 * digits there that the specification's own test cases have. The same bytes where there is nothing to widen.
 */
export function widenModel(bytes: Uint8Array, model: OnnxModel): Uint8Array {
  const widenings = new Map<number, Widening>();
  for (const [at, node] of model.graph.nodes.entries()) {
    const widening = wideningOf(node, model);
    if (widening !== undefined) widenings.set(at, widening);
  }
  if (widenings.size === 0) return bytes;
  const parts: Uint8Array[] = [];
  const reader = new WireReader(bytes);
  while (reader.next()) {
    parts.push(
      reader.field === 7 ? message(7, ...widenGraph(reader.message(), model, widenings)) : reader.whole(),
    );
  }
  return Buffer.concat(parts);
}

function wideningOf(node: OnnxNode, model: OnnxModel): Widening | undefined {
  if (node.domain !== "") return undefined;
  if (node.operator === "DFT") return { type: "f64", inputs: [0] };
  if (node.operator === "STFT") return { type: "f64", inputs: [0, 2] };
  if (node.operator !== "Attention") return undefined;
  const halves = node.inputs.flatMap((name, at) => (isHalf(model, name) ? [at] : []));
  return halves.includes(0) ? { type: "f32", inputs: halves } : undefined;
}

function isHalf({ graph }: OnnxModel, name: string): boolean {
  const info = graph.valueInfo.get(name) ?? graph.inputs.find((input) => input.name === name);
  return info?.type.kind === "tensor" && info.type.dtype === "f16";
}

function widenGraph(
  reader: WireReader,
  { graph }: OnnxModel,
  widenings: ReadonlyMap<number, Widening>,
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (reader.next()) {
    const node = reader.field === 1 ? graph.nodes[at] : undefined;
    const widening = node === undefined ? undefined : widenings.get(at);
    if (reader.field === 1) at++;
    if (node === undefined || widening === undefined) parts.push(reader.whole());
    else parts.push(...widenNode(reader.message(), node, widening, at).map((part) => message(1, part)));
  }
  return parts;
}

/** Casts, the node on wide values, and casts back to the type of its first input. */
function widenNode(reader: WireReader, node: OnnxNode, { type, inputs }: Widening, id: number): Uint8Array[] {
  const [first = ""] = node.inputs;
  const wide = (name: string) => `${name} as ${type} ${id}`;
  const present = inputs.map((at) => node.inputs[at] ?? "").filter((name) => name !== "");
  const casts = [...new Set(present)].map((name) =>
    encodeNode({
      operator: "Cast",
      inputs: [name],
      outputs: [wide(name)],
      attributes: { to: { int: elementNumber(type) } },
    }),
  );
  const names = [
    ...node.inputs.map((name, at) =>
      message(1, Buffer.from(inputs.includes(at) && name !== "" ? wide(name) : name)),
    ),
    ...node.outputs.map((name) => (name === "" ? message(2) : text(2, wide(name)))),
  ];
  const rest: Uint8Array[] = [];
  while (reader.next()) if (reader.field > 2) rest.push(reader.whole());
  const back = node.outputs.filter((name) => name !== "");
  return [
    ...casts,
    Buffer.concat([...names, ...rest]),
    ...back.map((name) => encodeNode({ operator: "CastLike", inputs: [wide(name), first], outputs: [name] })),
  ];
}
