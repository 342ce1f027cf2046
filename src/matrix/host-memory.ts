import { constants } from "node:buffer";
import { formatBytes } from "../core/bytes.ts";
import { type ArrayOf, byteLengthOf, type DType, dtypes } from "../core/dtype.ts";
import { preferHugePages } from "../core/huge-pages.ts";
import { AikoError } from "../errors.ts";

/**
 * Host memory that the caller overwrites in full; its contents are undefined. Zero-filling 16 MiB would hold the
 * JavaScript thread for 3 ms. Throws OUT_OF_MEMORY.
 */
export function allocateHostArray<D extends DType>(dtype: D, length: number): ArrayOf<D> {
  const bytes = byteLengthOf(dtype, length);
  const { array } = dtypes[dtype];
  return allocating(bytes, length, () => {
    if (bytes > constants.MAX_LENGTH) return new array(length);
    const memory = Buffer.allocUnsafeSlow(bytes);
    preferHugePages(memory);
    return new array(memory.buffer, memory.byteOffset, length);
  });
}

/** The same for f32. */
export function allocateHost(length: number): Float32Array {
  return allocateHostArray("f32", length);
}

/** Zero-filled host memory. Throws OUT_OF_MEMORY. */
export function zerosOnHost(length: number): Float32Array {
  return allocating(length * Float32Array.BYTES_PER_ELEMENT, length, () => new Float32Array(length));
}

function allocating<T>(bytes: number, length: number, allocate: () => T): T {
  try {
    return allocate();
  } catch (cause) {
    throw new AikoError("OUT_OF_MEMORY", {
      message: `Cannot allocate ${formatBytes(bytes)} of host memory for ${length} numbers`,
      hint: "Split the matrix into blocks of rows.",
      cause,
    });
  }
}
