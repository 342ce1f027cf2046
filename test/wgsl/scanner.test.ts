import { describe, expect, it } from "vitest";
import { scan } from "#src/wgsl/scanner.js";

/** The template brackets of a text, as the tokens they stand between. */
function templates(source: string): string[] {
  const found: string[] = [];
  const open: number[] = [];
  for (const token of scan(source)) {
    if (token.kind === "templateStart") open.push(token.start);
    if (token.kind === "templateEnd") found.push(source.slice(open.pop(), token.end));
  }
  return found;
}

describe("template lists", () => {
  it.each([
    ["array<vec4<f32>>", ["<f32>", "<vec4<f32>>"]],
    ["a<b>(c)", ["<b>"]],
    ["a < b || c > d", []],
    ["a[b<c]>d", []],
    ["f(a < b, c > (d))", ["< b, c >"]],
    ["x<y>=z", ["<y>"]],
    ["array<i32, (a > b)>", ["<i32, (a > b)>"]],
    ["array<i32, 1 << 3>", ["<i32, 1 << 3>"]],
    ["if a < b { c > d }", []],
    ["vec3<f32>(1, 2, 3)", ["<f32>"]],
    ["ptr<storage, array<u32>, read_write>", ["<u32>", "<storage, array<u32>, read_write>"]],
    ["a < b; c > d", []],
    ["a<b && c>d", []],
    ["var<private> x", ["<private>"]],
    ["vec2<i32/*<*/>", ["<i32/*<*/>"]],
  ])("%s", (source, expected) => {
    expect(templates(source)).toEqual(expected);
  });
});

describe("tokens", () => {
  it("reads every kind of number", () => {
    const source =
      "0 1u 0x1Fi 1. .5 1e3 1.5e-2f 2h 0x1.8p3 0x1p-2f 0xffu 1li 0x1flu 1lf 1.lf .5e2lf 0x1.8p3lf";
    expect(
      scan(source)
        .filter((token) => token.kind === "number")
        .map((token) => token.text),
    ).toEqual(source.split(" "));
  });

  it("nests block comments and ends line comments at every line break of the specification", () => {
    expect(scan("a /* b /* c */ d */ e // f\u2028g").map((token) => token.text)).toEqual(["a", "e", "g", ""]);
  });

  it("takes letters of every script", () => {
    expect(scan("Δέλτα 변수").map((token) => token.text)).toEqual(["Δέλτα", "변수", ""]);
  });

  it.each(["/* open", "01u", "a $ b", "__x", "1x"])("refuses %s", (source) => {
    expect(() => scan(source)).toThrow(expect.objectContaining({ code: "INVALID_KERNEL" }));
  });
});
