import { setImmediate as nextTurn } from "node:timers/promises";
import { bytesOf } from "../core/bytes.ts";
import type { Timer } from "../device/device.ts";
import { AikoError } from "../errors.ts";
import type { PoolBuffer } from "./pool-buffer.ts";

/** A write holds the JavaScript thread until it has copied: 1 MiB into memory never touched before takes 1 ms. */
const pieceBytes = 1 << 20;

export interface UploadOptions {
  readonly timer?: Timer | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Copies `data` to the start of `target`, letting other work run between pieces. Rejects with ABORTED. */
export async function upload(
  target: PoolBuffer,
  data: ArrayBufferView,
  options: UploadOptions = {},
): Promise<void> {
  const bytes = bytesOf(data);
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    if (offset > 0) await nextTurn();
    if (options.signal?.aborted) {
      throw new AikoError("ABORTED", {
        message: `Uploading '${target.label}' was aborted`,
        cause: options.signal.reason,
      });
    }
    const piece = bytes.subarray(offset, offset + pieceBytes);
    target.device.write(target.slice(offset, piece.byteLength), piece, { timer: options.timer });
  }
}
