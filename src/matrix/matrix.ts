import { elementCount, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { OperationReport } from "../runtime/index.ts";
import {
  assertFits,
  assertShape,
  flatten,
  type NestedArray,
  type NumberArray,
  toFloat32,
} from "./convert.ts";
import { zerosOnHost } from "./host-memory.ts";
import { Storage } from "./storage.ts";

/** What operations take for a matrix: nested arrays are converted on every call, a `Matrix` only once. */
export type MatrixInput = Matrix | NestedArray;

/**
 * f32 numbers of shape [...batch, rows, columns], row-major, that do not change. They stay where they were made, on
 * the host or on a device, until `read()` or an operation elsewhere needs them. Disposing frees device memory.
 */
export class Matrix implements Disposable {
  readonly shape: Shape;
  /** How it was computed, where the operation was asked for a report. */
  readonly report: OperationReport | undefined;
  /** @internal */
  readonly storage: Storage;

  /** @internal */
  constructor(storage: Storage, shape: Shape, report?: OperationReport) {
    this.storage = storage;
    this.shape = [...shape];
    this.report = report;
  }

  /**
   * A matrix of flat data in row-major order. A Float32Array is used without a copy, so leave it unchanged
   * afterwards; everything else is rounded to f32. Throws INVALID_ARGUMENT for a shape the data does not fill and
   * for numbers beyond f32.
   */
  static from(data: NumberArray, shape: Shape): Matrix;
  /** A matrix of rows, or of a batch of rows. Throws INVALID_ARGUMENT naming a row of another length. */
  static from(rows: NestedArray): Matrix;
  static from(data: NumberArray | NestedArray, shape?: Shape): Matrix {
    if (!Array.isArray(data) && (!ArrayBuffer.isView(data) || data instanceof DataView)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `Cannot make a matrix of ${data === null ? "null" : typeof data}`,
        hint: "Pass rows of numbers, or a typed array and its shape.",
      });
    }
    if (shape === undefined) {
      const flat = flatten(data as NestedArray);
      return new Matrix(Storage.onHost(flat.data), flat.shape);
    }
    if (!Array.isArray(shape)) assertShape([]);
    const flat = data as NumberArray;
    assertFits(flat.length, shape);
    return new Matrix(Storage.onHost(toFloat32(flat)), shape);
  }

  static zeros(shape: Shape): Matrix {
    assertShape(shape);
    return new Matrix(Storage.onHost(zerosOnHost(elementCount(shape))), shape);
  }

  get rows(): number {
    return this.shape.at(-2) ?? 0;
  }

  get columns(): number {
    return this.shape.at(-1) ?? 0;
  }

  /** Where the numbers are now; after a transfer, in both places. */
  get location(): "host" | "device" | "both" {
    if (!this.storage.isOnDevice) return "host";
    return this.storage.isOnHost ? "both" : "device";
  }

  /**
   * The numbers in row-major order, downloaded when they are only on a device. It is the matrix's own memory: copy it
   * before changing it. Rejects with BUFFER_DISPOSED, DEVICE_LOST or TIMEOUT.
   */
  read(): Promise<Float32Array> {
    return this.storage.host();
  }

  /** The numbers as nested arrays, one level per dimension. */
  async toArray(): Promise<NestedArray> {
    const data = await this.read();
    const nest = (offset: number, shape: Shape): unknown[] => {
      const [size = 0, ...rest] = shape;
      if (rest.length === 0) return Array.from(data.subarray(offset, offset + size));
      const stride = elementCount(rest);
      return Array.from({ length: size }, (_, index) => nest(offset + index * stride, rest));
    };
    return nest(0, this.shape) as unknown as NestedArray;
  }

  /** Frees its memory; later use throws BUFFER_DISPOSED. Safe to call twice. */
  dispose(): void {
    this.storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
