import { OnnxBuilder } from "aikoryu/nn";
import { randomFloats } from "../harness.mjs";

/**
 * @typedef {import("aikoryu/nn").GraphValue} Value
 * @typedef {Parameters<OnnxBuilder["add"]>[2]} Attributes
 */

/** A graph with random weights of a layer's usual size, which stay known to whoever builds the same network elsewhere. */
export class WeightedGraph {
  onnx = new OnnxBuilder();
  /** @type {Map<Value, { data: Float32Array, shape: number[] }>} */
  #weights = new Map();
  #seed = 100;

  /** @param {readonly number[]} shape @param {number} fan inputs of each output */
  weight(shape, fan) {
    const scale = 1 / Math.sqrt(fan);
    const length = shape.reduce((product, size) => product * size, 1);
    const data = randomFloats(length, this.#seed++).map((value) => value * scale);
    return this.floats(data, shape);
  }

  /** @param {Iterable<number>} values @param {readonly number[]} shape */
  floats(values, shape) {
    const data = Float32Array.from(values);
    const value = this.onnx.constant(`weight ${this.#seed++}`, "f32", [...shape], data);
    this.#weights.set(value, { data, shape: [...shape] });
    return value;
  }

  /** @param {readonly number[]} values */
  integers(values) {
    const data = BigInt64Array.from(values, BigInt);
    return this.onnx.constant(`integers ${this.#seed++}`, "i64", [values.length], data);
  }

  /** @param {string} operator @param {readonly Value[]} inputs @param {Attributes} [attributes] */
  add(operator, inputs, attributes) {
    return this.onnx.add(operator, inputs, attributes);
  }

  /** @param {Value} value */
  dataOf(value) {
    const found = this.#weights.get(value);
    if (found === undefined) throw new RangeError(`${value.name} is no weight`);
    return found;
  }
}
