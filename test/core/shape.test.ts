import { expect, it } from "vitest";
import { elementCount, formatShape, isShape, sameShape } from "#src/core/shape.js";

it("counts elements", () => {
  expect(elementCount([])).toBe(1);
  expect(elementCount([2, 3, 4])).toBe(24);
  expect(elementCount([2, 0])).toBe(0);
});

it("compares and formats shapes", () => {
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(formatShape([2, 3])).toBe("2x3");
  expect(formatShape([])).toBe("scalar");
});

it("accepts whole sizes only", () => {
  expect(isShape([0, 5])).toBe(true);
  for (const size of [-1, 1.5, Number.NaN, Infinity]) expect(isShape([size])).toBe(false);
});
