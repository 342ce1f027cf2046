import type { Shape } from "../../core/shape.ts";
import type { ElementType, TensorData } from "../../runtime/onnx/elements.ts";

export type { TensorData };

/** A model as its file says it, checked: see `readModel`. */
export interface OnnxModel {
  readonly irVersion: number;
  /** Versions by operator domain; "" is the ONNX standard. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly graph: OnnxGraph;
  /** By `functionKey`. */
  readonly functions: ReadonlyMap<string, OnnxFunction>;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface OnnxGraph {
  readonly name: string;
  /** Each after those whose outputs it takes. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Before IR version 4 initializers were listed here, too; an input that has one may be left out of a run. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** What the file says of values in between, by name. Nothing has checked it. */
  readonly valueInfo: ReadonlyMap<string, ValueInfo>;
}

export interface OnnxNode {
  /** May be empty. */
  readonly name: string;
  readonly operator: string;
  /** "" is the ONNX standard ("ai.onnx" is read as ""). */
  readonly domain: string;
  readonly overload: string;
  /** An empty name is an optional input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

/** An operator made of others. Its nodes may take attributes by reference from the node that calls it. */
export interface OnnxFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly defaults: ReadonlyMap<string, AttributeValue>;
  readonly nodes: readonly OnnxNode[];
  readonly opsets: ReadonlyMap<string, number>;
}

/** What an attribute of each kind holds. */
export interface AttributeKinds {
  readonly float: number;
  readonly int: bigint;
  readonly string: string;
  readonly tensor: OnnxTensor;
  readonly graph: OnnxGraph;
  readonly type: ValueType;
  readonly floats: Float32Array;
  readonly ints: BigInt64Array;
  readonly strings: readonly string[];
  readonly tensors: readonly OnnxTensor[];
  readonly graphs: readonly OnnxGraph[];
  readonly sparse: SparseTensor;
  /** Inside a function: the name of the calling node's attribute that is meant. */
  readonly reference: string;
}

export type AttributeKind = keyof AttributeKinds;

export type AttributeValue = {
  [K in AttributeKind]: { readonly kind: K; readonly value: AttributeKinds[K] };
}[AttributeKind];

export interface OnnxTensor {
  readonly name: string;
  readonly dtype: ElementType;
  /** ONNX's number of the type, also of those that are "unsupported". */
  readonly elementType: number;
  readonly shape: Shape;
  /**
   * Row-major. Decoded when first asked for, into the file's own memory where it is aligned. Throws INVALID_FILE where the
   * file's numbers do not fit the type, and where external data was not read.
   */
  readonly data: TensorData;
  /** The same as little-endian bytes, without a copy, where the file has it so. Aligned to nothing. */
  readonly bytes: Uint8Array | undefined;
  /** Present where the data lies in another file. */
  readonly external: ExternalData | undefined;
}

export interface ExternalData {
  /** Relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  /** To the end of the file where absent. */
  readonly length: number | undefined;
}

export interface SparseTensor {
  readonly values: OnnxTensor;
  readonly indices: OnnxTensor;
  readonly shape: Shape;
}

/** A size, the name of one that is only known when the model runs, or nothing known at all. */
export type Dimension = number | string | undefined;

export type ValueType =
  | {
      readonly kind: "tensor";
      readonly dtype: ElementType;
      readonly elementType: number;
      /** Absent where even the number of dimensions is open. */
      readonly shape: readonly Dimension[] | undefined;
    }
  | { readonly kind: "sequence" | "optional"; readonly of: ValueType }
  | { readonly kind: "map" | "sparse" | "opaque" | "unknown" };

export interface ValueInfo {
  readonly name: string;
  readonly type: ValueType;
}

/** Where `functions` keeps the function that a node calls. */
export function functionKey(domain: string, name: string, overload = ""): string {
  return `${domain}\n${name}\n${overload}`;
}

/** How errors and reports name a node. */
export function describeNode({ name, operator, domain, outputs }: OnnxNode): string {
  const kind = domain === "" ? operator : `${domain}.${operator}`;
  if (name !== "") return `${kind} node "${name}"`;
  return `${kind} node that makes "${outputs.find((output) => output !== "") ?? ""}"`;
}
