import { expect, it } from "vitest";
import { onEveryDevice } from "../support/devices.js";

const lowest = -2147483648;

/** The float with these bits, for cases that put integers among floats. */
function asFloat(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
}

interface Case {
  readonly name: string;
  readonly enable?: "f16";
  /** Module scope, before the kernel. */
  readonly module?: string;
  /** The kernel's statements: reads `given`, calls `put(u32)`, `puti(i32)`, `putf(f32)`. */
  readonly body: string;
  readonly given?: readonly number[];
  readonly expected: readonly number[];
  /** How `expected` is stored. */
  readonly as?: "u32" | "i32" | "f32";
}

const head = `
@group(0) @binding(0) var<storage, read> given: array<i32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
var<private> next: u32;
fn put(value: u32) { out[next] = value; next += 1u; }
fn puti(value: i32) { put(bitcast<u32>(value)); }
fn putf(value: f32) { put(bitcast<u32>(value)); }
`;

/** What WGSL says each of these computes; the given values keep compilers from folding them away. */
const cases: readonly Case[] = [
  {
    name: "integers wrap",
    body: "puti(given[0] + 1); puti(given[1] - 1); puti(given[0] * 2); put(u32(given[2]) - 1u); puti(-given[1]); puti(abs(given[1]));",
    given: [2147483647, lowest, 0],
    as: "i32",
    expected: [lowest, 2147483647, -2, -1, lowest, lowest],
  },
  {
    name: "division and remainder are defined everywhere",
    body: `puti(given[0] / given[1]); puti(given[0] % given[1]); puti(given[2] / given[3]); puti(given[2] % given[3]);
      put(u32(given[0]) / u32(given[1])); put(u32(given[0]) % u32(given[1])); puti(-given[0] / 3); puti(-given[0] % 3);
      let v = vec2(given[0], given[2]) / vec2(given[1], given[3]); puti(v.x); puti(v.y);
      let r = vec2(given[0], given[2]) % vec2(given[1], given[3]); puti(r.x); puti(r.y);`,
    given: [7, 0, lowest, -1],
    as: "i32",
    expected: [7, 0, lowest, 0, 7, 0, -2, -1, 7, lowest, 0, 0],
  },
  {
    name: "results of frexp and modf that are constants live in variables, too",
    body: `var r = frexp(-6.0); putf(r.fract); putf(f32(r.exp)); r = frexp(f32(given[0])); putf(f32(r.exp));
      var m = modf(vec2(1.5, -2.25)); putf(m.fract.y); putf(m.whole.y); m = modf(vec2(f32(given[0]))); putf(m.whole.x);`,
    given: [32],
    as: "f32",
    expected: [-0.75, 3, 6, -0.25, -2, 32],
  },
  {
    name: "shift counts are masked, right shifts keep the sign",
    body: "let n = u32(given[0]); put(1u << (n + 1u)); puti(given[1] >> 1u); put(u32(given[1]) >> 28u); puti(given[1] << (n + 2u));",
    given: [32, -8],
    as: "i32",
    expected: [2, -4, 15, -32],
  },
  {
    name: "floats become integers by truncation, kept in range",
    body: `let f = vec4f(vec4i(given[0], given[1], given[2], given[3])); puti(i32(f.x * 1e9)); puti(i32(f.y * 1e9)); put(u32(f.y)); puti(i32(f.z / 2)); puti(i32(f.w / 2));`,
    given: [5, -5, 3, -3],
    as: "i32",
    expected: [2147483520, lowest, 0, 1, -1],
  },
  {
    name: "float remainder truncates",
    body: "let a = f32(given[0]) / 2; let b = f32(given[1]); putf(a % b); putf(-a % b); putf((vec2f(a) % 2).y);",
    given: [11, 2],
    as: "f32",
    expected: [1.5, -1.5, 1.5],
  },
  {
    name: "variables and workgroup memory start at zero",
    module:
      "struct S { a: vec3f, b: array<u32, 5>, c: mat3x3f } var<workgroup> w: array<u32, 300>; var<private> p: S;",
    body: "var s: S; put(bitcast<u32>(s.a.z + s.c[2][2] + p.c[1].y)); put(s.b[4] | p.b[3]); put(w[299] | w[0]);",
    expected: [0, 0, 0],
  },
  {
    name: "operands are evaluated from left to right",
    module: "fn bump(p: ptr<function, i32>, by: i32) -> i32 { *p = *p * 10 + by; return *p; }",
    body: `var a = given[0]; let r = bump(&a, 1) - bump(&a, 2); puti(r); var b = 1; let s = b + bump(&b, 3) * b; puti(s);
      var c = 1; let v = vec3i(bump(&c, 1), c, bump(&c, 2)); puti(v.x); puti(v.y); puti(v.z);
      var d = 1; var list = array<i32, 4>(); list[d] = bump(&d, 0); puti(list[1]);`,
    given: [1],
    as: "i32",
    expected: [11 - 112, 1 + 13 * 13, 11, 11, 112, 10],
  },
  {
    name: "&& and || skip their right side",
    module: "fn touch(p: ptr<function, i32>) -> bool { *p += 1; return true; }",
    body: "var n = 0; let no = given[0] > 5; let a = no && touch(&n); let b = !no || touch(&n); let c = !no && touch(&n); puti(n); put(u32(a)); put(u32(b)); put(u32(c));",
    given: [1],
    as: "i32",
    expected: [1, 0, 1, 1],
  },
  {
    name: "indices out of bounds stay inside",
    body: "var a = array<i32, 3>(1, 2, 3); a[given[0]] = 9; puti(a[2]); puti(a[given[1]]); let v = vec3i(4, 5, 6); puti(v[given[0]]); var m = mat2x2f(1, 2, 3, 4); puti(i32(m[given[0]][given[0]]));",
    given: [100, -1],
    as: "i32",
    expected: [9, 9, 6, 4],
  },
  {
    name: "bool vectors",
    body: `let v = vec4i(given[0], given[1], given[0], given[1]); let c = v > vec4i(2); put(u32(c.x)); put(u32(c[given[0] - 6])); put(u32(any(c)));
      put(u32(all(c))); let s = select(vec4i(0), v, c); puti(s.x + s.y); puti(vec4i(c).z); putf(vec4f(!c).y); put(vec4u(c & !c.wxyz).x);
      var b = vec3<bool>(true, false, true); b[1] = true; b.x = false; puti(vec3i(b).x + 2 * vec3i(b).y + 4 * vec3i(b).z); put(u32(all(b == vec3(false, true, true))));`,
    given: [7, 1],
    expected: [1, 0, 1, 0, 7, 1, 0x3f800000, 1, 6, 1],
  },
  {
    name: "loops: continue runs the continuing part, break if ends",
    body: `var sum = 0; var i = 0; loop { i++; if i % 2 == 0 { continue; } sum += i; continuing { sum += 100; break if i >= given[0]; } } puti(sum);
      var n = 0; for (var k = 0; k < 10; k++) { if k == 3 { continue; } if k == 7 { break; } n += k; } puti(n);
      var w = given[0]; while w > 0 { w -= 2; if w == 1 { continue; } n += 1000; } puti(n);`,
    given: [5],
    as: "i32",
    expected: [9 + 500, 0 + 1 + 2 + 4 + 5 + 6, 2018],
  },
  {
    name: "switch: default anywhere, several selectors, break and continue",
    body: `for (var k = 0; k < 5; k++) { var r = 0; switch k { case 0, 1: { r = 10; if k == 1 { break; } r = 11; } default: { r = 99; } case 3 { continue; } } puti(r + given[0]); }`,
    given: [0],
    as: "i32",
    expected: [11, 10, 99, 99],
  },
  {
    name: "pointers into structures, arrays and matrices",
    module: `struct T { v: vec3f, w: f32 } struct S { t: array<T, 2>, m: mat3x3f }
      fn assign(p: ptr<function, vec3f>, x: f32) { (*p).y = x; } fn add(p: ptr<function, T>) { p.v += vec3f(1, 2, 3); p.w *= 2; }`,
    body: "var s: S; s.t[1].w = 4; assign(&s.t[1].v, 5); add(&s.t[1]); assign(&s.m[2], 7); let q = &s.t[1]; putf(q.v.x); putf(q.v.y); putf(q.v.z); putf(q.w); putf(s.m[2].y); putf(s.t[0].v.y + f32(given[0]));",
    given: [0],
    as: "f32",
    expected: [1, 7, 3, 8, 7, 0],
  },
  {
    name: "matrices",
    body: `let x = f32(given[0]); let a = mat2x3f(vec3f(x, 2, 3), vec3f(4, 5, 6)); let b = mat3x2f(1, 0, 0, 1, 1, 1); let c = b * a; putf(c[0].x); putf(c[1].y);
      let d = a * b; putf(d[2].z); let v = a * vec2f(1, 2); putf(v.x); let u = vec3f(1, 1, 1) * a; putf(u.y); let t = transpose(a); putf(t[2].y);
      let e = mat4x4f(2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 1, 2, 3, 1); putf((e * vec4f(1, 1, 1, 1)).z); putf(determinant(e)); putf((e + e * 0.5)[0][0]); putf(determinant(mat3x3f(x, 2, 0, 0, 3, 4, 5, 0, 6)));`,
    given: [1],
    as: "f32",
    expected: [4, 11, 9, 9, 15, 6, 5, 8, 3, 58],
  },
  {
    name: "vec3 is followed closely by a scalar, padding belongs to nobody",
    module:
      "struct P { a: vec3f, b: f32, c: vec3f } @group(0) @binding(2) var<storage, read_write> shared_: array<P, 2>;",
    body: "shared_[0].b = 5; shared_[1] = P(vec3f(1, 2, 3), 4, vec3f(5, 6, 7)); shared_[0].a = shared_[1].c; let p = shared_[0]; putf(p.a.z); putf(p.b); putf(shared_[1].a.z + shared_[1].b);",
    as: "f32",
    expected: [7, 5, 7],
  },
  {
    name: "constant tables with an index known at run time",
    module:
      "struct E { k: vec3i, n: i32 } const table = array(E(vec3i(1, 2, 3), 4), E(vec3i(5, 6, 7), 8)); const squares = array(0, 1, 4, 9);",
    body: "puti(table[given[0]].k.y); puti(table[given[0]].k[given[0]]); puti(squares[given[0] + 1]); const m = mat2x2(1.0, 2.0, 3.0, 4.0); puti(i32(m[given[0]].x)); puti(array(7, 8, 9)[given[0]]);",
    given: [1],
    as: "i32",
    expected: [6, 6, 4, 3, 8],
  },
  {
    name: "bit functions",
    body: `let x = u32(given[0]); put(countOneBits(x)); put(countLeadingZeros(x)); put(countTrailingZeros(x)); put(firstLeadingBit(x)); put(firstTrailingBit(x));
      put(reverseBits(x)); put(extractBits(x, 4u, 4u)); put(insertBits(x, 1u, 0u, 2u)); put(extractBits(x, 30u, 9u + u32(given[2]))); puti(extractBits(given[1], 0u, 4u)); puti(firstLeadingBit(given[1]));
      put(countTrailingZeros(u32(given[2]))); put(firstTrailingBit(u32(given[2]))); put(firstLeadingBit(vec2u(x, 0)).y);`,
    given: [0xa8, -6, 0],
    expected: [3, 24, 3, 7, 3, 0x15000000, 10, 0xa9, 0, 0xfffffffa, 2, 32, 0xffffffff, 0xffffffff],
  },
  {
    name: "packing",
    body: `let f = f32(given[0]) / 2; put(pack4x8unorm(vec4f(f, 0, 1, 2))); put(pack4x8snorm(vec4f(-1, f, 0, 1))); put(pack2x16float(vec2f(1, -2 * f))); putf(unpack2x16float(0xc0003c00u + u32(given[1])).y);
      put(pack4xU8Clamp(vec4u(300, 1, 2, u32(given[0])))); puti(unpack4xI8(0xff01u + u32(given[1])).y * -1); put(dot4U8Packed(0x01020304u, 0x01010101u * u32(given[0]))); putf(quantizeToF16(1.0 + f / 1024)); putf(unpack4x8unorm(255u + u32(given[1])).x);`,
    given: [1, 0],
    expected: [0xffff0080, 0x7f004081, 0xbc003c00, 0xc0000000, 0x010201ff, 1, 10, 0x3f800000, 0x3f800000],
  },
  {
    name: "frexp, modf, ldexp, rounding",
    body: "let x = f32(given[0]) / 2; let f = frexp(x); putf(f.fract); putf(f32(f.exp)); let m = modf(-x); putf(m.whole); putf(m.fract); putf(ldexp(x, 2)); putf(round(x)); putf(fract(-x / 2)); putf(trunc(-x)); putf(sign(-x)); let v = frexp(vec3f(x, 8, 0.25)); putf(f32(v.exp.y)); putf(v.fract.z);",
    given: [5],
    as: "f32",
    expected: [0.625, 2, -2, -0.5, 10, 2, 0.75, -2, -1, 4, 0.5],
  },
  {
    name: "NaN and infinities pass through, tested by bits",
    body: "let inf = bitcast<f32>(given[0]); let nan = bitcast<f32>(given[1]); putf(inf); put(bitcast<u32>(nan) & 0x7fffffffu); putf(-inf); put(u32(inf > 1e38)); putf(bitcast<f32>(given[2]));",
    given: [0x7f800000, 0x7fc00000, lowest],
    expected: [0x7f800000, 0x7fc00000, 0xff800000, 1, 0x80000000],
  },
  {
    name: "f16, on devices with and without it",
    enable: "f16",
    module:
      "struct H { a: f16, b: vec3h, c: mat2x2h } @group(0) @binding(2) var<storage, read_write> shared_: array<H, 2>; var<workgroup> w: vec4h; const table = array(1.5h, 2.5h);",
    body: `let x = f16(given[0]) / 3; putf(f32(x)); let v = vec3h(x, 2048, 0.5h); putf(f32((v + vec3h(1)).y)); var local = v; local.z *= 3; local[given[1]] = 9; putf(f32(local.z)); putf(f32(local.x));
      shared_[1].b = v; shared_[1].a = -x; shared_[1].c = mat2x2h(1, 2, 3, 4); putf(f32(dot(shared_[1].b, vec3h(1, 0, 2)))); putf(f32(shared_[1].a)); putf(f32((shared_[1].c * vec2h(1, 1)).y));
      w = vec4h(vec4f(1, 2, 3, 65519.0)); put(bitcast<vec2u>(w).y); putf(f32(bitcast<vec2h>(0x3c00c000u + u32(given[1])).y)); puti(i32(v.y)); putf(f32(table[given[1]])); put(u32(x > 0.25h)); putf(f32(sqrt(v.y)));`,
    given: [1, 0],
    as: "f32",
    expected: [
      0.333251953125,
      2048,
      1.5,
      9,
      1.3330078125,
      -0.333251953125,
      6,
      asFloat(0x7bff4200),
      1,
      asFloat(2048),
      1.5,
      asFloat(1),
      45.25,
    ],
  },
  {
    name: "swizzle assignment, compound assignment of components and columns",
    body: "var v = vec4f(1, 2, 3, 4); v.zx = vec2f(f32(given[0]), 7); v.yw += vec2f(10); v[given[1]] *= 2; var m = mat2x2f(1, 2, 3, 4); m[1] *= 3; m[0].y -= 1; putf(v.x); putf(v.y); putf(v.z); putf(v.w); putf(m[1].y); putf(m[0].y);",
    given: [9, 3],
    as: "f32",
    expected: [7, 12, 9, 28, 12, 1],
  },
];

