import type { Device } from "../device/device.ts";
import { type KernelOptions, scratch, workOptions } from "./axis.ts";
import { inRows } from "./grid.ts";
import { accessText } from "./radix-access.ts";
import { scanAxis } from "./scan-axis.ts";
import type { SortWork } from "./sort.ts";
import { radixBytes, radixText } from "./sort-text.ts";
import { kernelOn, kernelText, wantsLongThreads } from "./source.ts";

const shapes = {
  long: { bits: 8, threads: 64, leastChunk: 4096, file: "radix-long.wgsl" },
  short: { bits: 4, tile: 2048, file: "radix-short.wgsl" },
} as const;

/** Enqueues a sort of rows from the least significant digit on: in each pass a count, a scan of the counts, a scatter. */
export async function radixSort(device: Device, work: SortWork, options: KernelOptions): Promise<void> {
  const { type, source, values, indices, indexType, outer, n, inner, keep } = work;
  const long = wantsLongThreads(device);
  const { bits, file } = long ? shapes.long : shapes.short;
  const rows = outer * inner;
  const chunk = long ? longChunk(n, rows) : shapes.short.tile;
  const chunks = Math.ceil(n / chunk);
  const units = rows * chunks;
  const passes = (radixBytes(type) * 8) / bits;
  const withIndices = indices !== undefined;
  const definition = radixText({ type, descending: work.descending, withIndices });
  const compile = (isFirst: boolean, isLast: boolean, entryPoint: "count" | "scatter") => {
    const pass = { ...work, withIndices, withValues: values !== undefined, isFirst, isLast, indexType };
    const text = `${definition}${accessText(pass)}${kernelText(file)}`;
    return kernelOn(device, text, { entryPoint, label: `radix sort, ${entryPoint}` });
  };
  const kernels = await Promise.all([
    compile(true, false, "count"),
    compile(false, false, "count"),
    compile(true, false, "scatter"),
    compile(false, false, "scatter"),
    compile(false, true, "scatter"),
  ]);
  const [countFirst, countNext, scatterFirst, scatterNext, scatterLast] = kernels;
  const keyBytes = rows * n * radixBytes(type);
  const indexBytes = withIndices ? rows * n * 4 : 0;
  const countBytes = rows * 2 ** bits * chunks * 4;
  using keysA = scratch(device, options, keyBytes, "keys");
  using keysB = scratch(device, options, keyBytes, "keys");
  using indicesA = scratch(device, options, indexBytes, "indices");
  using indicesB = scratch(device, options, indexBytes, "indices");
  using counts = scratch(device, options, countBytes, "counts");
  using places = scratch(device, options, countBytes, "places");
  const pairs = [
    { keys: keysA, indices: indicesA },
    { keys: keysB, indices: indicesB },
  ] as const;
  for (let pass = 0; pass < passes; pass++) {
    const isFirst = pass === 0;
    const isLast = pass === passes - 1;
    const [to, from] = pass % 2 === 0 ? pairs : [pairs[1], pairs[0]];
    const parameters = Uint32Array.of(rows, n, inner, keep, chunks, chunk, pass * bits, 1);
    const read = isFirst ? { source } : { keys_in: from.keys };
    const grid = inRows(units);
    device.dispatch(
      isFirst ? countFirst : countNext,
      { parameters, ...read, counts },
      grid,
      workOptions(options),
    );
    const sizes = { outer: rows, n: 2 ** bits * chunks, inner: 1 };
    const sums = { operator: "sum", type: "u32", source: counts, result: places, exclusive: true } as const;
    await scanAxis(device, { ...sums, ...sizes }, options);
    const readIndices = withIndices && !isFirst ? { indices_in: from.indices } : {};
    const again = isLast && withIndices && values !== undefined ? { source } : {};
    const write = isLast
      ? { ...(values === undefined ? {} : { values }), ...(indices === undefined ? {} : { indices }) }
      : { keys_out: to.keys, ...(withIndices ? { indices_out: to.indices } : {}) };
    device.dispatch(
      isLast ? scatterLast : isFirst ? scatterFirst : scatterNext,
      { parameters, ...read, ...readIndices, ...again, ...write, counts: places },
      grid,
      workOptions(options),
    );
  }
}

function longChunk(n: number, rows: number): number {
  const wanted = Math.max(1, Math.floor(shapes.long.threads / rows));
  const parts = Math.min(wanted, Math.ceil(n / shapes.long.leastChunk));
  return Math.ceil(n / parts);
}
