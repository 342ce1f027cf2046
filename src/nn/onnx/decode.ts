import { type ArrayConstructor, type DType, dtypes, type HostArray } from "../../core/dtype.ts";
import { elementCount, type Shape } from "../../core/shape.ts";
import { type ElementType, elementBits } from "./elements.ts";
import type { TensorData } from "./model.ts";
import { invalidFile, varints, WireReader } from "./wire.ts";

/** The field of TensorProto that holds elements of a type when they are not raw. */
export function dataField(elementType: number): number {
  if (elementType === 1 || elementType === 14) return 4;
  if (elementType === 7) return 7;
  if (elementType === 8) return 6;
  if (elementType === 11 || elementType === 15) return 10;
  return elementType === 12 || elementType === 13 ? 11 : 5;
}

/** Little-endian bytes as numbers: a view where they are aligned, else a copy. */
export function decodeBytes(bytes: Uint8Array, dtype: ElementType): HostArray {
  const array = arrayOf(dtype);
  const size = array.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, bytes.length / size);
}

interface Stored {
  readonly name: string;
  readonly dtype: ElementType;
  readonly elementType: number;
  readonly shape: Shape;
}

function arrayOf(dtype: ElementType): ArrayConstructor<DType> {
  return dtypes[dtype === "string" || dtype === "unsupported" ? "u8" : dtype].array;
}

/** The elements in the typed fields of a TensorProto, whose number was checked to be possible. */
export function decodeFields(message: Uint8Array, tensor: Stored): TensorData {
  const { elementType, dtype } = tensor;
  if (dtype === "string") return strings(message);
  const field = dataField(elementType);
  const reader = new WireReader(message);
  const isFixed = field === 4 || field === 10;
  const size = field === 4 ? 4 : field === 10 ? 8 : "varint";
  const fill = isFixed ? new BytesFill(tensor) : new IntegerFill(tensor);
  while (reader.next()) if (reader.field === field) fill.add(reader.packed(size));
  return fill.finish();
}

function strings(message: Uint8Array): string[] {
  const reader = new WireReader(message);
  const list: string[] = [];
  while (reader.next()) if (reader.field === dataField(8)) list.push(reader.looseText());
  return list;
}

class BytesFill {
  readonly #tensor: Stored;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(tensor: Stored) {
    this.#tensor = tensor;
    this.#bytes = new Uint8Array((elementCount(tensor.shape) * (elementBits(tensor.elementType) ?? 0)) / 8);
  }

  add(part: Uint8Array): void {
    this.#bytes.set(part, this.#at);
    this.#at += part.length;
  }

  finish(): TensorData {
    return decodeBytes(this.#bytes, this.#tensor.dtype);
  }
}

/** Integers of any width, and the bits of small floats, which the format stores as 32-bit or 64-bit integers. */
class IntegerFill {
  readonly #tensor: Stored;
  readonly #numbers: HostArray;
  #at = 0;

  constructor(tensor: Stored) {
    this.#tensor = tensor;
    const bits = elementBits(tensor.elementType) ?? 8;
    const count = elementCount(tensor.shape);
    this.#numbers = new (arrayOf(tensor.dtype))(bits < 8 ? Math.ceil((count * bits) / 8) : count);
  }

  add(part: Uint8Array): void {
    const numbers = this.#numbers;
    const { dtype } = this.#tensor;
    for (const value of varints(part)) {
      if (this.#at >= numbers.length) throw this.#wrongCount("more");
      if (numbers instanceof BigInt64Array || numbers instanceof BigUint64Array) numbers[this.#at++] = value;
      else numbers[this.#at++] = dtype === "bool" ? Number(value !== 0n) : Number(BigInt.asIntN(32, value));
    }
  }

  finish(): TensorData {
    if (this.#at < this.#numbers.length) throw this.#wrongCount("fewer");
    return this.#numbers;
  }

  #wrongCount(than: string) {
    return invalidFile(`Tensor "${this.#tensor.name}" has ${than} than ${this.#numbers.length} elements`);
  }
}
