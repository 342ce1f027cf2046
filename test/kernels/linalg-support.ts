import type { Device, DeviceBuffer } from "#src/device/device.js";
import type { Real } from "#src/kernels/linalg/index.js";
import { randomFloats } from "./support.js";

export type Numbers = Float32Array | Float64Array;

/** Relative rounding of each type. */
export const unitOf: Readonly<Record<Real, number>> = { f32: 2 ** -24, f64: 2 ** -53 };

export function numbersOf(type: Real, values: ArrayLike<number>): Numbers {
  return type === "f32" ? Float32Array.from(values) : Float64Array.from(values);
}

export function onDevice(device: Device, data: Numbers | Uint32Array): DeviceBuffer {
  const buffer = device.allocate(Math.max(8, data.byteLength));
  if (data.length > 0) device.write(buffer.view(0, data.byteLength), data);
  return buffer;
}

export async function numbersIn(
  device: Device,
  type: Real,
  buffer: DeviceBuffer,
  count: number,
): Promise<Numbers> {
  const bytes = (await device.read(buffer)).slice(0, count * (type === "f32" ? 4 : 8));
  return type === "f32" ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
}

/** One item of a batch. */
export function itemOf<T extends Numbers | Uint32Array>(data: T, item: number, length: number): T {
  return data.subarray(item * length, (item + 1) * length) as T;
}

export interface Sized {
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** The textbook product in double precision. */
export function product(a: Sized, b: Sized): Sized & { readonly data: Float64Array } {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k] ?? Number.NaN;
      for (let j = 0; j < b.columns; j++)
        data[i * b.columns + j] =
          (data[i * b.columns + j] ?? 0) + factor * (b.data[k * b.columns + j] ?? Number.NaN);
    }
  return { data, rows: a.rows, columns: b.columns };
}

export function transposed({ data, rows, columns }: Sized): Sized & { readonly data: Float64Array } {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j] ?? Number.NaN;
  return { data: out, rows: columns, columns: rows };
}

/** The largest difference; NaN counts as infinite. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = a.length === b.length ? 0 : Infinity;
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs((a[at] ?? Number.NaN) - (b[at] ?? Number.NaN));
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  return worst;
}

export function largest(data: ArrayLike<number>): number {
  let most = 0;
  for (let at = 0; at < data.length; at++) most = Math.max(most, Math.abs(data[at] ?? 0));
  return most;
}

export function identityOf(size: number): Float64Array {
  const data = new Float64Array(size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return data;
}

/** How far the columns are from orthonormal. */
export function departure(q: Sized): number {
  return distance(product(transposed(q), q).data, identityOf(q.columns));
}

export function triangle(m: Sized, keep: (i: number, j: number) => boolean, unit = false): Sized {
  const data = Float64Array.from(m.data);
  for (let i = 0; i < m.rows; i++)
    for (let j = 0; j < m.columns; j++) {
      if (unit && i === j) data[i * m.columns + j] = 1;
      else if (!keep(i, j)) data[i * m.columns + j] = 0;
    }
  return { ...m, data };
}

/** Symmetric and positive definite: b b' + size * i. */
export function definite(size: number, seed: number): Float64Array {
  const b = { data: randomFloats(size * size, seed), rows: size, columns: size };
  const { data } = product(b, transposed(b));
  for (let i = 0; i < size; i++) data[i * size + i] = (data[i * size + i] ?? 0) + size * 0.1;
  return data;
}
