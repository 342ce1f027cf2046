import { type DType, dtypes, type HostArray } from "../../core/dtype.ts";
import { elementCount, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";
import {
  type ElementType,
  elementNumber,
  elementType,
  elementTypeName,
  type TensorData,
} from "./elements.ts";
import type { Address, OnnxLibrary } from "./library.ts";
import type { Loaded } from "./loaded.ts";
import type { Copy } from "./runner.ts";
import { received } from "./session.ts";
import { checkModel } from "./status.ts";

/** A dense tensor in host memory, row-major. */
export interface EngineTensor {
  readonly dtype: Exclude<ElementType, "unsupported">;
  readonly shape: Shape;
  readonly data: TensorData;
}

const wordBytes = 8;
/** The kinds of values, ONNXType, from 1 on. */
const kinds = ["tensor", "sequence", "map", "opaque", "sparse tensor", "optional"];

/**
 * The values of one run: inputs over the caller's own arrays, outputs over arrays that are given for them, or as ONNX Runtime
 * allocates them. Hold it, and with it the arrays, until it is released.
 */
export class TensorValues {
  readonly #loaded: Loaded;
  readonly #held: ArrayBufferView[] = [];
  /** Addresses of the values, then the sizes of those made here. */
  readonly #words: BigInt64Array;
  readonly #inputCount: number;
  readonly #outputCount: number;
  readonly address: number;
  #sizesAt: number;

  constructor(
    loaded: Loaded,
    inputs: ReadonlyMap<string, EngineTensor>,
    outputs: readonly (EngineTensor | undefined)[],
  ) {
    this.#loaded = loaded;
    this.#inputCount = inputs.size;
    this.#outputCount = outputs.length;
    this.#sizesAt = inputs.size + outputs.length;
    let words = this.#sizesAt + 1;
    for (const { shape } of inputs.values()) words += shape.length;
    for (const output of outputs) words += output?.shape.length ?? 0;
    this.#words = new BigInt64Array(words);
    this.address = loaded.library.addressOf(this.#words);
    try {
      let at = 0;
      for (const [name, tensor] of inputs) this.#make(name, tensor, at++);
      for (const tensor of outputs) {
        if (tensor !== undefined) this.#make("output", tensor, at);
        at++;
      }
    } catch (error) {
      this.release();
      throw error;
    }
  }

  get outputAddress(): number {
    return this.address + this.#inputCount * wordBytes;
  }

  /** What the run left behind, as arrays of our own that `copies` still has to fill. */
  outputs(names: readonly string[], copies: Copy[]): EngineTensor[] {
    return names.map((name, index) => this.#read(name, this.#words[this.#inputCount + index] ?? 0n, copies));
  }

  release(): void {
    const count = this.#inputCount + this.#outputCount;
    for (let index = 0; index < count; index++) {
      const value = this.#words[index] ?? 0n;
      if (value !== 0n) this.#loaded.library.releaseValue(value);
      this.#words[index] = 0n;
    }
    this.#held.length = 0;
  }

  #make(name: string, { data, shape, dtype }: EngineTensor, index: number): void {
    const { library, memory } = this.#loaded;
    const out = this.address + index * wordBytes;
    const sizes = this.address + this.#sizesAt * wordBytes;
    for (const size of shape) this.#words[this.#sizesAt++] = BigInt(size);
    const number = elementNumber(dtype);
    if (!isStrings(data)) {
      const bytes = data.byteLength === 0 ? new Uint8Array(wordBytes) : data;
      this.#held.push(bytes);
      checkModel(
        library,
        library.createTensorWithData(memory, bytes, data.byteLength, sizes, shape.length, number, out),
      );
      return;
    }
    const allocator = received(library, (slot) => library.getAllocator(slot));
    checkModel(library, library.createTensor(allocator, sizes, shape.length, number, out));
    if (data.length === 0) return;
    const texts = data.map((text) => terminated(name, text));
    const list = BigUint64Array.from(texts, (text) => BigInt(library.addressOf(text)));
    const value = this.#words[index] ?? 0n;
    checkModel(library, library.fillStrings(value, library.addressOf(list), texts.length));
    this.#held.push(list, ...texts);
  }

  #read(name: string, value: bigint, copies: Copy[]): EngineTensor {
    const { library } = this.#loaded;
    const kind = kinds[Number(received(library, (out) => library.kindOfValue(value, out)) & 0xff) - 1];
    if (kind !== "tensor")
      throw unsupported(`Output "${name}" is a ${kind ?? "value of no kind"}, not a tensor`);
    const { number, shape } = tensorType(library, value);
    const dtype = elementType(number);
    if (dtype === "unsupported") throw unsupported(`Output "${name}" has type ${elementTypeName(number)}`);
    const count = elementCount(shape);
    if (dtype === "string") return { dtype, shape, data: readStrings(library, value, count) };
    const data = allocate(dtype, count);
    const from = received(library, (out) => library.tensorData(value, out));
    if (count > 0) copies.push([library.addressOf(data), from, data.byteLength]);
    return { dtype, shape, data };
  }
}

/** Memory that is overwritten in full. */
export function allocate(dtype: DType, count: number): HostArray {
  const { array } = dtypes[dtype];
  const memory = Buffer.allocUnsafeSlow(count * array.BYTES_PER_ELEMENT);
  return new array(memory.buffer, memory.byteOffset, count);
}

function isStrings(data: TensorData): data is readonly string[] {
  return Array.isArray(data);
}

function unsupported(message: string): AikoError {
  return new AikoError("UNSUPPORTED", {
    message,
    hint: "Ask for other outputs by name: { outputs: [...] }.",
  });
}

function tensorType(library: OnnxLibrary, value: Address): { number: number; shape: Shape } {
  const type = received(library, (out) => library.tensorTypeOf(value, out));
  try {
    const number = received(library, (out) => library.elementTypeOf(type, out));
    return { number, shape: Array.from(readDimensions(library, type), Number) };
  } finally {
    library.releaseTensorType(type);
  }
}

/** -1 where a size is open. */
export function readDimensions(library: OnnxLibrary, type: Address): BigInt64Array {
  const rank = received(library, (out) => library.dimensionCount(type, out));
  const sizes = new BigInt64Array(Math.max(1, rank));
  checkModel(library, library.dimensions(type, library.addressOf(sizes), rank));
  return sizes.subarray(0, rank);
}

function terminated(name: string, text: string): Uint8Array {
  if (!text.includes("\0")) return new TextEncoder().encode(`${text}\0`);
  throw new AikoError("INVALID_ARGUMENT", {
    message: `Input "${name}" holds a text with a NUL character, which ends texts for ONNX Runtime`,
  });
}

function readStrings(library: OnnxLibrary, value: Address, count: number): string[] {
  if (count === 0) return [];
  const total = received(library, (out) => library.stringsLength(value, out));
  const text = new Uint8Array(total + 1);
  const offsets = new BigUint64Array(count);
  checkModel(
    library,
    library.stringsContent(value, library.addressOf(text), total, library.addressOf(offsets), count),
  );
  const decoder = new TextDecoder();
  return Array.from(offsets, (offset, index) =>
    decoder.decode(text.subarray(Number(offset), Number(offsets[index + 1] ?? total))),
  );
}
