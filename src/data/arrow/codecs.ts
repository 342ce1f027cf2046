import * as zlib from "node:zlib";
import { AikoError } from "../../errors.ts";
import { loadArrow } from "../../runtime/arrow-library.ts";
import { decodeLz4 } from "./lz4.ts";

/** As Schema.fbs numbers them. */
const lz4Frame = 0;
const zstd = 1;

let refuses = false;

/** Says that there is something to decompress, where that is not to be done here. */
class Compressed extends AikoError {
  constructor() {
    super("UNSUPPORTED", { message: "Compressed record batches take a thread of their own" });
  }
}

export function isCompressed(error: unknown): boolean {
  return error instanceof Compressed;
}

/** Runs `work`, in which whatever is compressed throws what `isCompressed` knows. */
export function withoutCodecs<T>(work: () => T): T {
  refuses = true;
  try {
    return work();
  } finally {
    refuses = false;
  }
}

let loading: Promise<void> | undefined;

/** Lets apache-arrow read compressed batches: LZ4, and Zstandard where Node has it (22.15 and later). */
export function loadCodecs(): Promise<void> {
  loading ??= register().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function register(): Promise<void> {
  const { compressionRegistry } = await loadArrow();
  if (compressionRegistry.get(lz4Frame) === null) {
    compressionRegistry.set(lz4Frame, { decode: guarded(decodeLz4) });
  }
  const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (data: Uint8Array) => Buffer };
  if (zstdDecompressSync === undefined || compressionRegistry.get(zstd) !== null) return;
  compressionRegistry.set(zstd, { decode: guarded((data) => new Uint8Array(zstdDecompressSync(data))) });
}

function guarded(decode: (data: Uint8Array) => Uint8Array): (data: Uint8Array) => Uint8Array {
  return (data) => {
    if (refuses) throw new Compressed();
    return decode(data);
  };
}
