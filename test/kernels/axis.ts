import type { HostArray } from "#src/core/dtype.js";
import type { Device, DeviceBuffer } from "#src/device/device.js";
import type { AxisSizes } from "#src/kernels/index.js";

/** The oracle's view of a line: its numbers, and where line and number are. */
export interface Line<T> {
  readonly outer: number;
  readonly column: number;
  /** Among all lines. */
  readonly index: number;
  readonly values: readonly T[];
}

/** The lines along the axis of row-major data. */
export function linesOf<T extends number | bigint>(
  data: ArrayLike<T>,
  { outer, n, inner }: AxisSizes,
): Line<T>[] {
  return Array.from({ length: outer * inner }, (_, index) => {
    const [o, column] = [Math.floor(index / inner), index % inner];
    const values = Array.from({ length: n }, (_, at) => data[(o * n + at) * inner + column] as T);
    return { outer: o, column, index, values };
  });
}

/** Row-major data of the lines that `of` makes of each. */
export function fromLines<T>(
  lines: readonly Line<never>[] | readonly Line<number>[] | readonly Line<bigint>[],
  inner: number,
  length: number,
  of: (index: number, at: number) => T,
): T[] {
  const data: T[] = new Array(lines.length * length);
  for (const { outer, column, index } of lines) {
    for (let at = 0; at < length; at++) data[(outer * length + at) * inner + column] = of(index, at);
  }
  return data;
}

/** Device memory of whole words that holds `data`, and at least 16 bytes. */
export function onDevice(device: Device, data: HostArray): DeviceBuffer {
  const bytes = new Uint8Array(Math.max(16, Math.ceil(data.byteLength / 4) * 4));
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const buffer = device.allocate(bytes.byteLength);
  device.write(buffer, bytes);
  return buffer;
}

export async function fromDevice<A>(
  device: Device,
  buffer: DeviceBuffer,
  array: { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): A },
  count: number,
): Promise<A> {
  return new array(
    (await device.read(buffer)).slice(0, count * array.BYTES_PER_ELEMENT).buffer as ArrayBuffer,
  );
}

/** Memory for `count` results with a guard behind it, so that writes past the end show. */
export function guarded(device: Device, bytes: number): DeviceBuffer {
  const size = Math.ceil(bytes / 4) * 4 + 16;
  const buffer = device.allocate(size);
  device.write(buffer, new Uint8Array(size).fill(0xa5));
  return buffer;
}

export async function guardIsIntact(device: Device, buffer: DeviceBuffer, bytes: number): Promise<boolean> {
  const all = await device.read(buffer);
  return all.subarray(Math.ceil(bytes / 4) * 4).every((byte) => byte === 0xa5);
}
