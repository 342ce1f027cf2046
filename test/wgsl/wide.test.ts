import { describe, expect, it } from "vitest";
import { translate } from "#src/wgsl/index.js";
import { layoutOf, memberLayouts } from "#src/wgsl/layout.js";
import { type StructType, typeName } from "#src/wgsl/types.js";
import { problemIn, program } from "./support.js";

/** Names that the texts below use. */
const names = `
  var<private> vi: vec2<i64>; var<private> vu: vec3<u64>; var<private> vd: vec4<f64>;
  var<private> i: i64; var<private> u: u64; var<private> d: f64; var<private> n: i32; var<private> c: bool;
  var<private> s: f32; var<private> w: u32;`;

function typeOf(expression: string): string {
  const [statement] =
    program(`${names} fn f() { let x = ${expression}; }`).functions[0]?.body.statements ?? [];
  if (statement?.kind !== "let") throw new Error(`${expression} declares nothing`);
  return typeName(statement.value.type);
}

describe("the type of an expression", () => {
  it.each([
    ["1li", "i64"],
    ["1lu", "u64"],
    ["0x7fli", "i64"],
    ["0xfflu", "u64"],
    ["1lf", "f64"],
    ["1.5lf", "f64"],
    [".5e-3lf", "f64"],
    ["0x1.8p3lf", "f64"],
    ["-9223372036854775808li", "i64"],
    ["1 + i", "i64"],
    ["u - 1", "u64"],
    ["d * 2", "f64"],
    ["2.5 / d", "f64"],
    ["vi * 3", "vec2<i64>"],
    ["vec2<i64>(1, 2) * 3", "vec2<i64>"],
    ["3 * vu", "vec3<u64>"],
    ["vd + 1.5", "vec4<f64>"],
    ["vd * d", "vec4<f64>"],
    ["i << 40", "i64"],
    ["u >> w", "u64"],
    ["vi << vec2(1, 2)", "vec2<i64>"],
    ["~i", "i64"],
    ["-i", "i64"],
    ["-vd", "vec4<f64>"],
    ["i & 255", "i64"],
    ["vu ^ vu", "vec3<u64>"],
    ["i == 1", "bool"],
    ["vi < vec2(1, 2)", "vec2<bool>"],
    ["u % 10", "u64"],
    ["i64(n)", "i64"],
    ["u64(d)", "u64"],
    ["f64(s)", "f64"],
    ["f64(i)", "f64"],
    ["i64(c)", "i64"],
    ["bool(u)", "bool"],
    ["i32(i)", "i32"],
    ["f32(d)", "f32"],
    ["vec2<u32>(vi)", "vec2<u32>"],
    ["vec3<f64>(vu)", "vec3<f64>"],
    ["vec2(i, 1)", "vec2<i64>"],
    ["vec3(vi, 7)", "vec3<i64>"],
    ["vec4<u64>(u)", "vec4<u64>"],
    ["vec2<f64>()", "vec2<f64>"],
    ["array<u64, 2>(1, 2)", "array<u64, 2>"],
    ["array(1, i, 3)", "array<i64, 3>"],
    ["vu.zy", "vec2<u64>"],
    ["vd[n]", "f64"],
    ["bitcast<u64>(i)", "u64"],
    ["bitcast<vec2<f64>>(vi)", "vec2<f64>"],
    ["bitcast<vec2<u32>>(d)", "vec2<u32>"],
    ["bitcast<i64>(vec2<f32>())", "i64"],
    ["bitcast<f64>(0x3ff0000000000000)", "f64"],
    ["min(i, 5)", "i64"],
    ["max(5, u)", "u64"],
    ["abs(vi)", "vec2<i64>"],
    ["sign(i)", "i64"],
    ["clamp(i, 0, 10)", "i64"],
    ["clamp(vd, vec4(0), vec4(1.5))", "vec4<f64>"],
    ["select(1li, 0, c)", "i64"],
    ["select(0, u, c)", "u64"],
    ["select(vec2(0), vi, vec2<bool>())", "vec2<i64>"],
    ["dot(vi, vec2(1, 2))", "i64"],
    ["dot(vd, vd)", "f64"],
    ["countOneBits(u)", "u64"],
    ["countLeadingZeros(vi)", "vec2<i64>"],
    ["countTrailingZeros(i)", "i64"],
    ["firstLeadingBit(i)", "i64"],
    ["firstTrailingBit(vu)", "vec3<u64>"],
    ["reverseBits(u)", "u64"],
    ["sqrt(d)", "f64"],
    ["pow(d, 2)", "f64"],
    ["fma(vd, vd, vd)", "vec4<f64>"],
    ["mix(vd, vd, 0.5)", "vec4<f64>"],
    ["ldexp(d, 3)", "f64"],
    ["frexp(d).exp", "i32"],
    ["frexp(vd).fract", "vec4<f64>"],
    ["modf(d).whole", "f64"],
    ["length(vd)", "f64"],
    ["sqrt(2)", "f32"],
    ["max(1, 2)", "i32"],
  ])("%s is %s", (expression, type) => {
    expect(typeOf(expression)).toBe(type);
  });
});

