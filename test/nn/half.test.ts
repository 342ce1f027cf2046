import { expect, it } from "vitest";
import { fromBrainFloat, fromHalf, toBrainFloat, toHalf } from "#src/nn/half.js";

it("every f16 survives the way to a number and back", () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = fromHalf(bits);
    if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits);
  }
});

it("every bf16 survives the way to a number and back", () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = fromBrainFloat(bits);
    if (!Number.isNaN(value)) expect(toBrainFloat(value)).toBe(bits);
  }
});

it("rounds to the nearest, ties to even", () => {
  expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 2 ** -25 * 1.5].map(toHalf)).toEqual([
    0x3c00, 0x3c02, 0x7bff, 0x7c00, 0, 1,
  ]);
  expect([1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38].map(toBrainFloat)).toEqual([0x3f80, 0x3f82, 0x7f80]);
  expect([toHalf(Number.NaN), toBrainFloat(Number.NaN)]).toEqual([0x7e00, 0x7fc0]);
});
