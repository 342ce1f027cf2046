import { expect, it } from "vitest";
import { onEveryDevice } from "../support/devices.js";

/** A little off what lies between two f16: rounding to f32 first would forget which side. */
const cases: readonly (readonly [given: number, expected: number])[] = [
  [1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -10],
  [1 + 2 ** -11, 1],
  [1 + 2 ** -11 - 2 ** -40, 1],
  [-(1 + 3 * 2 ** -11 - 2 ** -40), -(1 + 2 ** -10)],
  [-(1 + 3 * 2 ** -11), -(1 + 2 ** -9)],
  [2 ** -25 + 2 ** -60, 2 ** -24],
  [2 ** -25, 0],
  [2 ** -300, 0],
  [65519.999999999, 65504],
  [65520, Number.POSITIVE_INFINITY],
  [1e300, Number.POSITIVE_INFINITY],
  [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  [Number.NaN, Number.NaN],
  [0.1, 0.0999755859375],
  [-2, -2],
];

onEveryDevice(
  "f64 to f16",
  (adapter, device) => {
    it.runIf(adapter.features.has("f64") && adapter.features.has("f16"))("rounds once", async () => {
      const opened = await device();
      using kernel = await opened.compile(`enable f16;
        @group(0) @binding(0) var<storage, read> given: array<f64>;
        @group(0) @binding(1) var<storage, read_write> out: array<vec2f>;
        @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
          let x = given[id.x];
          out[id.x] = vec2f(f32(f16(x)), f32(vec3<f16>(vec3<f64>(0, 0, x)).z));
        }`);
      using given = opened.allocate(cases.length * 8);
      using out = opened.allocate(cases.length * 8);
      opened.write(
        given,
        Float64Array.from(cases, ([x]) => x),
      );
      opened.dispatch(kernel, { given, out }, cases.length);
      const found = [...new Float32Array((await opened.read(out)).slice().buffer)];
      expect(found).toEqual(cases.flatMap(([, x]) => [x, x]));
    });
  },
  { computing: true },
);
