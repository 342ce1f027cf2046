import { describe, expect, it } from "vitest";
import { problemIn, program } from "./support.js";

/** Each text is refused by Dawn, too; the pattern is what ours must say. */
const invalid: readonly (readonly [source: string, says: RegExp])[] = [
  ["fn f() { let x = 1; x = 2; }", /cannot be assigned/],
  ["fn f(x: u32) -> u32 { return x / 0; }", /divides by zero/],
  ["fn f(x: u32) -> u32 { return x << 33; }", /less than 32/],
  ["const a = 1i << 31u;", /loses bits/],
  ["const a = 5 % 0;", /divides by zero/],
  ["const a = 1.0 / 0.0;", /divides by zero/],
  ["const a: i32 = 2147483647 + 1;", /cannot be represented as i32/],
  ["const a = 1.0e40f;", /finite f32|too large/],
  ["const a = 4294967296u;", /does not fit u32/],
  ["const a = u32(-1);", /cannot be represented as u32/],
  ["const a = sqrt(-1.0);", /sqrt/],
  ["const a = clamp(1, 3, 2);", /low <= high/],
  ["const a = pack2x16float(vec2(1e9, 0));", /range/],
  ["const c = c + 1;", /depends on itself/],
  ["fn f() { var a: array<i32, 3>; _ = a[3]; }", /out of bounds/],
  ["fn f(v: vec3f) -> f32 { return v.w; }", /does not name components/],
  ["const a = vec2(1).xg;", /does not name components/],
  ["fn f() { var v = vec2f(); let p = &v.x; }", /no address/],
  ["fn f() { let p = &1; }", /needs a variable/],
  ["fn f() { var x: f32 = 1u; }", /must be f32, found u32/],
  ["fn f() { var x: u32 = 1.0; }", /must be u32/],
  ["fn f() { var x = 1.0 + 1u; }", /does not take abstract-float and u32/],
  ["fn f() -> bool { return true ^ false; }", /does not take bool/],
  ["fn f() { if 1 {} }", /must be bool/],
  ["fn f(x: f32) { switch x { default {} } }", /switch selector/],
  ["fn f(x: i32) { switch x { case 1, 1 {} default {} } }", /twice/],
  ["fn f(x: i32) { switch x { case 1 {} } }", /no default/],
  ["fn f() { for (;;) {} }", /never ends/],
  ["fn f() { loop { continuing { break; } } }", /outside a loop/],
  ["fn f() { loop { continuing { return; } } }", /cannot return|never ends/],
  ["fn f() { continue; }", /outside a loop/],
  ["fn f() { break; }", /outside a loop/],
  ["fn f() -> i32 { if true { return 1; } }", /without returning/],
  ["fn a() { b(); } fn b() { a(); }", /recursion/],
  ["fn f(a: i32, a: i32) {}", /two parameters/],
  ["fn f(a: i32) { let a = 1; }", /already declared/],
  ["fn f() { abs(1); }", /not used/],
  ["@must_use fn g() -> i32 { return 1; } fn f() { g(); }", /not used/],
  ["fn f() { _ = foo(1); }", /no function 'foo'/],
  ["fn f() { _ = clmap(1.0, 0.0, 1.0); }", /no function 'clmap'/],
  ["fn f() { _ = missing; }", /not declared/],
  ["fn f() { let x: i32; }", /needs a value/],
  ["var a: f32;", /needs an address space/],
  ["var<storage> a: f32;", /@group and @binding/],
  ["@group(0) @binding(0) var<storage> a: bool;", /cannot be shared/],
  ["var<workgroup> a: array<i32>;", /fixed size/],
  ["struct S { a: array<f32>, b: f32 }", /cannot hold/],
  ["struct S { a: f32, a: f32 }", /two members/],
  ["struct S { @align(3) a: f32 }", /power of two/],
  ["struct S { @size(2) a: f32 }", /less than the size/],
  ["@compute fn f() {}", /needs @workgroup_size/],
  ["@compute @workgroup_size(0) fn f() {}", /at least 1/],
  ["@compute @workgroup_size(1) fn f(@builtin(local_invocation_id) x: vec3<i32>) {}", /is vec3<u32>/],
  ["@compute @workgroup_size(1) fn f(x: u32) {}", /needs @builtin/],
  ["@foo fn f() {}", /no attribute/],
  ["const a = f16(1);", /not enabled/],
  ["enable foo;", /no extension/],
  ["override a: vec2f;", /scalar/],
  ["@id(1) override a: u32; @id(1) override b: u32;", /taken/],
  ["const_assert 1 > 2;", /false/],
  ["fn f() { var a = array<i32, 0>(); }", /at least 1/],
  [
    "fn f(a: ptr<function, i32>, b: ptr<function, i32>) { *a = *b; } fn g() { var x = 1; f(&x, &x); }",
    /two names/,
  ],
  [
    "fn f(a: ptr<function, i32>, b: ptr<function, array<i32, 2>>) { *a = b[0]; } fn g() { var x = array(1, 2); let q = &x; f(&x[0], q); }",
    /two names/,
  ],
  ["var<private> p: i32; fn f(a: ptr<private, i32>) { *a = p; } fn g() { f(&p); }", /two names/],
  ["@group(0) @binding(0) var<storage> a: array<u32>; fn f() { a[0] = 1; }", /read-only/],
  ["var<workgroup> a: atomic<u32>; fn f() { a = 1; }", /cannot be assigned/],
  ["var<workgroup> a: atomic<u32>; fn f() { _ = a; }", /atomicLoad/],
  ["fn f() { _ = bitcast<u32>(vec2f()); }", /same number of bits|cannot turn/],
  ["fn f(a: i32, b: i32, c: i32) -> bool { return a & b == c; }", /does not mix/],
  ["fn f(a: bool, b: bool, c: bool) -> bool { return a && b || c; }", /does not mix/],
  ["fn f() { let x = 1 }", /expected ';'/],
  ["fn f( { }", /expected/],
  ["let a = 1;", /module scope/],
  ["fn f() {", /expected '}'/],
  [
    "@group(0) @binding(0) var t: texture_2d<f32>; @compute @workgroup_size(1) fn f() { _ = textureDimensions(t); }",
    /textures/,
  ],
];

