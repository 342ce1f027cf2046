import { dtypes } from "../core/dtype.ts";
import { elementCount, type Shape } from "../core/shape.ts";
import { type ElementBytes, gather } from "../kernels/index.ts";
import { type DenseRun, denseOperation } from "./dense-operation.ts";
import { outOfRange } from "./host/gather.ts";
import { runLines, sizesAlong } from "./lines.ts";

export interface GatherParameters {
  readonly axis: number;
  /** One list of indices for all lines, or one each. */
  readonly shared: boolean;
  readonly shape: Shape;
}

const module = new URL("./host/gather.js", import.meta.url).href;
const none = 0xffffffff;

export const gatherOperation = makeOperation("matrix.gather");
export const takeAlongOperation = makeOperation("matrix.takeAlong");

function makeOperation(name: string): DenseRun<GatherParameters> {
  return denseOperation<GatherParameters>({
    name,
    engine: "javascript",
    rates: {
      engine: { overheadMs: 0.05, flopsPerMs: 5e5, bytesPerMs: 4e6 },
      gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 5e7 },
      cpu: { overheadMs: 0.2, flopsPerMs: 1e6, bytesPerMs: 5e6 },
    },
    outputs: ([input], { shape }) => [{ shape, dtype: input?.dtype ?? "f32" }],
    flops: (_inputs, [output]) => elementCount(output?.shape ?? []),
    gpu: async ({ parameters, inputs: [input, indices], outputs: [output], device, timer, allocate }) => {
      if (input === undefined || indices === undefined || output === undefined) return;
      const { axis, shared } = parameters;
      const sizes = sizesAlong(input.shape, axis, axis + 1);
      using firstWrong = allocate(16, "the first wrong index");
      device.write(firstWrong, new Uint32Array(firstWrong.byteLength / 4).fill(none), { timer });
      const work = {
        ...sizes,
        source: input.data,
        bytes: dtypes[input.dtype].bytes as ElementBytes,
        indices: indices.data,
        indexType: indices.dtype as "i32" | "i64",
        m: elementCount(output.shape) / (sizes.outer * sizes.inner),
        shared,
        result: output.data,
        firstWrong,
      };
      await gather(device, work, { timer, allocate });
      const bytes = await device.read(firstWrong, undefined, { timer });
      const place = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (place === none) return;
      const given = await device.read(indices.data);
      const view = new DataView(given.buffer, given.byteOffset);
      const wide = indices.dtype === "i64";
      throw outOfRange(
        wide ? view.getBigInt64(place * 8, true) : view.getInt32(place * 4, true),
        place,
        sizes.n,
      );
    },
    cpu: async ({ parameters, inputs: [input, indices], outputs: [output], context: { signal } }) => {
      if (input === undefined || indices === undefined || output === undefined) return;
      const { axis, shared } = parameters;
      const { outer, n, inner } = sizesAlong(input.shape, axis, axis + 1);
      const m = outer * inner === 0 ? 0 : elementCount(output.shape) / (outer * inner);
      const request = {
        module,
        name: "gatherRows",
        arrays: [input.data, indices.data, output.data],
        parameters: { n, m, inner, shared },
        effort: 2 * output.data.length,
        signal,
      };
      await runLines(request, outer * m);
    },
  });
}
