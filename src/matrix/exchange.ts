import { type ArrayOf, type DType, dtypes } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import type { BufferView, Device, DeviceBuffer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import { PoolBuffer } from "../memory/pool-buffer.ts";
import type { Runtime } from "../runtime/index.ts";
import { evaluated } from "./evaluate.ts";
import { type AnyMatrix, Matrix } from "./matrix.ts";
import { Storage } from "./storage.ts";

/** Device memory that stays until `release` is called. */
interface Held<B extends DeviceBuffer | BufferView> {
  readonly buffer: B;
  release(): void;
}

/** How another engine on the runtime's devices takes matrices and gives them, without a copy where it can be. */
export interface MatrixExchange {
  describe(matrix: AnyMatrix): { readonly shape: Shape; readonly dtype: DType };
  read(matrix: AnyMatrix): Promise<ArrayOf<DType>>;
  /** The matrix's memory on a device, also after its dispose; undefined where it has none there. */
  hold(matrix: AnyMatrix, device: Device): Promise<Held<BufferView> | undefined>;
  fromHost<D extends DType>(values: ArrayOf<D>, shape: Shape, dtype: D): AnyMatrix;
  /** A matrix that uses the memory, and releases it. */
  fromDevice(memory: Held<DeviceBuffer>, shape: Shape, dtype: DType): Promise<AnyMatrix>;
}

export function matrixExchange(runtime: Runtime): MatrixExchange {
  return {
    describe(matrix) {
      if (matrix instanceof Matrix) return { shape: matrix.shape, dtype: matrix.dtype };
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Expected a matrix, got ${matrix === null ? "null" : typeof matrix}`,
        hint: "Make one with gpu.matrix.from.",
      });
    },
    read: (matrix) => matrix.read(),
    async hold(matrix, device) {
      const storage = await evaluated(runtime, matrix, {});
      const memory = await runtime.memory(device.adapter.id);
      if (memory.device !== device || storage.length === 0 || !storage.isOnDevice) return undefined;
      const { resident, byteOffset, byteLength } = storage.region(memory);
      const held = resident.hold();
      if (held === undefined) return undefined;
      const { buffer, release } = held;
      const whole = byteOffset === 0 && byteLength === buffer.byteLength;
      return { buffer: whole ? buffer : buffer.slice(byteOffset, byteLength), release };
    },
    fromHost: (values, shape, dtype) => Matrix.from(values, shape, dtype),
    async fromDevice({ buffer, release }, shape, dtype) {
      const memory = await runtime.memory(buffer.device.adapter.id);
      const length = elementCount(shape);
      const leased = new PoolBuffer({ buffer, release }, length * dtypes[dtype].bytes, buffer.label);
      return new Matrix(Storage.onDevice(memory, leased, dtype, length), shape);
    },
  };
}
