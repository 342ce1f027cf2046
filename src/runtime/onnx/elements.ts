import type { DType, HostArray } from "../../core/dtype.ts";

/** "unsupported" are the types that neither JavaScript nor our devices have, such as 4-bit and complex. */
export type ElementType = DType | "string" | "unsupported";

/** f16 and bf16 as their bits, bool as bytes of 0 and 1, unsupported types as they are stored. */
export type TensorData = HostArray | readonly string[];

interface ElementInfo {
  readonly dtype: ElementType;
  /** As onnx.proto calls it. */
  readonly name: string;
  /** Stored size; 0 for strings. */
  readonly bits: number;
}

/** TensorProto.DataType by number: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
const elements: readonly (ElementInfo | undefined)[] = [
  undefined,
  { dtype: "f32", name: "FLOAT", bits: 32 },
  { dtype: "u8", name: "UINT8", bits: 8 },
  { dtype: "i8", name: "INT8", bits: 8 },
  { dtype: "u16", name: "UINT16", bits: 16 },
  { dtype: "i16", name: "INT16", bits: 16 },
  { dtype: "i32", name: "INT32", bits: 32 },
  { dtype: "i64", name: "INT64", bits: 64 },
  { dtype: "string", name: "STRING", bits: 0 },
  { dtype: "bool", name: "BOOL", bits: 8 },
  { dtype: "f16", name: "FLOAT16", bits: 16 },
  { dtype: "f64", name: "DOUBLE", bits: 64 },
  { dtype: "u32", name: "UINT32", bits: 32 },
  { dtype: "u64", name: "UINT64", bits: 64 },
  { dtype: "unsupported", name: "COMPLEX64", bits: 64 },
  { dtype: "unsupported", name: "COMPLEX128", bits: 128 },
  { dtype: "bf16", name: "BFLOAT16", bits: 16 },
  { dtype: "unsupported", name: "FLOAT8E4M3FN", bits: 8 },
  { dtype: "unsupported", name: "FLOAT8E4M3FNUZ", bits: 8 },
  { dtype: "unsupported", name: "FLOAT8E5M2", bits: 8 },
  { dtype: "unsupported", name: "FLOAT8E5M2FNUZ", bits: 8 },
  { dtype: "unsupported", name: "UINT4", bits: 4 },
  { dtype: "unsupported", name: "INT4", bits: 4 },
  { dtype: "unsupported", name: "FLOAT4E2M1", bits: 4 },
  { dtype: "unsupported", name: "FLOAT8E8M0", bits: 8 },
  { dtype: "unsupported", name: "UINT2", bits: 2 },
  { dtype: "unsupported", name: "INT2", bits: 2 },
  { dtype: "unsupported", name: "FLOAT6E2M3", bits: 6 },
  { dtype: "unsupported", name: "FLOAT6E3M2", bits: 6 },
];

/** "unsupported" also for numbers that the format does not have yet. */
export function elementType(number: number): ElementType {
  return elements[number]?.dtype ?? "unsupported";
}

/** "f32", or what ONNX calls a type that has no name of ours. */
export function elementTypeName(number: number): string {
  const info = elements[number];
  if (info === undefined) return `element type ${number}`;
  return info.dtype === "unsupported" ? info.name : info.dtype;
}

/** ONNX's number of a type, for files and for ONNX Runtime. */
export function elementNumber(dtype: ElementType): number {
  return elements.findIndex((info) => info?.dtype === dtype);
}

/** Stored size of one element; `undefined` for numbers that are not known. */
export function elementBits(number: number): number | undefined {
  return elements[number]?.bits;
}
