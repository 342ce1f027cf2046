import type { Device } from "../../device/device.ts";
import { multiply, take } from "./blocks.ts";
import { contextOf, dense, type FactorOptions, type Memory, type Real, scratch } from "./context.ts";
import { orthogonalise } from "./jacobi.ts";
import { findings, gatherRows, sortValues, startSpectrum } from "./spectrum.ts";
import type { Outcome } from "./svd.ts";

export interface EighArguments {
  readonly type: Real;
  /** [batch, size, size]; only the lower triangle is read. */
  readonly source: Memory;
  /** [batch, size], the smallest first. */
  readonly values: Memory;
  /** [batch, size, size], a vector a column, or nothing. */
  readonly vectors?: Memory | undefined;
  readonly size: number;
  readonly batch: number;
}

/**
 * Symmetric eigenvalues: a multiple of the identity makes the matrix positive, so that its singular vectors, by one-sided
 * Jacobi rotations, are its eigenvectors; Rayleigh quotients with the matrix itself are its eigenvalues. Waits for the device.
 */
export async function decomposeEigh(
  device: Device,
  { type, source, values, vectors, size, batch }: EighArguments,
  options: FactorOptions = {},
): Promise<Outcome> {
  const context = contextOf(device, type, batch, options);
  const square = { rows: size, columns: size };
  using whole = scratch(context, batch * size * size, "both triangles");
  await take(context, {
    source: dense(source, size, size),
    result: dense(whole, size, size),
    part: "mirrored",
    ...square,
  });
  using spectrum = await startSpectrum(context, whole, { ...square, transposed: false, shifted: true });
  const { memory, second, stride } = spectrum;
  const converged = await orthogonalise(context, { memory, rows: size, dots: second, stride });
  using basis = scratch(context, batch * size * size, "rotations");
  using images = scratch(context, batch * size * size, "images");
  const rotations = { memory, start: second, row: stride, item: size * stride };
  await take(context, { source: rotations, result: dense(basis, size, size), ...square });
  await multiply(context, { a: basis, b: whole, out: images, m: size, n: size, k: size });
  await sortValues(context, spectrum, values, images);
  if (vectors !== undefined) {
    await gatherRows(context, spectrum, "rotations", dense(vectors, size, size), true);
  }
  const found = await findings(context, spectrum);
  return { notFinite: found.findIndex((bits) => (bits & 1) !== 0), converged };
}
