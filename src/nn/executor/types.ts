import { type DType, isDType } from "../../core/dtype.ts";
import { AikoError } from "../../errors.ts";

export { type DType, isDType };

/** How elements lie in device memory: narrow integers and bool are words, halves are f32. */
export type StorageType = "f32" | "f64" | "i32" | "u32" | "i64" | "u64";

export type HostData =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor in host memory, its elements as they lie in device memory. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

const storages: Readonly<Record<DType, StorageType>> = {
  f32: "f32",
  f16: "f32",
  bf16: "f32",
  f64: "f64",
  i8: "i32",
  i16: "i32",
  i32: "i32",
  u8: "u32",
  u16: "u32",
  u32: "u32",
  bool: "u32",
  i64: "i64",
  u64: "u64",
};

export function storageOf(dtype: DType): StorageType {
  return storages[dtype];
}

export function storageBytes(dtype: DType): number {
  return isWide(dtype) ? 8 : 4;
}

export function isWide(dtype: DType): boolean {
  return dtype === "f64" || dtype === "i64" || dtype === "u64";
}

export function isFloat(dtype: DType): boolean {
  return dtype === "f32" || dtype === "f64" || dtype === "f16" || dtype === "bf16";
}

export function isInteger(dtype: DType): boolean {
  return !isFloat(dtype) && dtype !== "bool";
}

export function isSigned(dtype: DType): boolean {
  return isFloat(dtype) || dtype.startsWith("i");
}

export function hostData(dtype: DType, length: number): HostData {
  switch (storages[dtype]) {
    case "f32":
      return new Float32Array(length);
    case "f64":
      return new Float64Array(length);
    case "i32":
      return new Int32Array(length);
    case "u32":
      return new Uint32Array(length);
    case "i64":
      return new BigInt64Array(length);
    case "u64":
      return new BigUint64Array(length);
  }
}

/** Host data out of JavaScript's numbers; 64-bit integers may come as bigints. */
export function hostOf(
  dtype: DType,
  shape: readonly number[],
  values: readonly (number | bigint)[],
): HostTensor {
  const data = hostData(dtype, values.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    values.forEach((value, at) => {
      data[at] = BigInt(value);
    });
  } else {
    values.forEach((value, at) => {
      data[at] = Number(value);
    });
  }
  return { dtype, shape, data };
}

/** The elements as numbers: of 64-bit integers those that a number holds exactly, the rest as close as it can. */
export function numbersOf({ data }: HostTensor): number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

export function elementAt<T>(list: ArrayLike<T>, index: number): T {
  const value = list[index];
  if (value !== undefined) return value;
  throw new AikoError("INTERNAL", { message: `Element ${index} of ${list.length} was asked for` });
}