/** Valid as they stand. */
const valid: readonly string[] = [
  "const a: i64 = 1; const b: u64 = 2; const c: f64 = 3; const d: f64 = 1.5;",
  "fn f(a: i64, b: vec3<u64>) -> f64 { var x = a; x++; x--; x += 1; x <<= 3u; x %= 7; return f64(x) + f64(b.y); }",
  "struct S { a: u32, b: i64, c: vec3<f64> } @group(0) @binding(0) var<storage, read_write> s: array<S>;",
  "@group(0) @binding(0) var<uniform> u: vec2<u64>; var<workgroup> w: array<i64, 64>; var<private> p: f64 = 1;",
  "fn f() { for (var i = 0lu; i < 10; i++) { if i > 5 { break; } } }",
  "fn f(p: ptr<function, i64>) { *p = -1; } fn g() { var x: i64; f(&x); }",
  "override a: i64 = 5; override b = 7lu; override c: f64 = a_third; const a_third = 1.0lf / 3;",
  "alias Id = u64; fn f(a: Id) -> Id { return a; }",
  "alias i64 = f32; const a: i64 = 1.5;",
  "fn u64(a: f32) -> f32 { return a; } fn f() -> f32 { return u64(1); }",
  "fn f() { let f64 = 1; let i64 = f64 + 1; }",
  "var<workgroup> w: u64; fn f() -> u64 { return workgroupUniformLoad(&w); }",
];

describe("64-bit modules", () => {
  it.each(valid)("%s", (source) => {
    expect(program(source).source).toBe(source);
  });
});

