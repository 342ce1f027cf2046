import { describe, expect, it } from "vitest";
import { check, statusError, statusName } from "#src/device/cuda/status.js";

describe("a status of the driver", () => {
  it("has its name", () => {
    expect(statusName(700)).toBe("CUDA_ERROR_ILLEGAL_ADDRESS");
    expect(statusName(12_345)).toBe("CUDA status 12345");
  });

  it.each([46, 214, 700, 702, 709, 714, 715, 716, 717, 718, 719, 999])("%i loses the device", (status) => {
    expect(statusError(status, "A read").code).toBe("DEVICE_LOST");
  });

  it.each([1, 200, 209, 222, 400, 701, 801, 900])("%i does not", (status) => {
    expect(statusError(status, "A read").code).toBe("INTERNAL");
  });

  it("2 tells how full the memory is", () => {
    const { code, message, hint } = statusError(2, "Allocating 5 bytes", { free: 2 ** 20, total: 2 ** 30 });
    expect(code).toBe("OUT_OF_MEMORY");
    expect(message).toBe("Allocating 5 bytes failed: CUDA_ERROR_OUT_OF_MEMORY; 1.0 MiB of 1.0 GiB are free");
    expect(hint).toBeDefined();
    expect(() => check(0, "nothing")).not.toThrow();
    expect(() => check(1, "A copy")).toThrow("A copy failed: CUDA_ERROR_INVALID_VALUE");
  });
});
