import type { Device } from "../../device/device.ts";
import { take } from "./blocks.ts";
import {
  type Context,
  contextOf,
  dense,
  type FactorOptions,
  type Memory,
  type Real,
  scratch,
} from "./context.ts";
import { orthogonalise } from "./jacobi.ts";
import { completeBasis, findings, gatherRows, type Spectrum, sortValues, startSpectrum } from "./spectrum.ts";

export interface SvdArguments {
  readonly type: Real;
  /** [batch, rows, columns] */
  readonly source: Memory;
  /** [batch, min(rows, columns)], the largest first. */
  readonly values: Memory;
  /** [batch, rows, min(rows, columns)] and [batch, min(rows, columns), columns]; square where `full`. Or nothing. */
  readonly vectors?: { readonly u: Memory; readonly vt: Memory } | undefined;
  readonly full: boolean;
  readonly rows: number;
  readonly columns: number;
  readonly batch: number;
}

/** What a decomposition found: an item with NaN or infinities, or that it did not converge. */
export interface Outcome {
  /** The first item that is not finite, or -1. */
  readonly notFinite: number;
  readonly converged: boolean;
}

/** Singular values and vectors by one-sided Jacobi rotations. Waits for the device. */
export async function decomposeSvd(
  device: Device,
  work: SvdArguments,
  options: FactorOptions = {},
): Promise<Outcome> {
  const { type, source, values, vectors, full, rows, columns, batch } = work;
  const context = contextOf(device, type, batch, options);
  const isTall = rows >= columns;
  const [short, long] = isTall ? [columns, rows] : [rows, columns];
  const size = { rows: short, columns: long, transposed: isTall, shifted: false };
  using spectrum = await startSpectrum(context, source, size);
  const { memory, second, stride } = spectrum;
  const converged = await orthogonalise(context, { memory, rows: short, dots: second, stride });
  await sortValues(context, spectrum, values);
  const found = await findings(context, spectrum);
  const notFinite = found.findIndex((bits) => (bits & 1) !== 0);
  if (vectors === undefined || notFinite >= 0) return { notFinite, converged };
  const { u, vt } = vectors;
  const [ofLong, ofShort] = isTall ? [u, vt] : [vt, u];
  await gatherRows(context, spectrum, "rotations", dense(ofShort, short, short), !isTall);
  const width = full ? long : short;
  if (width === short && found.every((bits) => bits === 0)) {
    await gatherRows(
      context,
      spectrum,
      "orthogonal",
      dense(ofLong, isTall ? long : short, isTall ? short : long),
      isTall,
    );
  } else {
    await gatherCompleted(context, spectrum, { long, short, width, isTall, result: ofLong });
  }
  return { notFinite, converged };
}

async function gatherCompleted(
  context: Context,
  spectrum: Spectrum,
  work: { long: number; short: number; width: number; isTall: boolean; result: Memory },
): Promise<void> {
  const { long, short, width, isTall, result } = work;
  using basis = scratch(context, context.batch * long * short, "basis");
  await gatherRows(context, spectrum, "orthogonal", dense(basis, long, short), true);
  const size = { rows: long, columns: short, width };
  if (isTall) return await completeBasis(context, basis, result, size);
  using whole = scratch(context, context.batch * long * width, "whole basis");
  await completeBasis(context, basis, whole, size);
  const [from, to] = [dense(whole, long, width), dense(result, width, long)];
  await take(context, { source: from, result: to, rows: width, columns: long, transposed: true });
}
