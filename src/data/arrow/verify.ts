import { isTurnLong, nextTurn } from "../../core/turn.ts";
import { AikoError } from "../../errors.ts";
import { FlatBuffer } from "./flatbuffer.ts";
import { footer, headers, message } from "./message-shapes.ts";

/** Bytes of a file from a place on. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

const magic = "ARROW1";
const known: readonly number[] = Object.values(headers);
const continuation = 0xffff_ffff;
const mostDescription = 256 << 20;

/**
 * Checks what an Arrow file or stream says of itself, which apache-arrow believes: a length that is wrong takes it out of
 * memory. Rejects with INVALID_VALUE. https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
 */
export async function verifyArrow(size: number, readAt: ReadAt): Promise<void> {
  if (size < 8) throw damaged(`it has ${size} bytes`);
  const start = await readAt(0, 8);
  if (Buffer.from(start).toString("latin1", 0, 6) === magic) await verifyFile(size, readAt);
  else await verifyStream(size, readAt);
}

async function verifyFile(size: number, readAt: ReadAt): Promise<void> {
  const end = Buffer.from(await readAt(Math.max(0, size - 10), Math.min(size, 10)));
  if (size < 20 || end.toString("latin1", 4) !== magic) throw damaged("its end is missing");
  const length = end.readInt32LE(0);
  if (length < 4 || length > size - 18) throw damaged(`its footer has ${length} bytes of ${size}`);
  const buffer = new FlatBuffer(await readAt(size - 10 - length, length));
  const root = buffer.check(footer);
  for (const [id, kind] of [
    [2, headers.dictionaryBatch],
    [3, headers.recordBatch],
  ] as const) {
    const blocks = buffer.vector(buffer.field(root, id));
    for (let block = 0; block < blocks.length; block++) {
      while (isTurnLong()) await nextTurn();
      const at = blocks.start + block * 24;
      const next = await verifyMessage(buffer.int64(at), size, readAt);
      if (next?.kind !== kind) throw damaged("its footer names a batch that is none");
    }
  }
}

async function verifyStream(size: number, readAt: ReadAt): Promise<void> {
  for (let at = 0; at < size; ) {
    while (isTurnLong()) await nextTurn();
    const next = await verifyMessage(at, size, readAt);
    if (next === undefined) return;
    if ((next.kind === headers.schema) !== (at === 0)) {
      throw damaged(`the message at byte ${at} is ${next.kind === headers.schema ? "another" : "no"} schema`);
    }
    at = next.end;
  }
}

interface Verified {
  /** The place after it. */
  readonly end: number;
  readonly kind: number;
}

/** Undefined after the last message. */
async function verifyMessage(position: number, size: number, readAt: ReadAt): Promise<Verified | undefined> {
  if (!(position >= 0 && position + 4 <= size)) throw damaged(`it ends at byte ${size}, within a message`);
  const prefix = Buffer.from(await readAt(position, Math.min(8, size - position)));
  const isLong = prefix.readUInt32LE(0) === continuation;
  if (isLong && prefix.length < 8) throw damaged(`it ends at byte ${size}, within a message`);
  const length = prefix.readInt32LE(isLong ? 4 : 0);
  if (length === 0) return undefined;
  const start = position + (isLong ? 8 : 4);
  if (length < 8 || length > mostDescription || start + length > size) {
    throw damaged(`a message at byte ${position} has ${length} bytes of ${size}`);
  }
  const buffer = new FlatBuffer(await readAt(start, length));
  const root = buffer.check(message);
  const bodyLength = buffer.int64(buffer.field(root, 3));
  const end = start + length + bodyLength;
  if (bodyLength < 0 || end > size)
    throw damaged(`a batch at byte ${position} ends at byte ${end} of ${size}`);
  const kind = buffer.uint8(buffer.field(root, 1));
  if (!known.includes(kind)) throw damaged(`the message at byte ${position} is of the unknown kind ${kind}`);
  const header = buffer.target(buffer.field(root, 2));
  const batch =
    kind === headers.dictionaryBatch && header !== undefined
      ? buffer.target(buffer.field(header, 1))
      : kind === headers.recordBatch
        ? header
        : undefined;
  if (batch !== undefined) verifyBatch(buffer, batch, bodyLength);
  return { end, kind };
}

/** Rows and items take a bit at least, where they are not compressed. */
function verifyBatch(buffer: FlatBuffer, batch: number, bodyLength: number): void {
  const rows = buffer.int64(buffer.field(batch, 0));
  const nodes = buffer.vector(buffer.field(batch, 1));
  const isCompressed = buffer.field(batch, 3) !== undefined;
  const first = nodes.length === 0 ? rows : buffer.int64(nodes.start);
  if (!(rows >= 0 && rows < 2 ** 31) || first !== rows)
    throw damaged(`a batch has ${rows} and ${first} rows`);
  const most = isCompressed ? 2 ** 31 : Math.max(rows, bodyLength * 8);
  for (let node = 0; node < nodes.length; node++) {
    const length = buffer.int64(nodes.start + node * 16);
    const nulls = buffer.int64(nodes.start + node * 16 + 8);
    if (!(length >= 0 && length <= most && nulls <= length)) {
      throw damaged(`a column of a batch has ${length} rows, ${nulls} of them null, in ${bodyLength} bytes`);
    }
  }
  const buffers = buffer.vector(buffer.field(batch, 2));
  for (let at = 0; at < buffers.length; at++) {
    const start = buffer.int64(buffers.start + at * 16);
    const length = buffer.int64(buffers.start + at * 16 + 8);
    if (start < 0 || length < 0 || start + length > bodyLength) {
      throw damaged(`a batch has a buffer from byte ${start} to ${start + length} of ${bodyLength}`);
    }
  }
}

function damaged(why: string): AikoError {
  return new AikoError("INVALID_VALUE", { message: `Damaged Arrow data: ${why}` });
}
