import { describe, expect, it } from "vitest";
import { translate } from "#src/wgsl/index.js";
import { onEveryDevice } from "../support/devices.js";
import { wrap } from "./wide-oracle.js";

interface Case {
  readonly name: string;
  /** Module scope, before the kernel. */
  readonly module?: string;
  /** The kernel's statements: reads `given`, calls `put(i64)`. */
  readonly body: string;
  readonly given?: readonly bigint[];
  readonly expected: readonly bigint[];
}

const head = `
@group(0) @binding(0) var<storage, read> given: array<i64>;
@group(0) @binding(1) var<storage, read_write> out: array<i64>;
var<private> next: u32;
fn put(value: i64) { out[next] = value; next += 1u; }
fn put_all(value: vec3<i64>) { put(value.x); put(value.y); put(value.z); }
`;

const lowest = -(2n ** 63n);

const cases: readonly Case[] = [
  {
    name: "vectors: components, swizzles, splats, parts, indices",
    body: `
      var v = vec3<i64>(given[0], given[1], given[2]);
      put_all(v.zxy); put_all(vec3<i64>(given[1])); put_all(vec3<i64>(v.yx, 7li)); put_all(vec3<i64>(vec2<i32>(-1, 2).xyx.xyx));
      v.x += 1li; v[next % 3u] *= 2li; v.zy = v.yx; put_all(v);
      let w = vec4<i64>(v, 9li); put(w[next & 3u]); put(w.w); put_all(vec3<i64>());`,
    given: [5n, -6n, 2n ** 40n],
    expected: [
      2n ** 40n,
      5n,
      -6n,
      -6n,
      -6n,
      -6n,
      -6n,
      5n,
      7n,
      -1n,
      2n,
      -1n,
      12n,
      12n,
      -6n,
      9n,
      9n,
      0n,
      0n,
      0n,
    ],
  },
  {
    name: "vectors: operators with vectors and scalars, comparisons, select, functions",
    body: `
      let v = vec3<i64>(given[0], given[1], given[2]);
      put_all(v + v); put_all(10li - v); put_all(v / given[3]); put_all(v << vec3<u32>(1u, 33u, 0u)); put_all(-v & vec3<i64>(255li));
      let less = v < vec3<i64>(0li, 0li, 2li);
      put_all(select(v, -v, less)); put_all(select(v, vec3<i64>(1li), given[0] == 5li)); put(i64(all(less))); put(i64(any(less)));
      put_all(abs(min(v, vec3<i64>(3li)))); put(dot(v, v)); put_all(vec3<i64>(vec3<f32>(v) * 1.5));
      put_all(vec3<i64>(vec3<u64>(v) >> vec3<u32>(60u))); put_all(vec3<i64>(v != vec3<i64>(5li)));`,
    given: [5n, -6n, 100n, 0n],
    expected: [
      10n,
      -12n,
      200n,
      5n,
      16n,
      -90n,
      5n,
      -6n,
      100n,
      10n,
      -6n << 33n,
      100n,
      251n,
      6n,
      156n,
      5n,
      6n,
      100n,
      1n,
      1n,
      1n,
      0n,
      1n,
      3n,
      6n,
      3n,
      10061n,
      7n,
      -9n,
      150n,
      0n,
      15n,
      0n,
      0n,
      1n,
      1n,
    ],
  },
  {
    name: "the evaluation is in order, once, and only where it is due",
    module: `
      var<private> calls: i64;
      fn count(result: i64) -> i64 { calls = calls * 10li + result; return result; }
      fn at(index: u32) -> u32 { calls = calls * 10li + i64(index); return index; }`,
    body: `
      var list = array<i64, 4>(1li, 2li, 3li, 4li);
      list[at(3u)] += count(2li); put(list[3]); put(calls); calls = 0li;
      put(count(1li) - count(2li) * count(3li)); put(calls); calls = 0li;
      put(i64(count(1li) > count(2li) && count(3li) > 0li)); put(calls); calls = 0li;
      put(i64(count(1li) <= count(2li) || count(3li) > 0li)); put(calls); calls = 0li;
      for (var i = given[0]; i < 9li; list[at(1u)] += i) { i += 4li; if i == 5li { continue; } put(i); }
      put(list[1]); put(calls); calls = 0li;
      var k = 3li; loop { k--; continuing { break if k == 0li; } } put(k);
      while (k < given[1]) { k += 3li; } put(k);
      for (list[at(2u)] = 50li; list[2] > 0li; list[at(2u)] -= 20li) { put(list[2]); } put(calls);
      calls += count(5li); put(calls);`,
    given: [1n, 7n],
    expected: [6n, 32n, -5n, 123n, 0n, 12n, 1n, 12n, 9n, 16n, 11n, 0n, 9n, 50n, 30n, 10n, 2222n, 2227n],
  },
  {
    name: "pointers, structures, arrays of vectors in every place",
    module: `
      struct Inner { v: vec3<i64>, n: u32, w: vec2<u64> }
      struct Outer { a: u32, list: array<Inner, 2>, rows: array<vec3<i64>, 2> }
      var<private> private_rows: array<vec3<i64>, 2> = array(vec3<i64>(1li, 2li, 3li), vec3<i64>(4li, 5li, 6li));
      var<workgroup> group: Outer;
      const fixed = array(vec3<i64>(7li, 8li, 9li), vec3<i64>(-1li));
      fn add(p: ptr<function, vec3<i64>>, by: i64) -> i64 { (*p).y += by; *p = (*p).zyx; return (*p).x; }
      fn bump(p: ptr<function, i64>) { *p += 1li; }
      fn made(n: i64) -> Inner { return Inner(vec3<i64>(n), 3u, vec2<u64>(u64(n))); }
      fn pick(rows: array<vec3<i64>, 2>, i: u32) -> vec3<i64> { return rows[i]; }`,
    body: `
      var v = vec3<i64>(given[0], 2li, 3li);
      put(add(&v, 10li)); put_all(v); var s = 4li; bump(&s); put(s);
      var outer = Outer(1u, array(made(2li), made(given[0])), array(v, v + 1li));
      outer.list[u32(given[0] > 0li)].v[next % 3u] -= 100li;
      let row = &outer.rows[1]; (*row).z = 77li; put_all(outer.rows[1]); put_all(outer.list[1].v);
      group = outer; workgroupBarrier(); put_all(group.rows[u32(given[0])]); put(i64(group.list[0].w.y + u64(group.list[1].n)));
      private_rows[1].y *= -1li; put_all(private_rows[1]); put_all(pick(private_rows, 0u)); put_all(fixed[next % 2u]);
      let copied = outer.rows; put_all(copied[0]); let u = workgroupUniformLoad(&group); put_all(u.rows[0]);`,
    given: [1n],
    expected: [
      3n,
      3n,
      12n,
      1n,
      5n,
      4n,
      13n,
      77n,
      1n,
      1n,
      -99n,
      4n,
      13n,
      77n,
      5n,
      4n,
      -5n,
      6n,
      1n,
      2n,
      3n,
      -1n,
      -1n,
      -1n,
      3n,
      12n,
      1n,
      3n,
      12n,
      1n,
    ],
  },
  {
    name: "constants, overrides, literals at the ends of the range, bitcasts",
    module: `
      override big: u64 = 18446744073709551615lu;
      override sum = i64(big >> 1u) - 1li;
      var<private> from_override: i64 = sum;
      const table = array<u64, 3>(1lu, 18446744073709551615lu, 0x8000000000000000lu);`,
    body: `
      put(-9223372036854775808li); put(9223372036854775807li); put(from_override); put(i64(big)); put(bitcast<i64>(table[next % 3u]));
      put(bitcast<i64>(vec2<i32>(-1, i32(given[0])))); put(bitcast<i64>(vec2<f32>(1.0, f32(given[0]))));
      let words = bitcast<vec2<u32>>(given[1]); put(i64(words.x)); put(i64(words.y));
      put(i64(bitcast<vec2<u64>>(vec2<i64>(given[1], -1li)).y >> 63u)); put(i64(bitcast<vec2<f32>>(0x3f80000040000000li + given[0]).y));`,
    given: [1n, 2n ** 32n + 5n],
    expected: [
      lowest,
      2n ** 63n - 1n,
      2n ** 63n - 2n,
      -1n,
      -1n,
      2n ** 33n - 1n,
      (0x3f800000n << 32n) | 0x3f800000n,
      5n,
      1n,
      1n,
      1n,
    ],
  },
  {
    name: "names of the program stay apart from those of the library",
    module: `
      struct wide_padded { x: i64 }
      alias wide_target = i64;
      fn wide_add(a: i64, b: i64) -> i64 { return a - b; }
      fn wide_multiply(wide_negate: i64) -> i64 { return -wide_negate; }
      fn countOneBits(x: i64) -> i64 { return x + 1li; }`,
    body: `
      let wide_less_i64 = given[0]; var list = array(vec3<i64>(1li), vec3<i64>(2li));
      put(wide_add(wide_less_i64, 3li) + wide_multiply(4li)); put(wide_padded(5li).x * 2li); put(countOneBits(given[0]));
      put(list[u32(given[0])].x); var t: wide_target = 8li; t -= 1li; put(t);`,
    given: [1n],
    expected: [-6n, 10n, 2n, 2n, 7n],
  },
];

