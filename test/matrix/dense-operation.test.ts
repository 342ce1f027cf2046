import { describe, expect, it } from "vitest";
import { dtypes } from "#src/core/dtype.js";
import { Matrix } from "#src/matrix/index.js";
import { Runtime } from "#src/runtime/index.js";
import { onEveryDevice } from "../support/devices.js";

const options = { placement: "gpu", strict: true, report: true } as const;

onEveryDevice(
  "a dense operation",
  (adapter) => {
    it("keeps its result on the device until it is read, and agrees with the CPU", async () => {
      await using runtime = new Runtime({ adapters: async () => [adapter] });
      const { sum } = await import("#src/matrix/sum.js");
      using matrix = Matrix.from(
        Float32Array.from({ length: 1000 }, (_, at) => at - 300),
        [10, 100],
      );
      using onDevice = await sum(runtime, matrix, options);
      expect([onDevice.shape, onDevice.dtype, onDevice.location]).toEqual([[], "f32", "device"]);
      expect(onDevice.report).toMatchObject({
        operation: "matrix.sum",
        placement: "gpu",
        device: adapter.id,
      });
      expect(await onDevice.read()).toEqual(Float32Array.of(199_500));
      using onHost = await sum(runtime, matrix, { placement: "cpu", report: true });
      expect(onHost.report?.device).toBe("javascript");
      expect(await onHost.read()).toEqual(Float32Array.of(199_500));
    });
  },
  { computing: true },
);

describe("element types", () => {
  it("are held by the array of their size", async () => {
    for (const [dtype, { array, bytes }] of Object.entries(dtypes)) {
      expect(array.BYTES_PER_ELEMENT).toBe(bytes);
      const data = new array(3);
      const matrix = Matrix.from(data as Int32Array, [3], dtype as "i32");
      expect([matrix.dtype, await matrix.read()]).toEqual([dtype, data]);
    }
  });
});
