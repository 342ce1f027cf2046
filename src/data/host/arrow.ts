import { isUtf8 } from "node:buffer";
import { bitAt } from "../../core/bitmap.ts";

/** A row whose value cannot be taken over, and why. */
export interface BadRow {
  readonly row: number;
  readonly why: string;
}

type Work = readonly [Int32Array, Uint8Array];

/** Task: whether every row is UTF-8 within the bytes, [offsets, bytes]. */
export function checkText([offsets, bytes]: Work): BadRow | undefined {
  const rows = offsets.length - 1;
  for (let row = 0; row < rows; row++) {
    const [start, end] = [offsets[row] ?? 0, offsets[row + 1] ?? 0];
    if (end < start) return { row, why: `has offsets that run backwards, from ${start} to ${end}` };
    if (start < 0 || end > bytes.length)
      return { row, why: `lies from byte ${start} to ${end} of ${bytes.length}` };
    if (start < end && ((bytes[start] ?? 0) & 0xc0) === 0x80) return { row, why: "is not valid UTF-8" };
  }
  if (rows <= 0 || isUtf8(bytes.subarray(offsets[0], offsets[rows]))) return undefined;
  for (let row = 0; row < rows; row++) {
    if (!isUtf8(bytes.subarray(offsets[row], offsets[row + 1]))) return { row, why: "is not valid UTF-8" };
  }
  return undefined;
}

/** Task: whether offsets ascend within `items`, [offsets]. */
export function checkOffsets(
  [offsets]: readonly [Int32Array],
  { items }: { readonly items: number },
): BadRow | undefined {
  for (let row = 0; row + 1 < offsets.length; row++) {
    const [start, end] = [offsets[row] ?? 0, offsets[row + 1] ?? 0];
    if (end < start) return { row, why: `has offsets that run backwards, from ${start} to ${end}` };
    if (start < 0 || end > items) return { row, why: `lies from item ${start} to ${end} of ${items}` };
  }
  return undefined;
}

/** Task: 64-bit offsets as 32-bit ones that start at 0, [wide, offsets]. */
export function narrowOffsets([wide, offsets]: readonly [BigInt64Array, Int32Array]): BadRow | undefined {
  const first = wide[0] ?? 0n;
  for (let row = 0; row < wide.length; row++) {
    const at = (wide[row] ?? 0n) - first;
    if (at < 0n || at > 2_147_483_647n) return { row, why: `has an offset of ${at} bytes` };
    offsets[row] = Number(at);
  }
  return undefined;
}

/** Task: 128-bit decimals as 64-bit ones, [words, validity, out]; `stride` words of 64 bits a value. */
export function narrowDecimals(
  [words, validity, out]: readonly [BigInt64Array, Uint8Array, BigInt64Array],
  { hasNulls }: { readonly hasNulls: boolean },
): BadRow | undefined {
  for (let row = 0; row < out.length; row++) {
    if (hasNulls && !bitAt(validity, row)) continue;
    const low = words[row * 2] ?? 0n;
    if (words[row * 2 + 1] !== low >> 63n) return { row, why: "has more digits than its type" };
    out[row] = low;
  }
  return undefined;
}

/** Task: whole days of milliseconds, [ms, validity, days]. */
export function wholeDays(
  [ms, validity, days]: readonly [BigInt64Array, Uint8Array, Int32Array],
  { hasNulls }: { readonly hasNulls: boolean },
): BadRow | undefined {
  for (let row = 0; row < days.length; row++) {
    if (hasNulls && !bitAt(validity, row)) continue;
    const day = Number(ms[row] ?? 0n) / 86_400_000;
    if (!Number.isInteger(day)) return { row, why: "has a time of day, which a date has not" };
    days[row] = day;
  }
  return undefined;
}

/** Task: IEEE half precision as single, [halves, out]. */
export function widenHalves([halves, out]: readonly [Uint16Array, Float32Array]): void {
  for (let at = 0; at < out.length; at++) {
    const bits = halves[at] ?? 0;
    const sign = bits >>> 15 === 1 ? -1 : 1;
    const exponent = (bits >>> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) out[at] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) out[at] = sign * fraction * 2 ** -24;
    else out[at] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
}

/**
 * Task: codes of the sorted dictionary for indices into another one, [indices, map, validity, codes]; `noText` in the map stands
 * for a null there, and clears the row's bit.
 */
export function remapCodes(
  [indices, map, validity, codes]: readonly [Int32Array, Uint32Array, Uint8Array, Uint32Array],
  { hasNulls }: { readonly hasNulls: boolean },
): BadRow | { readonly cleared: number } {
  let cleared = 0;
  for (let row = 0; row < codes.length; row++) {
    if (hasNulls && !bitAt(validity, row)) {
      codes[row] = 0;
      continue;
    }
    const index = Number(indices[row] ?? 0);
    const code = map[index];
    if (code === undefined) {
      return { row, why: `has the code ${index} where its dictionary has ${map.length} entries` };
    }
    if (code === noText) {
      validity[row >>> 3] = (validity[row >>> 3] ?? 0) & ~(1 << (row & 7));
      codes[row] = 0;
      cleared++;
    } else codes[row] = code;
  }
  return { cleared };
}

export const noText = 0xffff_ffff;

/** Task: the bytes of string views, [views, lengths and places of the buffers in `heap`, heap, validity, offsets, bytes]. */
export function gatherViews(
  [views, starts, heap, validity, offsets, bytes]: readonly [
    Uint8Array,
    Float64Array,
    Uint8Array,
    Uint8Array,
    Int32Array,
    Uint8Array,
  ],
  { hasNulls }: { readonly hasNulls: boolean },
): BadRow | undefined {
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  let end = 0;
  offsets[0] = 0;
  for (let row = 0; row + 1 < offsets.length; row++) {
    if (!hasNulls || bitAt(validity, row)) {
      const length = view.getInt32(row * 16, true);
      if (length <= 12) bytes.set(views.subarray(row * 16 + 4, row * 16 + 4 + length), end);
      else {
        const at = view.getInt32(row * 16 + 8, true);
        const from = (starts[at] ?? Number.NaN) + view.getInt32(row * 16 + 12, true);
        if (!(from >= 0 && from + length <= (starts[at + 1] ?? 0))) {
          return { row, why: "points outside of its buffers" };
        }
        bytes.set(heap.subarray(from, from + length), end);
      }
      end += length;
    }
    offsets[row + 1] = end;
  }
  return undefined;
}

/** Task: how many bytes string views have, [views, validity]. */
export function countViewBytes(
  [views, validity]: readonly [Uint8Array, Uint8Array],
  { hasNulls, rows }: { readonly hasNulls: boolean; readonly rows: number },
): number {
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    if (!hasNulls || bitAt(validity, row)) total += Math.max(0, view.getInt32(row * 16, true));
  }
  return total;
}
