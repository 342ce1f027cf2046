import { type ArrayOf, type DType, dtypes, isDType } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import type { OperationReport, RunOptions } from "../runtime/index.ts";
import {
  assertFits,
  assertShape,
  flatten,
  type NestedArray,
  type NumberArray,
  toFloat32,
} from "./convert.ts";
import { zerosOnHost } from "./host-memory.ts";
import { denseStorageOf, Node } from "./node.ts";
import { type AnyStorage, Storage } from "./storage.ts";

/** What operations take for a matrix: nested arrays are converted to f32 on every call, a `Matrix` only once. */
export type MatrixInput<D extends DType = "f32"> = Matrix<D> | NestedArray;

/** A matrix of whatever element type. */
export type AnyMatrix = Matrix<DType>;

/**
 * Numbers of any shape, row-major, that do not change: [...batch, rows, columns] for matrix products, [] for a single
 * number. They stay where they were made, on the host or on a device, until `read()` or an operation elsewhere needs them.
 * A lazy matrix is only described yet: `read()`, an operation or `evaluate` computes it, once. Disposing frees memory
 * that no lazy matrix needs any more.
 */
export class Matrix<D extends DType = "f32"> implements Disposable {
  readonly shape: Shape;
  readonly dtype: D;
  readonly #node: Node;
  readonly #report: OperationReport | undefined;
  #disposed = false;

  /** @internal Takes over a storage, or retains a node. */
  constructor(source: Storage<D> | Node, shape: Shape, report?: OperationReport) {
    this.#node = source instanceof Node ? source : Node.stored(source as AnyStorage, [...shape]);
    this.#node.retain();
    if (this.#node.storage === undefined) forgotten.register(this, this.#node, this);
    this.dtype = this.#node.dtype as D;
    this.shape = this.#node.shape;
    this.#report = report;
  }

  /**
   * A matrix of flat data in row-major order. A Float32Array is used without a copy, so leave it unchanged
   * afterwards; everything else is rounded to f32. Throws INVALID_ARGUMENT for a shape the data does not fill and
   * for numbers beyond f32.
   */
  static from(data: NumberArray, shape: Shape): Matrix;
  /**
   * The same for an element type: the array must be the one that holds it (`dtypes` in core: Uint16Array of bits for f16
   * and bf16, Uint8Array for bool) and is used without a copy.
   */
  static from<D extends DType>(data: ArrayOf<D>, shape: Shape, dtype: D): Matrix<D>;
  /** A matrix of rows, or of a batch of rows. Throws INVALID_ARGUMENT naming a row of another length. */
  static from(rows: NestedArray): Matrix;
  static from(data: NumberArray | NestedArray | ArrayOf<DType>, shape?: Shape, dtype?: DType): AnyMatrix {
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
    const flat = data as NumberArray;
    assertFits(flat.length, shape);
    if (dtype === undefined || dtype === "f32") return new Matrix(Storage.onHost(toFloat32(flat)), shape);
    return new Matrix(Storage.onHost(arrayOfType(data, dtype), dtype), shape);
  }

  static zeros(shape: Shape): Matrix {
    assertShape(shape);
    return new Matrix(Storage.onHost(zerosOnHost(elementCount(shape))), shape);
  }

  /** How many numbers. */
  get size(): number {
    return elementCount(this.shape);
  }

  get rows(): number {
    return this.shape.at(-2) ?? 0;
  }

  get columns(): number {
    return this.shape.at(-1) ?? 0;
  }

  /** How it was computed, where the operation, or whoever evaluated it, asked for a report. */
  get report(): OperationReport | undefined {
    return this.#report ?? this.#node.report;
  }

  /** Where the numbers are now; after a transfer, in both places. "lazy" as long as they are not computed. */
  get location(): "host" | "device" | "both" | "lazy" {
    const storage = denseStorageOf(this.#node);
    if (storage === undefined) return this.#disposed ? "host" : "lazy";
    if (!storage.isOnDevice) return "host";
    return storage.isOnHost ? "both" : "device";
  }

  /** @internal */
  usableNode(): Node {
    if (!this.#disposed) return this.#node;
    throw new AikoError("BUFFER_DISPOSED", {
      message: `This matrix of ${this.size} numbers is disposed`,
      hint: "Dispose it after its last use.",
    });
  }

  /** @internal Its dense numbers, which a lazy matrix does not have. */
  get storage(): Storage<D> {
    const storage = denseStorageOf(this.usableNode());
    if (storage !== undefined) return storage as Storage<D>;
    throw new AikoError("INTERNAL", { message: "A lazy matrix has no storage before it is evaluated" });
  }

  /**
   * The numbers in row-major order, computed when the matrix is lazy, and downloaded when they are only on a device. It
   * is the matrix's own memory: copy it before changing it. Rejects with BUFFER_DISPOSED, DEVICE_LOST or TIMEOUT, and
   * with what the computation rejects with.
   */
  async read(options: RunOptions = {}): Promise<ArrayOf<D>> {
    const storage = await this.usableNode().evaluated(options);
    return (storage as Storage<D>).host();
  }

  /** The numbers as nested arrays, one level per dimension; 64-bit integers as bigints. */
  async toArray(options?: RunOptions): Promise<NestedArray> {
    const data = await this.read(options);
    if (this.shape.length === 0) return Array.from(data as Iterable<number>);
    const nest = (offset: number, shape: Shape): unknown[] => {
      const [size = 0, ...rest] = shape;
      if (rest.length === 0)
        return Array.from<number | bigint>(data.subarray(offset, offset + size) as Iterable<number | bigint>);
      const stride = elementCount(rest);
      return Array.from({ length: size }, (_, index) => nest(offset + index * stride, rest));
    };
    return nest(0, this.shape) as unknown as NestedArray;
  }

  /**
   * Frees its memory, unless a lazy matrix that was made of it is still to be computed; later use of this one throws
   * BUFFER_DISPOSED. Safe to call twice.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    forgotten.unregister(this);
    this.#node.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The parts of a chain are seldom named, and so not disposed: they let go of what they are made of when collected. */
const forgotten = new FinalizationRegistry<Node>((node) => node.abandon());

function arrayOfType(data: unknown, dtype: DType): ArrayOf<DType> {
  if (!isDType(dtype)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `There is no element type "${String(dtype)}"`,
      hint: `Use one of ${Object.keys(dtypes).join(", ")}.`,
    });
  }
  const { array } = dtypes[dtype];
  if (data instanceof array) return data;
  const given = Object(data).constructor?.name;
  throw new AikoError("INVALID_ARGUMENT", {
    message: `A matrix of ${dtype} is made from a ${array.name}, not from a ${given}`,
    hint: `Convert it first: ${array.name}.from(data).`,
  });
}