describe("modules WGSL does not allow", () => {
  it.each(invalid)("%s", (source, says) => {
    expect(problemIn(source).message).toMatch(says);
  });
});

describe("diagnostics", () => {
  it("carry line, column, the line and what was expected", () => {
    const error = problemIn("fn f() {\n\tlet x: f32 = 1u;\n}");
    expect(error).toMatchObject({ line: 2, column: 15, lineText: "\tlet x: f32 = 1u;" });
    expect(error.message).toContain("2:15: the value of 'x' must be f32, found u32");
    expect(error.message).toContain("2 | \tlet x: f32 = 1u;");
    expect(error.message.split("\n")[2]).toMatch(/^ {2}\| \t {13}\^\^$/);
  });

  it("suggest the name that was meant", () => {
    expect(problemIn("struct S { position: f32 } fn f(s: S) -> f32 { return s.positon; }").hint).toBe(
      "Did you mean 'position'?",
    );
    expect(problemIn("fn f() { _ = clmp(1.0, 0.0, 1.0); }").hint).toBe("Did you mean 'clamp'?");
  });
});

/** Valid, each for one rule that a simpler checker gets wrong. */
const valid: readonly string[] = [
  "fn f(x: f32) { var r = frexp(0.75); r = frexp(x); var s = modf(vec2(1.5)); s = modf(vec2(x)); let e: i32 = r.exp; }",
  "fn f() { _ = false && (1 / 0 == 1); }",
  "fn f() { var a = array(1u, 2u); _ = 1u != 1u && a[0 % 2] < 1u; }",
  "const n = array(1, 2, 3)[1u]; const_assert n == 2;",
  "fn f() { let b = a(); } fn a() -> T { return T(1); } alias T = U; alias U = f32;",
  "fn f(a: i32) { { let a = 1.0; _ = a + 0.5; } }",
  "fn f() -> i32 { loop { return 1; } }",
  "fn f() { loop { if true { break; } let x = 1; continuing { _ = x; } } }",
  "fn f() { var v = vec3f(); v.xz += vec2f(1); v.y++; }".replace("v.y++", "v.y += 1"),
  "struct A { x: u32, @align(16) y: array<vec3f, 2> } var<private> a: A; fn f() { let p = &a.y; _ = p[1].x; }",
  "fn f(x: f32) { let y = select(1, 2, x > 0); let z: i32 = y; }",
  "fn min(a: i32) -> i32 { return a; } fn f() { _ = min(3); }",
  "override n: u32 = 4; override m = n * 2; var<workgroup> w: array<f32, m>; @compute @workgroup_size(n) fn f() { _ = w[0]; }",
  "@group(0) @binding(0) var t: texture_2d<f32>; @fragment fn g() { _ = textureDimensions(t); } @compute @workgroup_size(1) fn f() {}",
];

describe("modules WGSL allows", () => {
  it.each(valid)("%s", (source) => {
    expect(program(source).functions).toBeInstanceOf(Array);
  });
});
