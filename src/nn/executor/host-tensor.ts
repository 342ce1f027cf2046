import type { OnnxTensor, TensorData } from "../onnx/index.ts";
import type { NnTensor } from "../tensor.ts";
import { bf16FromF32, f16FromF32, f32FromBf16, f32FromF16 } from "./halves.ts";
import { type DType, type HostData, type HostTensor, hostData, isDType } from "./types.ts";

/** A tensor's elements as devices hold them; shares memory where nothing changes. `undefined` for types without numbers. */
export function storedTensor(tensor: OnnxTensor | HostTensor | NnTensor): HostTensor | undefined {
  const { dtype, shape, data } = tensor;
  if (!isDType(dtype)) return undefined;
  const stored = storedData(dtype, data as TensorData);
  return stored === undefined ? undefined : { dtype, shape, data: stored };
}

function storedData(dtype: DType, data: TensorData): HostData | undefined {
  const target = hostData(dtype, 0);
  if (Array.isArray(data)) return undefined;
  if (data.constructor === target.constructor) return data as HostData;
  const source = data as Exclude<TensorData, readonly string[]>;
  if (dtype === "f16" || dtype === "bf16") {
    const widen = dtype === "f16" ? f32FromF16 : f32FromBf16;
    return Float32Array.from(source as Uint16Array, widen);
  }
  if (dtype === "i8" || dtype === "i16") return Int32Array.from(source as Int8Array);
  if (dtype === "u8" || dtype === "u16") return Uint32Array.from(source as Uint8Array);
  if (dtype === "bool") return Uint32Array.from(source as Uint8Array, (value) => Number(value !== 0));
  return undefined;
}

/** The elements as the program that asked gets them. */
export function returnedTensor(dtype: DType, shape: readonly number[], data: HostData): NnTensor {
  return { dtype, shape, data: returnedData(dtype, data) };
}

function returnedData(dtype: DType, data: HostData): Exclude<TensorData, readonly string[]> {
  switch (dtype) {
    case "f16":
      return Uint16Array.from(data as Float32Array, f16FromF32);
    case "bf16":
      return Uint16Array.from(data as Float32Array, bf16FromF32);
    case "i8":
      return Int8Array.from(data as Int32Array);
    case "i16":
      return Int16Array.from(data as Int32Array);
    case "u8":
    case "bool":
      return Uint8Array.from(data as Uint32Array);
    case "u16":
      return Uint16Array.from(data as Uint32Array);
    default:
      return data;
  }
}
