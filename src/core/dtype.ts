/** Element types, named like WGSL's where it has them. f16 and bf16 are held as their bits. */
interface ArrayTypes {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly f16: Uint16Array;
  readonly bf16: Uint16Array;
  readonly i8: Int8Array;
  readonly u8: Uint8Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  /** One byte each, 0 or 1. */
  readonly bool: Uint8Array;
}

export type DType = keyof ArrayTypes;

/** The typed array that holds elements of a type on the host. */
export type ArrayOf<D extends DType> = ArrayTypes[D];

export type HostArray = ArrayTypes[DType];

/** A host array over existing memory, or of `length` zeros. */
export interface ArrayConstructor<D extends DType> {
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
  new (length: number): ArrayOf<D>;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): ArrayOf<D>;
}

export interface DTypeInfo<D extends DType> {
  readonly bytes: number;
  readonly kind: "float" | "signed" | "unsigned" | "bool";
  readonly array: ArrayConstructor<D>;
}

export const dtypes: { readonly [D in DType]: DTypeInfo<D> } = {
  f32: { bytes: 4, kind: "float", array: Float32Array },
  f64: { bytes: 8, kind: "float", array: Float64Array },
  f16: { bytes: 2, kind: "float", array: Uint16Array },
  bf16: { bytes: 2, kind: "float", array: Uint16Array },
  i8: { bytes: 1, kind: "signed", array: Int8Array },
  u8: { bytes: 1, kind: "unsigned", array: Uint8Array },
  i16: { bytes: 2, kind: "signed", array: Int16Array },
  u16: { bytes: 2, kind: "unsigned", array: Uint16Array },
  i32: { bytes: 4, kind: "signed", array: Int32Array },
  u32: { bytes: 4, kind: "unsigned", array: Uint32Array },
  i64: { bytes: 8, kind: "signed", array: BigInt64Array },
  u64: { bytes: 8, kind: "unsigned", array: BigUint64Array },
  bool: { bytes: 1, kind: "bool", array: Uint8Array },
};

export function isDType(name: unknown): name is DType {
  return typeof name === "string" && Object.hasOwn(dtypes, name);
}

/** Bytes of `count` elements. */
export function byteLengthOf(dtype: DType, count: number): number {
  return dtypes[dtype].bytes * count;
}
