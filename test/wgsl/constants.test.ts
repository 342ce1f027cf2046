import { describe, expect, it } from "vitest";
import { halfBits, halfFromBits, roundToHalf } from "#src/wgsl/evaluate/value.js";
import { program } from "./support.js";

/** Constant expressions with the value the specification gives them; `const_assert` is the judge. */
const facts: readonly string[] = [
  "1 + 2 * 3 == 7",
  "-7 / 2 == -3",
  "-7 % 3 == -1",
  "2147483647i + 1i == -2147483647i - 1i",
  "0u - 1u == 4294967295u",
  "(1u << 31u) == 0x80000000u",
  "(-8 >> 1u) == -4",
  "(0xF0u ^ 0xFFu) == 0x0Fu",
  "~0u == 4294967295u",
  "0.1f + 0.2f == 0.3f",
  "0.1 + 0.2 != 0.3",
  "5.5 % 2.0 == 1.5",
  "0x1.8p1 == 3.0",
  "all(vec3(1, 2, 3) * 2 == vec3(2, 4, 6))",
  "all(vec2(1.0, 2.0) + 1 == vec2(2.0, 3.0))",
  "vec4(1, 2, 3, 4).wzyx.x == 4",
  "dot(vec3(1, 2, 3), vec3(4, 5, 6)) == 32",
  "all(cross(vec3(1.0, 0.0, 0.0), vec3(0.0, 1.0, 0.0)) == vec3(0.0, 0.0, 1.0))",
  "determinant(mat2x2(1.0, 2.0, 3.0, 4.0)) == -2.0",
  "all((mat2x2(1.0, 2.0, 3.0, 4.0) * vec2(1.0, 1.0)) == vec2(4.0, 6.0))",
  "transpose(mat2x3(1.0, 2.0, 3.0, 4.0, 5.0, 6.0))[1].y == 5.0",
  "countOneBits(0xFFu) == 8u",
  "countLeadingZeros(1u) == 31u",
  "countTrailingZeros(8u) == 3u",
  "countTrailingZeros(0u) == 32u",
  "firstLeadingBit(-1) == -1",
  "firstLeadingBit(-256) == 7",
  "firstLeadingBit(0u) == 4294967295u",
  "firstTrailingBit(12) == 2",
  "reverseBits(1u) == 0x80000000u",
  "extractBits(0xABCDu, 4u, 8u) == 0xBCu",
  "extractBits(-1i, 4u, 8u) == -1i",
  "insertBits(0u, 0xFFu, 4u, 4u) == 0xF0u",
  "abs(-3) == 3",
  "sign(-2.5) == -1.0",
  "clamp(5, 1, 3) == 3",
  "round(2.5) == 2.0",
  "round(-3.5) == -4.0",
  "fract(-0.25) == 0.75",
  "select(1, 2, true) == 2",
  "frexp(6.0).exp == 3",
  "modf(-1.5).whole == -1.0",
  "ldexp(1.0, 3) == 8.0",
  "pack4x8unorm(vec4(1.0, 0.0, 0.5, 1.0)) == 0xFF8000FFu",
  "unpack2x16float(0x3C00C000u).y == 1.0",
  "pack4xI8(vec4(-1, 0, 1, 2)) == 0x020100FFu",
  "dot4I8Packed(0x01020304u, 0x01010101u) == 10",
  "bitcast<u32>(1.0f) == 0x3F800000u",
  "bitcast<i32>(0xFFFFFFFFu) == -1",
  "i32(-1.9) == -1",
  "u32(3.99f) == 3u",
  "bool(2) == true",
  "f32(true) == 1.0",
  "quantizeToF16(1.0009765625 * 1.00001f) == 1.0009765625",
  "array(1, 2, 3)[2] == 3",
  "length(vec2(3.0, 4.0)) == 5.0",
  "mix(1.0, 3.0, 0.5) == 2.0",
  "smoothstep(0.0, 2.0, 1.0) == 0.5",
  "degrees(0.0) == 0.0",
  "any(vec2(false, true)) && !all(vec2(false, true))",
];

describe("constant evaluation", () => {
  it.each(facts)("%s", (fact) => {
    expect(() => program(`const_assert ${fact};`)).not.toThrow();
    expect(() => program(`const_assert !(${fact});`)).toThrow(/false/);
  });

  it("rounds to half precision like the hardware formats", () => {
    for (let bits = 0; bits < 0x7c00; bits++) {
      const value = halfFromBits(bits);
      expect(halfBits(value)).toBe(bits);
      expect(roundToHalf(value)).toBe(value);
    }
    expect(roundToHalf(65519)).toBe(65504);
    expect(roundToHalf(65520)).toBe(Number.POSITIVE_INFINITY);
    expect(roundToHalf(1 + 2 ** -11)).toBe(1);
    expect(roundToHalf(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
    expect(roundToHalf(2 ** -25)).toBe(0);
  });
});
