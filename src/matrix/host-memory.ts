import { constants } from "node:buffer";
import { formatBytes } from "../core/bytes.ts";
import { preferHugePages } from "../core/huge-pages.ts";
import { AikoError } from "../errors.ts";

/**
 * Host memory that the caller overwrites in full; its contents are undefined. Zero-filling 16 MiB would hold the
 * JavaScript thread for 3 ms. Throws OUT_OF_MEMORY.
 */
export function allocateHost(length: number): Float32Array {
  const bytes = length * Float32Array.BYTES_PER_ELEMENT;
  if (bytes > constants.MAX_LENGTH) return zerosOnHost(length);
  return allocating(length, () => {
    const memory = Buffer.allocUnsafeSlow(bytes);
    preferHugePages(memory);
    return new Float32Array(memory.buffer, memory.byteOffset, length);
  });
}

/** Zero-filled host memory. Throws OUT_OF_MEMORY. */
export function zerosOnHost(length: number): Float32Array {
  return allocating(length, () => new Float32Array(length));
}

function allocating(length: number, allocate: () => Float32Array): Float32Array {
  try {
    return allocate();
  } catch (cause) {
    throw new AikoError("OUT_OF_MEMORY", {
      message: `Cannot allocate ${formatBytes(length * Float32Array.BYTES_PER_ELEMENT)} of host memory for ${length} numbers`,
      hint: "Split the matrix into blocks of rows.",
      cause,
    });
  }
}
