import type { Tensor } from "@tensorflow/tfjs-core";
import type { BufferView, Device, DeviceBuffer } from "../../device/device.ts";

/** Types that TensorFlow.js and matrices have in common, by the names they have here. */
export type TensorType = "f32" | "i32" | "bool";

export type TensorValues = Float32Array | Int32Array | Uint8Array;

/** Device memory that somebody holds until `release` is called. */
export interface HeldMemory<B extends DeviceBuffer | BufferView> {
  readonly buffer: B;
  release(): void;
}

/**
 * How tensors become matrices and back: what the matrix family does, handed in by who binds both families to a runtime.
 */
export interface MatrixExchange<M> {
  /** Throws INVALID_ARGUMENT for what is no matrix, and UNSUPPORTED for a type that TensorFlow.js does not have. */
  describe(matrix: M): { readonly shape: readonly number[]; readonly type: TensorType };
  /** The numbers on the host, row-major. */
  read(matrix: M): Promise<TensorValues>;
  /** Its memory on the device, which stays until it is released; undefined where it is elsewhere. */
  hold(matrix: M, device: Device): HeldMemory<BufferView> | undefined;
  fromHost(values: TensorValues, shape: readonly number[], type: TensorType): M;
  /** Takes the memory over: the matrix releases it. */
  fromDevice(memory: HeldMemory<DeviceBuffer>, shape: readonly number[], type: TensorType): Promise<M>;
}

export const tensorTypes = { float32: "f32", int32: "i32", bool: "bool" } as const;

export function typeOf({ dtype }: Tensor): TensorType | undefined {
  return Object.hasOwn(tensorTypes, dtype) ? tensorTypes[dtype as keyof typeof tensorTypes] : undefined;
}
