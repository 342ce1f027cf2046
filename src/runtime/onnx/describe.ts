import { type ElementType, elementType } from "./elements.ts";
import type { Address, OnnxLibrary } from "./library.ts";
import { received } from "./session.ts";
import { readDimensions } from "./tensor-values.ts";

/** An input or output of a session, as ONNX Runtime sees it. */
export interface ValueDescription {
  readonly name: string;
  /** "tensor", or what it is instead. */
  readonly kind: string;
  readonly dtype: ElementType;
  /** A size, the name of an open one, or nothing known. Empty where the rank is open, too. */
  readonly shape: readonly (number | string | undefined)[];
}

const kinds = ["unknown", "tensor", "sequence", "map", "opaque", "sparse", "optional"];

/** The inputs and outputs of a session, in order. */
export function describe(
  library: OnnxLibrary,
  session: Address,
): { inputs: readonly ValueDescription[]; outputs: readonly ValueDescription[] } {
  const allocator = received(library, (out) => library.getAllocator(out));
  const value = (side: "input" | "output", index: number): ValueDescription => {
    const address = received(library, (out) => library[`${side}Name`](session, index, allocator, out));
    const name = readText(library, address);
    library.free(allocator, address);
    const type = received(library, (out) => library[`${side}Type`](session, index, out));
    try {
      return { name, ...describeType(library, type) };
    } finally {
      library.releaseType(type);
    }
  };
  const list = (side: "input" | "output") => {
    const length = received(library, (out) => library[`${side}Count`](session, out));
    return Array.from({ length }, (_, index) => value(side, index));
  };
  return { inputs: list("input"), outputs: list("output") };
}

function describeType(library: OnnxLibrary, type: Address): Omit<ValueDescription, "name"> {
  const kind = kinds[received(library, (out) => library.kindOfType(type, out))] ?? "unknown";
  const tensor = received(library, (out) => library.tensorOfType(type, out));
  if (kind !== "tensor" || tensor === 0) return { kind, dtype: "unsupported", shape: [] };
  const dtype = elementType(received(library, (out) => library.elementTypeOf(tensor, out)));
  const sizes = readDimensions(library, tensor);
  const names = new BigUint64Array(Math.max(1, sizes.length));
  library.symbolicDimensions(tensor, library.addressOf(names), sizes.length);
  const shape = Array.from(sizes, (size, axis) => {
    const name = names[axis] ?? 0n;
    if (size >= 0n) return Number(size);
    return (name === 0n ? "" : readText(library, name)) || undefined;
  });
  return { kind, dtype, shape };
}

/** A C string. */
export function readText(library: OnnxLibrary, address: Address): string {
  const bytes: number[] = [];
  for (let at = Number(address); ; at++) {
    const [byte = 0] = library.at(at, 1);
    if (byte === 0) return new TextDecoder().decode(Uint8Array.from(bytes));
    bytes.push(byte);
  }
}
