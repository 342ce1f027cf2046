import type { DType, HostArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { invalidFile, type NpyHeader } from "./npy-header.ts";

type Read = (view: DataView, offset: number, littleEndian: boolean) => number;

const read: Readonly<Record<string, Read>> = {
  f2: (view, offset, little) => fromHalf(view.getUint16(offset, little)),
  f4: (view, offset, little) => view.getFloat32(offset, little),
  f8: (view, offset, little) => view.getFloat64(offset, little),
  b1: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1),
  i1: (view, offset) => view.getInt8(offset),
  u1: (view, offset) => view.getUint8(offset),
  i2: (view, offset, little) => view.getInt16(offset, little),
  u2: (view, offset, little) => view.getUint16(offset, little),
  i4: (view, offset, little) => view.getInt32(offset, little),
  u4: (view, offset, little) => view.getUint32(offset, little),
  i8: (view, offset, little) => fromBigInt(view.getBigInt64(offset, little)),
  u8: (view, offset, little) => fromBigInt(view.getBigUint64(offset, little)),
};

type ReadBits = (view: DataView, offset: number, littleEndian: boolean) => number | bigint;

/** How elements are read that keep their type. */
const readStored: Readonly<Record<string, ReadBits>> = {
  ...read,
  f2: (view, offset, little) => view.getUint16(offset, little),
  i8: (view, offset, little) => view.getBigInt64(offset, little),
  u8: (view, offset, little) => view.getBigUint64(offset, little),
};

/**
 * Converts pieces of a file to f32, or to the type that they have, in row-major order. Floats are rounded; an integer that
 * f32 cannot hold exactly, or a number beyond its range, throws INVALID_FILE naming it.
 */
export class NpyDecoder {
  readonly #header: NpyHeader;
  readonly #out: (number | bigint)[];
  readonly #isStored: boolean;
  readonly #path: string;
  readonly #places: Iterator<number, number>;
  #count = 0;

  constructor(header: NpyHeader, out: HostArray, dtype: DType, path: string) {
    this.#header = header;
    this.#out = out as unknown as (number | bigint)[];
    this.#isStored = header.type.dtype === dtype;
    this.#path = path;
    this.#places = header.fortranOrder ? fortranPlaces(header.shape) : rowMajorPlaces();
  }

  /** `piece` holds whole numbers that follow those of the piece before. */
  push(piece: Uint8Array): void {
    const { name, bytes, littleEndian } = this.#header.type;
    const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
    const convert = read[name];
    const keep = readStored[name];
    if (convert === undefined || keep === undefined)
      throw invalidFile(this.#path, `type ${name} has no reader`);
    const isFloat = name.startsWith("f");
    for (let offset = 0; offset < piece.byteLength; offset += bytes) {
      const place = this.#places.next().value;
      if (this.#isStored) {
        this.#out[place] = keep(view, offset, littleEndian);
      } else {
        const value = convert(view, offset, littleEndian);
        const rounded = Math.fround(value);
        if (isFloat ? Number.isFinite(value) && !Number.isFinite(rounded) : rounded !== value)
          this.#refuse(view, offset);
        this.#out[place] = rounded;
      }
      this.#count++;
    }
  }

  #refuse(view: DataView, offset: number): never {
    const { name, littleEndian } = this.#header.type;
    const value =
      name === "i8"
        ? view.getBigInt64(offset, littleEndian)
        : name === "u8"
          ? view.getBigUint64(offset, littleEndian)
          : read[name]?.(view, offset, littleEndian);
    const what = name.startsWith("f") ? "is beyond the range of f32" : "has no exact f32";
    throw invalidFile(
      this.#path,
      `entry ${this.#count}, ${value}, ${what}`,
      "Scale it, round it on purpose: numpy.save(path, array.astype('float32')); or read it as it is: { dtype: \"stored\" }.",
    );
  }
}

/** NaN for a number that a double cannot hold exactly, and so f32 neither. */
function fromBigInt(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) || BigInt(number) === value ? number : Number.NaN;
}

export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function rowMajorPlaces(): Iterator<number, number> {
  let place = 0;
  return { next: () => ({ value: place++ }) };
}

/** Row-major places of numbers stored with the first index varying fastest. */
function fortranPlaces(shape: Shape): Iterator<number, number> {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const index = shape.map(() => 0);
  let place = 0;
  const advance = () => {
    for (let axis = 0; axis < shape.length; axis++) {
      const stride = strides[axis] ?? 0;
      const now = (index[axis] ?? 0) + 1;
      place += stride;
      if (now < (shape[axis] ?? 0)) {
        index[axis] = now;
        return;
      }
      index[axis] = 0;
      place -= stride * now;
    }
  };
  return {
    next: () => {
      const value = place;
      advance();
      return { value };
    },
  };
}
