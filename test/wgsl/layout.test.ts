import { describe, expect, it } from "vitest";
import { translate } from "#src/wgsl/index.js";
import { layoutOf, memberLayouts } from "#src/wgsl/layout.js";
import type { StructType } from "#src/wgsl/types.js";
import { program } from "./support.js";

function struct(members: string): StructType {
  const { globals } = program(
    `enable f16; struct S { ${members} } @group(0) @binding(0) var<storage, read_write> s: S;`,
  );
  return globals[0]?.type as StructType;
}

/** Offsets and sizes from WGSL section 14.4.1 and its examples. */
describe("memory layout", () => {
  it.each([
    ["a: u32, b: vec2<f32>, c: vec3<f32>, d: f32, e: vec4<f32>", [0, 8, 16, 28, 32], 16, 48],
    ["a: vec3<f32>, b: f32", [0, 12], 16, 16],
    ["a: f32, b: mat3x3<f32>, c: f32", [0, 16, 64], 16, 80],
    ["a: f32, b: array<vec3<f32>, 2>, c: f32", [0, 16, 48], 16, 64],
    ["a: mat2x2<f32>, b: mat4x2<f32>, c: mat2x4<f32>", [0, 16, 48], 16, 80],
    ["a: f32, @size(32) b: f32, @align(64) c: f32", [0, 4, 64], 64, 128],
    ["a: f16, b: vec3<f16>, c: f16, d: vec2<f16>", [0, 8, 14, 16], 8, 24],
    ["a: atomic<u32>, b: array<u32>", [0, 4], 4, 4],
  ])("%s", (members, offsets, align, size) => {
    const type = struct(members);
    expect(memberLayouts(type).map((item) => item.offset)).toEqual(offsets);
    expect(layoutOf(type)).toEqual({ align, size });
  });

  it("says how small a binding may be and where the runtime-sized array starts", () => {
    const source = `
      struct Tail { count: u32, rest: array<vec3<f32>> }
      @group(1) @binding(2) var<storage, read_write> tail: Tail;
      @group(0) @binding(3) var<uniform> scale: vec4<f32>;
      @compute @workgroup_size(4, 2) fn main() { tail.rest[0] = scale.xyz; }`;
    const { bindings, workgroupSize } = translate(source, "opencl");
    expect(workgroupSize).toEqual([4, 2, 1]);
    expect(bindings).toEqual([
      {
        name: "scale",
        group: 0,
        binding: 3,
        access: "uniform",
        minByteLength: 16,
        elementStride: undefined,
        elementOffset: 0,
      },
      {
        name: "tail",
        group: 1,
        binding: 2,
        access: "read_write",
        minByteLength: 32,
        elementStride: 16,
        elementOffset: 16,
      },
    ]);
  });
});

describe("overrides", () => {
  const source = `override n: u32; override scale = 2.0; @group(0) @binding(0) var<storage, read_write> out: array<f32>;
    @compute @workgroup_size(n) fn main() { out[0] = scale * f32(n); }`;

  it("take the caller's values or their own", () => {
    expect(translate(source, "opencl", { constants: { n: 32 } }).workgroupSize).toEqual([32, 1, 1]);
    expect(translate(source, "opencl", { constants: { n: 8, scale: 0.5 } }).code).toContain("0.5f");
  });

  it("must have a value, be known, and fit their type", () => {
    expect(() => translate(source, "opencl")).toThrow(/no value/);
    expect(() => translate(source, "opencl", { constants: { n: 1, m: 2 } })).toThrow(/no override 'm'/);
    expect(() => translate(source, "opencl", { constants: { n: 1.5 } })).toThrow(/is u32/);
    expect(() => translate(source, "opencl", { constants: { n: 0 } })).toThrow(/at least 1/);
  });
});

describe("hostile texts", () => {
  const kernel = (expression: string) =>
    `@group(0) @binding(0) var<storage, read_write> out: array<f32>; @compute @workgroup_size(1) fn main() { out[0] = ${expression}; }`;

  it("that nest too deeply are refused", () => {
    const deep = kernel(`${"(".repeat(200_000)}1${")".repeat(200_000)}`);
    expect(() => translate(deep, "opencl")).toThrow(expect.objectContaining({ code: "INVALID_KERNEL" }));
  });

  it("that are long but flat are translated", () => {
    const long = kernel(Array.from({ length: 500 }, () => "out[1]").join(" + "));
    expect(translate(long, "opencl").code).toContain("t1");
    expect(translate(long, "webgpu").code).toContain("out[1i] + out[1i]");
  });
});

describe("entry points", () => {
  const source = "@compute @workgroup_size(1) fn a() {} @compute @workgroup_size(2) fn b() {}";

  it("are chosen by name", () => {
    expect(translate(source, "opencl", { entryPoint: "b" })).toMatchObject({
      entryPoint: "b",
      kernelName: "b_",
      workgroupSize: [2, 1, 1],
    });
    expect(() => translate(source, "opencl")).toThrow(/several entry points: a, b/);
    expect(() => translate(source, "opencl", { entryPoint: "c" })).toThrow(/no compute entry point 'c'/);
    expect(() => translate("fn f() {}", "opencl")).toThrow(/no compute entry point/);
  });
});