function kernel({ module, body }: Pick<Case, "module" | "body">): string {
  return `${head}${module ?? ""}\n@compute @workgroup_size(1) fn main() {\n${body}\n}`;
}

onEveryDevice(
  "64-bit integers",
  (_adapter, open) => {
    it.for(cases)("$name", async (item) => {
      const device = await open();
      using made = await device.compile(kernel(item));
      using given = device.allocate(64);
      using out = device.allocate(item.expected.length * 8);
      device.write(given, BigInt64Array.from(item.given ?? [0n]));
      device.dispatch(made, { given, out }, 1);
      const found = new BigInt64Array((await device.read(out)).slice().buffer);
      expect([...found]).toEqual(item.expected);
    });

    it("have one layout in buffers and uniforms on every target", async () => {
      const device = await open();
      const members =
        "a: u32, v: vec3<i64>, t: u64, rows: array<vec3<u64>, 2>, p: vec2<i64>, n: u32, q: vec4<u64>";
      using made = await device.compile(`
        struct Mixed { ${members} }
        struct Small { count: u32, scale: i64 }
        @group(0) @binding(0) var<uniform> fixed: Mixed;
        @group(0) @binding(1) var<uniform> small: Small;
        @group(0) @binding(2) var<storage, read> list: array<Mixed>;
        @group(0) @binding(3) var<storage, read_write> result: array<Mixed>;
        @compute @workgroup_size(1) fn main() {
          var m = list[1]; m.v += fixed.v; m.t += fixed.t; m.rows[1] = fixed.rows[0]; m.p.y = small.scale; m.q = fixed.q.wzyx; m.n += small.count;
          result[1] = m; result[0] = fixed;
        }`);
      const bytes = 192;
      const fill = (from: number) => {
        const view = new DataView(new ArrayBuffer(bytes));
        const wide = [32, 40, 48, 56, 64, 72, 80, 96, 104, 112, 128, 136, 160, 168, 176, 184];
        for (const [at, offset] of wide.entries()) view.setBigUint64(offset, BigInt(from + at), true);
        view.setUint32(0, from + 50, true);
        view.setUint32(144, from + 51, true);
        return view;
      };
      const fixed = fill(1000);
      const [first, second] = [fill(2000), fill(3000)];
      const expected = fill(3000);
      for (const offset of [32, 40, 48, 56])
        expected.setBigUint64(
          offset,
          second.getBigUint64(offset, true) + fixed.getBigUint64(offset, true),
          true,
        );
      for (const part of [0, 8, 16])
        expected.setBigUint64(96 + part, fixed.getBigUint64(64 + part, true), true);
      for (const part of [0, 8, 16, 24])
        expected.setBigUint64(160 + part, fixed.getBigUint64(184 - part, true), true);
      expected.setBigInt64(136, -7n, true);
      expected.setUint32(144, 3051 + 5, true);
      using list = device.allocate(2 * bytes);
      using memory = device.allocate(1024);
      const [shared, result] = [memory.view(0, bytes), memory.view(512, 2 * bytes)];
      device.write(list, Buffer.concat([first, second].map((item) => new Uint8Array(item.buffer))));
      device.write(shared, new Uint8Array(fixed.buffer));
      const small = new BigInt64Array([5n, -7n]);
      for (const bound of [new Uint8Array(fixed.buffer), shared]) {
        device.write(result, new Uint8Array(2 * bytes));
        device.dispatch(made, { fixed: bound, small, list, result }, 1);
        const read = await device.read(result);
        expect([...read.slice(0, bytes)]).toEqual([...new Uint8Array(fixed.buffer)]);
        expect([...read.slice(bytes)]).toEqual([...new Uint8Array(expected.buffer)]);
      }
    });

    it("add up long sums", async () => {
      const device = await open();
      const terms = Array.from(
        { length: 700 },
        (_, at) => `given[${at % 7}] ${"+-*".charAt(at % 5 === 4 ? 2 : at % 2)} `,
      );
      using made = await device.compile(kernel({ body: `put(${terms.join("")}given[7]);` }));
      using given = device.allocate(64);
      using out = device.allocate(8);
      const values = [3n, -5n, 2n ** 40n, 77n, -(2n ** 62n), 1n, 12345n, 99n];
      device.write(given, BigInt64Array.from(values));
      device.dispatch(made, { given, out }, 1);
      const product = (text: string) =>
        text.split("*").reduce((total, name) => total * (values[Number(/\d/.exec(name)?.[0])] ?? 0n), 1n);
      const sum = `+${terms.join("")}given[7]`
        .match(/[+-][^+-]+/g)
        ?.reduce((total, term) => total + (term.startsWith("-") ? -1n : 1n) * product(term.slice(1)), 0n);
      expect([...new BigInt64Array((await device.read(out)).slice().buffer)]).toEqual([
        wrap("i64", sum ?? 0n),
      ]);
    });

    it("divide whatever the words are", { timeout: 60_000 }, async () => {
      const words = [
        0, 1, 2, 0xffff, 0x10000, 0x10001, 0x7fffffff, 0x80000000, 0x80000001, 0xfffeffff, 0xfffffffe,
        0xffffffff,
      ];
      const values = words.flatMap((high) => words.map((low) => (BigInt(high) << 32n) | BigInt(low)));
      const device = await open();
      using made = await device.compile(`
        struct Results { quotient: u64, remainder: u64, signed_quotient: i64, signed_remainder: i64 }
        @group(0) @binding(0) var<storage, read> values: array<u64>;
        @group(0) @binding(1) var<storage, read_write> results: array<Results>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
          if id.x >= arrayLength(&results) { return; }
          let a = values[id.x / ${values.length}u];
          let b = values[id.x % ${values.length}u];
          results[id.x] = Results(a / b, a % b, i64(a) / i64(b), i64(a) % i64(b));
        }`);
      using given = device.allocate(values.length * 8);
      using results = device.allocate(values.length ** 2 * 32);
      device.write(given, BigUint64Array.from(values));
      device.dispatchThreads(made, { values: given, results }, values.length ** 2);
      const found = new BigUint64Array((await device.read(results)).slice().buffer);
      const wrong: string[] = [];
      for (const [i, a] of values.entries()) {
        for (const [j, b] of values.entries()) {
          const [s, t] = [wrap("i64", a), wrap("i64", b)];
          const expected = b === 0n ? [a, 0n, s, 0n] : [a / b, a % b, s / t, s % t];
          const at = (i * values.length + j) * 4;
          for (const [part, value] of expected.entries())
            if (found[at + part] !== wrap("u64", value))
              wrong.push(`${part}: ${a} by ${b}: ${found[at + part]}`);
        }
      }
      expect(wrong.slice(0, 5)).toEqual([]);
    });
  },
  { computing: true },
);

