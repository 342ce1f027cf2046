import { AikoError } from "../../errors.ts";
import type { BufferView, Device, DeviceBuffer, MatrixProduct, ProductType } from "../device.ts";
import { type Allocation, overlaps, type Region, regionOf } from "../regions.ts";

const elementBytes: Readonly<Record<ProductType, number>> = { f32: 4, tf32: 4, f16: 2, bf16: 2, f64: 8 };
const maxSide = 2 ** 31 - 1;

/** A matrix product whose operands are known to fit. */
export interface CheckedProduct<A extends Allocation> {
  readonly work: MatrixProduct;
  readonly a: Region<A>;
  readonly b: Region<A>;
  readonly c: Region<A> | undefined;
  readonly out: Region<A>;
}

function invalid(message: string): AikoError {
  return new AikoError("INVALID_ARGUMENT", { message: `Cannot multiply: ${message}` });
}

/** Whether the result takes the place of `c`. */
export function isInPlace(c: Region, out: Region, { batch, m, n, strideC }: MatrixProduct): boolean {
  const isDense = batch === 1 || strideC === m * n;
  return isDense && c.allocation === out.allocation && c.byteOffset === out.byteOffset;
}

/** Pieces of `c` and where in the dense result they belong, in bytes. */
export function placesOf({ type, batch, m, n, strideC }: MatrixProduct) {
  const itemBytes = m * n * elementBytes[type];
  if (batch === 1 || strideC === m * n) return [{ from: 0, to: 0, byteLength: batch * itemBytes }];
  return Array.from({ length: batch }, (_, item) => ({
    from: item * strideC * elementBytes[type],
    to: item * itemBytes,
    byteLength: itemBytes,
  }));
}

/** Throws INVALID_ARGUMENT or BUFFER_DISPOSED. */
export function checkProduct<A extends Allocation>(work: MatrixProduct, device: Device): CheckedProduct<A> {
  const { m, n, k, batch, strideA, strideB, strideC, beta } = work;
  const bytes = elementBytes[work.type];
  if (bytes === undefined) throw invalid(`there is no type ${work.type}`);
  for (const [name, value] of Object.entries({ m, n, k, batch, strideA, strideB, strideC }))
    if (!Number.isSafeInteger(value) || value < 0) throw invalid(`${name} is ${value}`);
  if (Math.max(m, n, k, batch) > maxSide) throw invalid(`${m} x ${n} x ${k}, ${batch} times, is too large`);
  if ((work.c !== undefined) !== (beta !== 0))
    throw invalid(`c goes with a beta that is not 0, it is ${beta}`);
  const operand = (name: string, value: DeviceBuffer | BufferView, elements: number, stride: number) => {
    const region = regionOf<A>(value, device);
    const needed = batch === 0 || elements === 0 ? 0 : ((batch - 1) * stride + elements) * bytes;
    if (region.byteLength < needed)
      throw invalid(`${name} needs ${needed} bytes, ${region.label} has ${region.byteLength}`);
    return { ...region, byteLength: needed };
  };
  const a = operand("a", work.a, m * k, strideA);
  const b = operand("b", work.b, k * n, strideB);
  const out = operand("out", work.out, m * n, m * n);
  const c = work.c === undefined ? undefined : operand("c", work.c, m * n, strideC);
  const isSame = c !== undefined && isInPlace(c, out, work);
  if (overlaps(a, out) || overlaps(b, out) || (c !== undefined && !isSame && overlaps(c, out)))
    throw invalid(`out overlaps what it is computed from, in ${out.label}`);
  return { work, a, b, c, out };
}
