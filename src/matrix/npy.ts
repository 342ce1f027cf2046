import { bytesOf, formatBytes } from "../core/bytes.ts";
import { type DType, dtypes, type HostArray } from "../core/dtype.ts";
import { elementCount, formatShape } from "../core/shape.ts";
import { abortError } from "../runtime/index.ts";
import { allocateHostArray } from "./host-memory.ts";
import { type AnyMatrix, Matrix } from "./matrix.ts";
import { NpyDecoder } from "./npy-decode.ts";
import { formatHeader, invalidFile, parseHeader, parsePrefix, prefixBytes } from "./npy-header.ts";
import { Storage } from "./storage.ts";
import { append, type FileOptions, openFile, readInto, writeWhole } from "./whole-file.ts";

export type { FileOptions } from "./whole-file.ts";

export interface ReadOptions extends FileOptions {
  /**
   * "f32", the default, converts to f32 and makes a row of a vector; "stored" keeps the type and the shape that the file
   * has.
   */
  readonly dtype?: "f32" | "stored" | undefined;
}

/** Bytes that JavaScript converts without a pause: about a millisecond. */
const decodePiece = 128 << 10;

/** Where the bytes of an array file come from: a file, or an entry of an archive. */
export interface ByteSource {
  readonly name: string;
  readonly byteLength: number;
  /** Fills `target` from `position` on. */
  read(target: Uint8Array, position: number): Promise<void>;
  /** All of it, where it is in memory that nobody else uses. */
  readonly bytes?: Uint8Array | undefined;
}

/**
 * Reads a NumPy array file, versions 1 to 3, either byte order, either element order: floats, integers and booleans.
 * Rejects with FILE_NOT_FOUND; with INVALID_FILE for anything damaged, truncated, not numeric or, where it is converted,
 * without an exact f32 (integers); with OUT_OF_MEMORY; with ABORTED.
 */
export async function readNpy(
  path: string,
  options: ReadOptions & { readonly dtype: "stored" },
): Promise<AnyMatrix>;
export async function readNpy(path: string, options?: FileOptions): Promise<Matrix>;
export async function readNpy(path: string, options: ReadOptions = {}): Promise<AnyMatrix> {
  await using file = await openFile(path);
  const { size } = await file.stat();
  const read: ByteSource["read"] = (target, start) => readInto(file, target, start, path, options);
  return await readNpyFrom({ name: path, byteLength: size, read }, options);
}

export async function readNpyFrom(source: ByteSource, options: ReadOptions): Promise<AnyMatrix> {
  const { name } = source;
  const prefix = await readUpTo(source, 0, prefixBytes);
  const { start, length } = parsePrefix(prefix, name);
  const text = await readUpTo(source, start, length);
  if (text.length < length) throw invalidFile(name, "truncated inside its header");
  const header = parseHeader(text.toString("utf8"), start + length, name);
  const { shape, type, dataOffset } = header;
  const isStored = options.dtype === "stored";
  if (shape.length === 0 && !isStored) {
    throw invalidFile(name, "holds a single number, not a matrix", "numpy.save(path, array.reshape(1, 1))");
  }
  const expected = elementCount(shape) * type.bytes;
  if (source.byteLength - dataOffset < expected) {
    throw invalidFile(
      name,
      `truncated: ${formatShape(shape)} numbers need ${formatBytes(expected)}, the file holds ${formatBytes(source.byteLength - dataOffset)}`,
    );
  }
  const dtype: DType = isStored ? type.dtype : "f32";
  const isRow = shape.length === 1 && !isStored;
  const finalShape = isRow ? [1, ...shape] : shape;
  const isDirect = type.dtype === dtype && dtype !== "bool" && type.littleEndian && !header.fortranOrder;
  const present = isDirect ? viewOf(source.bytes, dtype, dataOffset, elementCount(shape)) : undefined;
  if (present !== undefined) return new Matrix(Storage.onHost(present, dtype), finalShape);
  const data = allocateHostArray(dtype, elementCount(shape));
  if (isDirect) {
    await source.read(bytesOf(data), dataOffset);
  } else {
    const decoder = new NpyDecoder(header, data, dtype, name);
    const piece = new Uint8Array(Math.min(decodePiece, expected));
    for (let done = 0; done < expected; done += piece.byteLength) {
      if (options.signal?.aborted) throw abortError(options.signal, `Reading ${name}`);
      const part = piece.subarray(0, Math.min(piece.byteLength, expected - done));
      await source.read(part, dataOffset + done);
      decoder.push(part);
    }
  }
  return new Matrix(Storage.onHost(data, dtype), finalShape);
}

/** Numbers in memory that can be used where they are: from where a typed array may start. */
function viewOf(
  bytes: Uint8Array | undefined,
  dtype: DType,
  offset: number,
  count: number,
): HostArray | undefined {
  if (bytes === undefined || (bytes.byteOffset + offset) % dtypes[dtype].bytes !== 0) return undefined;
  return new dtypes[dtype].array(bytes.buffer, bytes.byteOffset + offset, count);
}

/**
 * Writes a matrix as a NumPy array file, version 1, in its own element type. The file appears whole or not at all. Rejects
 * with FILE_NOT_FOUND when the folder is missing, with UNSUPPORTED for bf16, which NumPy lacks, and with ABORTED.
 */
export async function writeNpy(path: string, matrix: AnyMatrix, options: FileOptions = {}): Promise<void> {
  const header = formatHeader(matrix.shape, matrix.dtype);
  const data = bytesOf(await matrix.read());
  await writeWhole(path, async (file) => {
    await append(file, header, path, options);
    await append(file, data, path, options);
  });
}

async function readUpTo(source: ByteSource, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, Math.min(length, source.byteLength - position)));
  await source.read(buffer, position);
  return buffer;
}
