import type { DataType, Tensor } from "@tensorflow/tfjs-core";
import type { ArrayOf, DType } from "../../core/dtype.ts";
import type { Shape } from "../../core/shape.ts";
import type { BufferView, Device, DeviceBuffer } from "../../device/device.ts";
import { AikoError } from "../../errors.ts";

/** Device memory that somebody holds until `release` is called. */
export interface HeldMemory<B extends DeviceBuffer | BufferView> {
  readonly buffer: B;
  release(): void;
}

/** What the matrix family does for tensors; who binds both families to a runtime hands it in. */
export interface MatrixExchange<M> {
  describe(matrix: M): { readonly shape: Shape; readonly dtype: DType };
  read(matrix: M): Promise<ArrayOf<DType>>;
  hold(matrix: M, device: Device): Promise<HeldMemory<BufferView> | undefined>;
  fromHost<D extends DType>(values: ArrayOf<D>, shape: Shape, dtype: D): M;
  fromDevice(memory: HeldMemory<DeviceBuffer>, shape: Shape, dtype: DType): Promise<M>;
}

/** The types that TensorFlow.js and matrices have in common. */
const tensorTypes = { float32: "f32", int32: "i32", bool: "bool" } as const;

type CommonType = keyof typeof tensorTypes;

/** Throws UNSUPPORTED for complex numbers and strings. */
export function matrixType({ dtype }: Tensor): (typeof tensorTypes)[CommonType] {
  if (Object.hasOwn(tensorTypes, dtype)) return tensorTypes[dtype as CommonType];
  throw new AikoError("UNSUPPORTED", {
    message: `A tensor of ${dtype} cannot become a matrix`,
    hint: "Cast it to float32, int32 or bool; tf.real and tf.imag take complex numbers apart.",
  });
}

/** Throws UNSUPPORTED for the types that TensorFlow.js lacks. */
export function tensorType(dtype: DType): CommonType {
  const found = (Object.keys(tensorTypes) as CommonType[]).find((name) => tensorTypes[name] === dtype);
  if (found !== undefined) return found;
  throw new AikoError("UNSUPPORTED", {
    message: `TensorFlow.js has no element type for a matrix of ${dtype}`,
    hint: "Cast the matrix to f32, i32 or bool first.",
  });
}

/** Throws BUFFER_DISPOSED. */
export function assertAlive({ isDisposed, shape }: Tensor): void {
  if (!isDisposed) return;
  throw new AikoError("BUFFER_DISPOSED", {
    message: `The tensor of shape [${shape}] is disposed`,
    hint: "Dispose it after its last use; tf.keep keeps one that tf.tidy would dispose.",
  });
}

/** Throws INVALID_ARGUMENT for a tensor without device memory of that type. */
export function assertOnDevice(dtype: DataType): void {
  if (dtype === "float32" || dtype === "int32") return;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A tensor of ${dtype} does not share memory`,
    hint: "Cast it to float32 or int32 first.",
  });
}
