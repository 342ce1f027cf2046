import { fft, fftScratchBytes, inverseRealFft, realFft, realFftScratchBytes } from "../../kernels/fft.ts";
import { fftMap } from "../../kernels/fft-maps.ts";
import type { Rates } from "../../runtime/index.ts";
import { javascriptEngine } from "../../runtime/javascript/index.ts";
import { denseOperation } from "../dense-operation.ts";
import type { HostTransform } from "../host/fft.ts";

export interface TransformParameters {
  readonly kind: HostTransform["kind"];
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly inverse: boolean;
  readonly scale: number;
  readonly result: readonly number[];
}

const module = new URL("../host/fft.js", import.meta.url).href;

const rates: Rates = {
  // 0.4 ns a floating-point operation in the cache, 0.9 ns beyond.
  engine: { overheadMs: 0.1, flopsPerMs: 1e6, bytesPerMs: 4e6 },
  gpu: { overheadMs: 0.3, flopsPerMs: 1e9, bytesPerMs: 5e7 },
  // PoCL: 4.6 ms for 2^20.
  cpu: { overheadMs: 0.3, flopsPerMs: 2e7, bytesPerMs: 5e6 },
};

/** The usual count, 5 n log2 n for each line. */
function flopsOf({ outer, length, inner }: TransformParameters): number {
  return 5 * outer * inner * length * Math.max(1, Math.log2(length));
}

export const transformOperation = denseOperation<TransformParameters>({
  name: "matrix.fft",
  engine: "javascript",
  rates,
  outputs: (_inputs, { result }) => [{ shape: result, dtype: "f32" }],
  flops: (_inputs, _outputs, parameters) => flopsOf(parameters),
  scratchBytes: (device, _inputs, parameters) =>
    parameters.kind === "complex"
      ? fftScratchBytes(device, parameters)
      : realFftScratchBytes(device, parameters),
  gpu: async ({ device, inputs: [x], outputs: [result], parameters, timer, allocate }) => {
    if (x === undefined || result === undefined) return;
    const run = { complex: fft, real: realFft, inverseReal: inverseRealFft }[parameters.kind];
    await run(device, { ...parameters, source: x.data, result: result.data }, { timer, allocate });
  },
  cpu: async ({ inputs: [x], outputs: [result], parameters, context: { signal } }) => {
    if (x === undefined || result === undefined || result.data.length === 0) return;
    const { result: _shape, outer, ...work } = parameters;
    const arrays = [x.data, result.data];
    const lines = outer * work.inner;
    const effort = 2 * flopsOf(parameters);
    const parts = effort > 1e6 ? Math.min(javascriptEngine.parallelism, lines) : 1;
    const edge = (part: number) => Math.floor((lines * part) / parts);
    const runs = Array.from({ length: parts }, (_, part) => {
      const lineWork: HostTransform = { ...work, first: edge(part), end: edge(part + 1) };
      return javascriptEngine.run({
        module,
        name: "transformLines",
        arrays,
        parameters: lineWork,
        effort,
        signal,
      });
    });
    await Promise.allSettled(runs);
    await Promise.all(runs);
  },
});

export interface RollParameters {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly start: number;
}

export const rollOperation = denseOperation<RollParameters>({
  name: "matrix.fftShift",
  engine: "javascript",
  rates: {
    engine: { overheadMs: 0.05, flopsPerMs: 1e6, bytesPerMs: 5e6 },
    gpu: { overheadMs: 0.2, flopsPerMs: 1e9, bytesPerMs: 1e8 },
    cpu: { overheadMs: 0.1, flopsPerMs: 1e7, bytesPerMs: 5e6 },
  },
  outputs: ([x]) => [{ shape: x?.shape ?? [], dtype: "f32" }],
  flops: () => 0,
  gpu: async ({ device, inputs: [x], outputs: [result], parameters, timer }) => {
    if (x === undefined || result === undefined) return;
    const { outer, length, inner, start } = parameters;
    const sizes = { count: outer * length * inner, inner, from: length, to: length, limit: start };
    await fftMap(device, "roll", { ...sizes, source: x.data, result: result.data }, { timer });
  },
  cpu: async ({ inputs: [x], outputs: [result], parameters, context: { signal } }) => {
    if (x === undefined || result === undefined || x.data.length === 0) return;
    const arrays = [x.data, result.data];
    await javascriptEngine.run({
      module,
      name: "rollLines",
      arrays,
      parameters,
      effort: x.data.length,
      signal,
    });
  },
});
