import { makeHostArray } from "../../core/host-array.ts";
import { AikoError } from "../../errors.ts";

const magic = 0x184d2204;
const leastMatch = 4;

/** A frame's content: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. Throws INVALID_VALUE where it is damaged. */
export function decodeLz4(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.byteLength < 7 || view.getUint32(0, true) !== magic) throw damaged("it has another start");
  const flags = frame[4] ?? 0;
  const mostBlockBytes = 1 << (8 + 2 * (((frame[5] ?? 0) >>> 4) & 7));
  const hasBlockChecksums = (flags & 0x10) !== 0;
  const first = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
  const blocks = blocksOf(view, first, hasBlockChecksums);
  const out = makeHostArray("u8", blocks.length * mostBlockBytes);
  let end = 0;
  for (const { start, length, isStored } of blocks) {
    if (isStored) {
      out.set(frame.subarray(start, start + length), end);
      end += length;
    } else end = decodeBlock(frame, start, start + length, out, end);
  }
  return out.subarray(0, end);
}

interface Block {
  readonly start: number;
  readonly length: number;
  readonly isStored: boolean;
}

function blocksOf(view: DataView, first: number, hasChecksums: boolean): Block[] {
  const blocks: Block[] = [];
  for (let at = first; ; ) {
    if (at + 4 > view.byteLength) throw damaged("it ends within its blocks");
    const size = view.getUint32(at, true);
    if (size === 0) return blocks;
    const length = size & 0x7fff_ffff;
    const start = at + 4;
    if (start + length > view.byteLength) throw damaged("it ends within a block");
    blocks.push({ start, length, isStored: size >>> 31 === 1 });
    at = start + length + (hasChecksums ? 4 : 0);
  }
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md. Gives the end of what it wrote. */
function decodeBlock(source: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  let from = start;
  let at = to;
  while (from < end) {
    const token = source[from++] ?? 0;
    let literals = token >>> 4;
    if (literals === 15) {
      for (let more = 255; more === 255; literals += more) {
        if (from >= end) throw damaged("a length runs past its block");
        more = source[from++] ?? 0;
      }
    }
    if (from + literals > end || at + literals > out.length) throw damaged("literals run past their block");
    if (literals > 16) out.set(source.subarray(from, from + literals), at);
    else for (let byte = 0; byte < literals; byte++) out[at + byte] = source[from + byte] ?? 0;
    from += literals;
    at += literals;
    if (from >= end) break;
    const distance = (source[from] ?? 0) | ((source[from + 1] ?? 0) << 8);
    from += 2;
    let length = token & 15;
    if (length === 15) {
      for (let more = 255; more === 255; length += more) {
        if (from >= end) throw damaged("a length runs past its block");
        more = source[from++] ?? 0;
      }
    }
    length += leastMatch;
    if (distance === 0 || distance > at || at + length > out.length) throw damaged("a match lies outside");
    if (distance >= length) out.copyWithin(at, at - distance, at - distance + length);
    else for (let byte = 0; byte < length; byte++) out[at + byte] = out[at + byte - distance] ?? 0;
    at += length;
  }
  return at;
}

function damaged(why: string): AikoError {
  return new AikoError("INVALID_VALUE", { message: `Damaged LZ4 frame: ${why}` });
}