/** Text, what the error says, and its column; a ¦ in the text marks the place. */
const invalid: readonly (readonly [marked: string, says: RegExp])[] = [
  ["const a = ¦9223372036854775808li;", /'9223372036854775808li' does not fit i64/],
  ["const a = ¦0x8000000000000000li;", /does not fit i64/],
  ["const a = -¦9223372036854775809li;", /does not fit i64/],
  ["const a = ¦18446744073709551616lu;", /'18446744073709551616lu' does not fit u64/],
  ["const a = ¦18446744073709551615;", /does not fit abstract-int/],
  ["const a = ¦1e309lf;", /too large for f64/],
  ["const a = ¦0x1.00000000000001p0lf;", /more digits than f64 holds/],
  ["const a = ¦0x1p-1075lf;", /more digits than f64 holds/],
  ["const a = ¦0xffLU;", /no such literal/],
  ["const a = ¦1LI;", /no such literal/],
  ["const a: u64 = ¦-1;", /-1 cannot be represented as u64/],
  ["const a = ¦u64(-1);", /-1 cannot be represented as u64/],
  ["const a: i64 = ¦1.5;", /must be i64, found abstract-float/],
  ["const a: i64 = ¦1i;", /must be i64, found i32/],
  ["const a: f64 = ¦1f;", /must be f64, found f32/],
  ["const a: f32 = ¦1lf;", /must be f32, found f64/],
  ["const a = ¦1li + 1lu;", /does not take i64 and u64/],
  ["const a = ¦1lf * 1f;", /does not take f64 and f32/],
  ["const a = ¦1li + 0.5;", /does not take i64 and abstract-float/],
  ["const a = ¦1li / 0;", /divides by zero/],
  ["const a = ¦1lf / 0;", /divides by zero/],
  ["const a = ¦-9223372036854775808li / -1;", /overflows i64/],
  ["const a = ¦1li << 63u;", /loses bits/],
  ["const a = ¦1lu << 64u;", /less than 64/],
  ["fn f(x: u64) -> u64 { return ¦x >> 64u; }", /less than 64/],
  ["fn f(x: u64) -> u64 { return ¦x << x; }", /'<<' does not take u64 and u64/],
  ["fn f(x: u64) -> u64 { return ¦-x; }", /'-' does not apply to u64/],
  ["fn f(x: f64) -> f64 { return ¦~x; }", /'~' does not apply to f64/],
  ["fn f(x: f64) -> bool { return ¦!x; }", /'!' does not apply to f64/],
  ["fn f(x: f64) { var y = x; ¦y++; }", /needs an integer, found f64/],
  ["fn f(x: i64) { var y = array(1, 2); y[¦x] = 1; }", /an index must be i32 or u32, found i64/],
  ["fn f(x: u64) { switch ¦x { default {} } }", /switch selector must be i32, found u64/],
  ["fn f(x: i32) { switch x { case ¦1li {} default {} } }", /case selector must be i32, found i64/],
  ["var<private> a: array<f32, ¦4lu>;", /count must be i32, found u64/],
  ["@compute @workgroup_size(¦64li) fn f() {}", /must be i32, found i64/],
  ["struct S { @align(¦8lu) a: u32 }", /must be a constant i32 or u32/],
  ["var<private> a: ¦mat2x2<f64>;", /matrices hold f32 or f16, not f64/],
  ["var<private> a: ¦mat2x2<i64>;", /matrices hold f32 or f16, not i64/],
  ["const a = ¦mat2x2(1lf, 2, 3, 4);", /matrices hold f32 or f16, not f64/],
  ["var<workgroup> a: ¦atomic<u64>;", /an atomic holds i32 or u32, not u64/],
  ["var<private> a: ¦i64<u32>;", /takes no template arguments/],
  ["var<private> a: ¦vec2l;", /no type 'vec2l'/],
  ["fn f(x: u64) -> u64 { return ¦extractBits(x, 0, 8); }", /does not take \(u64/],
  ["fn f(x: f64) -> f64 { return ¦quantizeToF16(x); }", /does not take \(f64\)/],
  ["fn f(x: i64) -> f64 { return ¦sqrt(x); }", /does not take \(i64\)/],
  ["fn f(x: f64) -> f64 { return ¦countOneBits(x); }", /does not take \(f64\)/],
  ["const a = ¦bitcast<u64>(1u);", /cannot turn u32 into u64/],
  ["const a = ¦bitcast<vec2<u64>>(vec4(1u));", /cannot turn vec4<u32> into vec2<u64>/],
  ["const a = ¦bitcast<f64>(0x7ff0000000000000lu);", /not a finite f64/],
  ["const a = ¦f32(1e300lf);", /1e\+300 is not a finite f32/],
  ["enable subgroups; fn f(x: u64) -> u64 { return ¦subgroupAdd(x); }", /does not take \(u64\)/],
  ["const a = ¦clamp(1lu, 3, 2);", /low <= high/],
];

describe("64-bit mistakes", () => {
  it.each(invalid)("%s", (marked, says) => {
    const error = problemIn(marked.replace("¦", ""));
    expect(error.message).toMatch(says);
    expect([error.line, error.column]).toEqual([1, marked.indexOf("¦") + 1]);
  });

  it("say what to write instead", () => {
    expect(problemIn("const a = 18446744073709551615;").hint).toBe("Write 18446744073709551615lu.");
    expect(problemIn("fn f(x: i64) { var y = vec2f(); _ = y[x]; }").hint).toBe("Convert it: u32(…).");
    expect(problemIn("fn f(x: i64) -> u64 { return x; }").hint).toBe("Convert it: u64(…).");
    expect(problemIn("var<workgroup> a: atomic<i64>;").hint).toMatch(/two of u32/);
    expect(problemIn("fn f(x: i46) {}").hint).toBe("Did you mean 'i64'?");
  });
});

function struct(members: string): StructType {
  const text = `struct S { ${members} } @group(0) @binding(0) var<storage, read_write> s: S;`;
  return program(text).globals[0]?.type as StructType;
}

describe("the layout of 64-bit types", () => {
  it.each([
    ["a: u32, b: i64, c: u32", [0, 8, 16], 8, 24],
    ["a: f64, b: u32, c: u32", [0, 8, 12], 8, 16],
    ["a: u32, b: vec2<u64>, c: u32", [0, 16, 32], 16, 48],
    ["a: i64, b: vec3<i64>, c: i64", [0, 32, 56], 32, 64],
    ["a: u32, b: vec4<f64>", [0, 32], 32, 64],
    ["a: u32, b: array<u64, 3>, c: u32", [0, 8, 32], 8, 40],
    ["a: array<vec3<u64>, 2>, b: u32", [0, 64], 32, 96],
    ["a: u32, @align(32) @size(24) b: u64, c: u32", [0, 32, 56], 32, 64],
    ["a: u32, b: array<i64>", [0, 8], 8, 8],
  ])("%s", (members, offsets, align, size) => {
    const type = struct(members);
    expect(memberLayouts(type).map((item) => item.offset)).toEqual(offsets);
    expect(layoutOf(type)).toEqual({ align, size });
  });

  it("may not be narrowed by attributes", () => {
    expect(problemIn("struct S { @align(4) a: u64 }").message).toMatch(/alignment of u64, 8/);
    expect(problemIn("struct S { @size(4) a: f64 }").message).toMatch(/size of f64, 8 bytes/);
  });
});

describe("f64 on WebGPU", () => {
  const uses = `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
    override scale: f64 = 2;
    fn twice(x: f32) -> f32 {
      return f32(x + f32(2 * f64(x)));
    }
    @compute @workgroup_size(1) fn doubles() { out[0] = twice(out[1]); }
    @compute @workgroup_size(1) fn folded() { out[0] = f32(1.5lf + 1.0lf); }
    @compute @workgroup_size(1) fn integers() { out[0] = f32(bitcast<i32>(u32(3))); }`;

  it("is refused at the first place the entry point uses it", () => {
    expect(() => translate(uses, "webgpu", { entryPoint: "doubles" })).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: expect.stringMatching(/^4:26: WebGPU has no f64, which 'doubles' uses here\n4 \| /),
        hint: expect.stringMatching(/CPU.*u64/),
      }),
    );
  });

  it("does not count where the entry point does not reach it or it is folded away", () => {
    expect(translate(uses, "webgpu", { entryPoint: "folded" }).code).toContain("2.5f");
    expect(translate(uses, "webgpu", { entryPoint: "integers" }).code).not.toContain("f64");
  });

  it.each([
    ["@group(0) @binding(0) var<storage, read_write> a: array<f64>; fn g() { _ = arrayLength(&a); }", "1:48"],
    ["struct S { a: u32, b: f64 } var<private> s: S; fn g() { s.a = 1; }", "1:42"],
    ["fn g() { var x: array<vec2<f64>, 2>; }", "1:14"],
    ["fn g(x: f64) {}", "1:6"],
    ["var<private> p: f32 = f32(k); override k: f64 = 1; fn g() { p = 1; }", "1:27"],
  ])("%s", (text, place) => {
    const call = text.includes("x: f64") ? "g(1)" : "g()";
    const source = `${text} @compute @workgroup_size(1) fn main() { ${call}; }`;
    expect(() => translate(source, "webgpu")).toThrow(new RegExp(`^${place}: WebGPU has no f64`));
  });
});