describe("lowering for WebGPU", () => {
  it("leaves kernels without 64-bit integers as they are", () => {
    const source =
      "@group(0) @binding(0) var<storage, read_write> out: array<u32>; @compute @workgroup_size(1) fn main() { out[0] += 1u; }";
    expect(translate(source, "webgpu").code).not.toContain("wide_");
  });

  it("adds only the functions that are called", () => {
    const { code } = translate(kernel({ body: "put(given[0] + given[1]);" }), "webgpu");
    expect(code.match(/fn wide_\w+/g)).toEqual(["fn wide_add"]);
    expect(code).not.toMatch(/[iu]64/);
  });

  it("makes shifts by constants cheap", () => {
    const { code } = translate(kernel({ body: "put((given[0] << 3u) >> 40u);" }), "webgpu");
    expect(code.match(/fn wide_\w+/g)).toEqual(["fn wide_near_shift_left", "fn wide_far_shift_right_i64"]);
  });

  it("binds uniforms as storage only where vectors or arrays of 64-bit integers are among them", () => {
    const access = (type: string) =>
      translate(
        `struct Both { a: i64, b: u32 }
        @group(0) @binding(0) var<uniform> u: ${type}; @group(0) @binding(1) var<storage, read_write> out: array<u32>;
        fn f(p: ptr<uniform, ${type}>) -> u32 { let copy = *p; return 1u; }
        @compute @workgroup_size(1) fn main() { out[0] = f(&u); }`,
        "webgpu",
      ).bindings.map((binding) => [binding.name, binding.access, binding.minByteLength]);
    expect(access("u64")[0]).toEqual(["u", "uniform", 8]);
    expect(access("vec3<u64>")[0]).toEqual(["u", "read", 24]);
    expect(access("array<vec3<i64>, 2>")[0]).toEqual(["u", "read", 64]);
    expect(access("array<i64, 4>")[0]).toEqual(["u", "read", 32]);
    expect(access("array<Both, 4>")[0]).toEqual(["u", "uniform", 64]);
  });
});
