import { loadArrow } from "../../runtime/arrow-library.ts";
import { loadCodecs } from "../arrow/codecs.ts";

const arrow = await loadArrow();
await loadCodecs();

/** Task: an Arrow stream without compression of a file or stream that has it, [bytes]. */
export function decompress([bytes]: readonly [Uint8Array]): ArrayBuffer {
  const stream = arrow.tableToIPC(arrow.tableFromIPC(bytes), "stream");
  return stream.buffer.byteLength === stream.byteLength && stream.buffer instanceof ArrayBuffer
    ? stream.buffer
    : stream.slice().buffer;
}