describe("overrides of 64 bits", () => {
  const source = `override count: i64; override bits: u64 = 1; override ratio: f64 = 0.5; override small: i32 = 1;
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    @compute @workgroup_size(u32(count % 7)) fn main() { out[0] = u32(bits >> 60) + u32(ratio) + u32(small); }`;
  const sizeWith = (constants: Record<string, number | bigint | boolean>) =>
    translate(source.replaceAll("u32(ratio)", "1u"), "webgpu", { constants }).workgroupSize[0];

  it("take numbers and bigints, exactly", () => {
    expect(sizeWith({ count: 12 })).toBe(5);
    expect(sizeWith({ count: 2n ** 63n - 2n })).toBe(6);
    expect(sizeWith({ count: Number.MAX_SAFE_INTEGER })).toBe(Number(BigInt(Number.MAX_SAFE_INTEGER) % 7n));
    expect(sizeWith({ count: true })).toBe(1);
  });

  it("leave nothing of 64 bits in WGSL where only sizes use them", () => {
    const text = `override n: u64 = 130; override x: f64 = n_half; const n_half = 65.0lf; var<workgroup> w: array<u32, u32(n)>;
      @compute @workgroup_size(u32(n % 64)) fn main() { w[u32(0)] = 1; }`;
    const { code, workgroupSize, workgroupBytes } = translate(text, "webgpu");
    expect([workgroupSize[0], workgroupBytes]).toEqual([2, 528]);
    expect(code).not.toMatch(/64/);
  });

  it("place arithmetic that fails for their values", () => {
    const text = "override a: i64 = 0; override b = 7li / a; @compute @workgroup_size(1) fn f() { _ = b; }";
    expect(() => translate(text, "webgpu")).toThrow(/^1:35: 7 \/ 0 divides by zero\n1 \| override/);
  });

  it.each([
    [{ count: 2n ** 63n }, /'count' is i64, got 9223372036854775808/],
    [{ count: 1.5 }, /'count' is i64, got 1.5/],
    [{ count: 2 ** 60 }, /'count' is i64, got 1152921504606847000/],
    [{ count: 1, bits: -1 }, /'bits' is u64, got -1/],
    [{ count: 1, bits: 2n ** 64n }, /'bits' is u64/],
    [{ count: 1, ratio: Number.NaN }, /'ratio' is f64, got NaN/],
    [{ count: 1, small: 2 ** 31 }, /'small' is i32, got 2147483648/],
    [{ count: 1, small: 2n ** 31n }, /'small' is i32/],
  ])("%o is refused", (constants, says) => {
    expect(() => sizeWith(constants)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(says) }),
    );
  });
});

describe("64-bit values in the analyses", () => {
  const kernel = (body: string) =>
    `@group(0) @binding(0) var<storage, read> given: array<u64>; @group(0) @binding(1) var<uniform> limit: vec2<i64>;
     @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) at: u32) { ${body} }`;

  it("carry uniformity", () => {
    expect(problemIn(kernel("if given[at] > 3 { workgroupBarrier(); }")).message).toMatch(
      /must be reached by all threads/,
    );
    expect(problemIn(kernel("let id = i64(at); if id > limit.x { workgroupBarrier(); }")).message).toMatch(
      /must be reached by all threads/,
    );
    expect(program(kernel("if limit.x > limit.y { workgroupBarrier(); }")).entryPoints).toHaveLength(1);
  });

  it("are watched for aliases", () => {
    const text =
      "fn f(a: ptr<function, u64>, b: ptr<function, u64>) { *a = *b; } fn g() { var x = 1lu; f(&x, &x); }";
    expect(problemIn(text).message).toMatch(/two names/);
  });

  it("return on every path", () => {
    expect(problemIn("fn f(x: i64) -> i64 { if x > 0 { return x; } }").message).toMatch(/without returning/);
  });
});
