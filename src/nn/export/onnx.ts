import { type DType, dtypes } from "../../core/dtype.ts";
import { elementCount, formatShape, isShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import { type Attribute, encodeModel, type Initializer, type Node } from "../../runtime/onnx/model.ts";

/** A tensor of a graph that is being built. */
export interface GraphValue {
  readonly name: string;
}

/** A size that is text may be any, the same wherever the text is. */
export type GraphShape = readonly (number | string)[];

interface Typed {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: GraphShape;
}

/**
 * Builds an ONNX model, operator set 17, node by node. Values come from the graph's own methods, so that a graph is always
 * in order and without cycles; each method throws INVALID_ARGUMENT naming what it was given.
 */
export class OnnxBuilder {
  readonly #nodes: Node[] = [];
  readonly #inputs: Typed[] = [];
  readonly #outputs: Typed[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #names = new Set<string>();
  #count = 0;

  /** What the caller passes when it runs the model. */
  input(name: string, dtype: DType, shape: GraphShape): GraphValue {
    this.#inputs.push({ name: this.#named(name), dtype, shape });
    return { name };
  }

  /** A tensor that the model brings: weights. f16 and bf16 as their bits, bool as bytes. */
  constant(name: string, dtype: DType, shape: Shape, data: ArrayBufferView): GraphValue {
    const bytes = isShape(shape) ? elementCount(shape) * dtypes[dtype].bytes : Number.NaN;
    if (data.byteLength !== bytes) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The constant ${name} of ${formatShape(shape)} ${dtype} numbers needs ${bytes} bytes, not ${data.byteLength}`,
      });
    }
    this.#initializers.push({ name: this.#named(name), dtype, shape, data });
    return { name };
  }

  /** One operator of the ONNX standard and its first output. */
  add(
    operator: string,
    inputs: readonly GraphValue[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): GraphValue {
    const [value] = this.addAll(operator, inputs, attributes, 1);
    return value as GraphValue;
  }

  /** One operator of the ONNX standard and its first `count` outputs, for those that need more than one. */
  addAll(
    operator: string,
    inputs: readonly GraphValue[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): readonly GraphValue[] {
    for (const { name } of inputs) this.#assertKnown(name, operator);
    const outputs = Array.from({ length: count }, () => this.#named(`${operator}_${++this.#count}`));
    this.#nodes.push({ operator, inputs: inputs.map((value) => value.name), outputs, attributes });
    return outputs.map((name) => ({ name }));
  }

  /** Names what the model computes. */
  output(name: string, value: GraphValue, dtype: DType, shape: GraphShape): void {
    this.#assertKnown(value.name, "output");
    this.#outputs.push({ name: this.#named(name), dtype, shape });
    this.#nodes.push({ operator: "Identity", inputs: [value.name], outputs: [name] });
  }

  /** The bytes of the .onnx file. Throws INVALID_ARGUMENT for a graph without an output. */
  encode(): Uint8Array {
    if (this.#outputs.length === 0) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: "The graph has no output",
        hint: "Name one: graph.output(name, value, dtype, shape).",
      });
    }
    return encodeModel({
      nodes: this.#nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
    });
  }

  #named(name: string): string {
    if (name === "" || this.#names.has(name)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The graph ${name === "" ? "has a value without a name" : `already has a value ${name}`}`,
      });
    }
    this.#names.add(name);
    return name;
  }

  #assertKnown(name: string, where: string): void {
    if (this.#names.has(name)) return;
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${where} takes ${name}, which is no value of this graph`,
    });
  }
}