onEveryDevice(
  "WGSL's meaning",
  (adapter, device) => {
    it.for(cases)(
      "$name",
      async ({ enable, module = "", body, given = [], expected, as = "u32" }, { skip }) => {
        if (enable !== undefined && adapter.backend === "webgpu" && !adapter.features.has(enable))
          skip(`${adapter.id} has no ${enable}`);
        const source = `${enable === undefined ? "" : `enable ${enable};`}${head}${module}\n@compute @workgroup_size(1) fn main() { _ = given[0]; ${body} }`;
        const opened = await device();
        const kernel = await opened.compile(source);
        using input = opened.allocate(Math.max(4, given.length * 4));
        using output = opened.allocate(expected.length * 4 + 4);
        using extra = opened.allocate(256);
        opened.write(input, Int32Array.from(given.length === 0 ? [0] : given));
        const bindings = {
          given: input,
          out: output,
          ...(module.includes("shared_") ? { shared_: extra } : {}),
        };
        opened.dispatch(kernel, bindings, 1);
        const bytes = await opened.read(output);
        const words = bytes.slice(0, expected.length * 4).buffer;
        const found =
          as === "u32"
            ? new Uint32Array(words)
            : as === "i32"
              ? new Int32Array(words)
              : new Float32Array(words);
        expect([...found]).toEqual(expected);
        kernel.dispose();
      },
    );
  },
  { computing: true },
);
