import { expect, it } from "vitest";
import { KernelError } from "#src/wgsl/diagnostics.js";
import type { Data } from "#src/wgsl/evaluate/value.js";
import type { Expression } from "#src/wgsl/ir.js";
import { typeName } from "#src/wgsl/types.js";
import { onEveryDevice } from "../support/devices.js";
import { failure } from "../support/errors.js";
import { program } from "./support.js";

type Source = "f64" | "i64" | "u64" | "f32";

const values: Readonly<Record<Source, readonly string[]>> = {
  f64: "0.0 -0.0 0.5 -0.5 1.5 2.5 -3.75 0.1 1e300 -1e300 3e9 -3e9 1e19 2e19 -1e19 4294967295.75 9007199254740993 0x1p-1074 1e-310 123456.789"
    .split(" ")
    .map((value) => `${value}lf`),
  i64: "0 1 -1 255 4294967296 -4294967297 1152921573326323713 9223372036854775807 -9223372036854775808"
    .split(" ")
    .map((value) => `${value}li`),
  u64: "0 1 4294967297 1152921573326323713 9223372036854775808 18446744073709551615"
    .split(" ")
    .map((value) => `${value}lu`),
  f32: "0.1 -7.5 3e38 -3e38 1e10 9.3e18 0x1p-149".split(" ").map((value) => `${value}f`),
};

/** Functions of `x` whose result every implementation must give, bit for bit. */
const expressions: Readonly<Record<Source, readonly string[]>> = {
  f64: [
    ..."-x|x + 1|x - 0.1|x * 3|x / 3|1.5 + x|min(x, 1)|max(x, 1)|clamp(x, -1, 1)|abs(x)|sign(x)|floor(x)".split(
      "|",
    ),
    ..."ceil(x)|round(x)|trunc(x)|fract(x)|sqrt(abs(x))|saturate(x)|step(1, x)|select(x, 2, x > 1)".split(
      "|",
    ),
    ..."x < 1|x <= 0.5|x == 0.5|x != 0|x > -1|x >= 1|bool(x)".split("|"),
    ..."i32(x)|u32(x)|i64(x)|u64(x)|f32(clamp(x, -1e38, 1e38))|f32(x / 1e290)".split("|"),
    ..."bitcast<u64>(x)|bitcast<i64>(x)|bitcast<vec2<u32>>(x).x|bitcast<vec2<i32>>(x).y".split("|"),
    ..."frexp(x).fract|frexp(x).exp|modf(x).whole|modf(x).fract|ldexp(clamp(x, -9, 9), 3)".split("|"),
    ..."fma(clamp(x, -9, 9), 2, 1)|fma(clamp(x, -9, 9), 10, -1)|mix(clamp(x, -9, 9), 2, 0.25)|dot(vec2(clamp(x, -9, 9), 2), vec2(3, 4))".split(
      "|",
    ),
    "(vec3<f64>(x, 1, 2) * vec3(0.5, 3, 4)).zxy.y",
    "vec2<f64>(vec2<i64>(vec2(x, 2))).x",
  ],
  i64: ["f64(x)", "f64(x) * 0.5", "bitcast<f64>(x & 0x3fffffffffffffff)", "f64(u64(x))"],
  u64: ["f64(x)", "u64(f64(x))", "i64(f64(x))", "f64(i64(x))", "f64(x) / 3"],
  f32: ["f64(x)", "f64(x) * f64(x)", "f64(f32(i64(x)))"],
};

/** What `let y` is given in a function with these parameters. */
function initializer(text: string, parameters = ""): Expression {
  const [statement] = program(`fn f(${parameters}) { ${text} }`).functions[0]?.body.statements ?? [];
  if (statement?.kind !== "let") throw new Error(`nothing is declared by ${text}`);
  return statement.initializer;
}

/** An expression of any scalar type as the bits of its value. */
function bits(text: string, source: Source): string {
  switch (typeName(initializer(`let y = ${text};`, `x: ${source}`).type)) {
    case "u64":
      return text;
    case "i64":
    case "f64":
      return `bitcast<u64>(${text})`;
    case "f32":
      return `u64(bitcast<u32>(${text}))`;
    default:
      return `u64(${text})`;
  }
}

function folded(text: string): Data | undefined {
  const value = initializer(text);
  return value.kind === "constant" ? value.data : undefined;
}

const kernel = (source: Source, functions: readonly string[]) => `
@group(0) @binding(0) var<storage, read> given: array<${source}>;
@group(0) @binding(1) var<storage, read_write> out: array<u64>;
${functions.map((text, at) => `fn part${at}(x: ${source}) -> u64 { return ${text}; }`).join("\n")}
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
  let x = given[id.x];
  let at = id.x * ${functions.length}u;
${functions.map((_, at) => `  out[at + ${at}u] = part${at}(x);`).join("\n")}
}`;

const arrays = { f64: Float64Array, i64: BigInt64Array, u64: BigUint64Array, f32: Float32Array };
const sources = ["f64", "i64", "u64", "f32"] as const;

onEveryDevice(
  "f64",
  (adapter, device) => {
    const able = adapter.features.has("f64");

    it.runIf(able).each(sources)(
      "functions of %s mean what they mean in constants",
      { timeout: 60_000 },
      async (source) => {
        const gpu = await device();
        const functions = expressions[source].map((text) => bits(text, source));
        const data = values[source].map((x) => folded(`let y = ${x};`));
        const input = Reflect.construct(arrays[source], [data]) as Float64Array;
        using compiled = await gpu.compile(kernel(source, functions));
        using given = gpu.allocate(input.byteLength);
        using out = gpu.allocate(data.length * functions.length * 8);
        gpu.write(given, input);
        gpu.dispatch(compiled, { given, out }, data.length);
        const found = new BigUint64Array((await gpu.read(out)).slice().buffer);
        const wrong = values[source].flatMap((x, row) =>
          functions.flatMap((text, column) => {
            const wanted = folded(`const x = ${x}; let y = ${text};`);
            const got = found[row * functions.length + column];
            return wanted === got ? [] : [{ x, text, wanted, got }];
          }),
        );
        expect(wrong).toEqual([]);
      },
    );

    it.runIf(able)("lives in every memory, with WGSL's layout", async () => {
      const source = `
        struct Pair { tag: u32, value: f64, more: vec3<f64>, last: array<f64, 2> }
        @group(0) @binding(0) var<uniform> scale: vec2<f64>;
        @group(0) @binding(1) var<storage, read_write> pairs: array<Pair>;
        var<workgroup> shared_sums: array<f64, 4>;
        var<private> seed: f64 = 0.25;
        fn twice(p: ptr<function, f64>) -> f64 { *p *= 2; return *p; }
        @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) at: u32) {
          shared_sums[at] = f64(at) + 0.1;
          workgroupBarrier();
          if at > 0 { return; }
          var local = seed;
          pairs[1].tag = 7;
          pairs[1].value = pairs[0].value * scale.x + twice(&local);
          pairs[1].more = pairs[0].more.zyx * scale.y;
          pairs[1].last[1] = shared_sums[0] + shared_sums[1] + shared_sums[2] + shared_sums[3];
        }`;
      const gpu = await device();
      using compiled = await gpu.compile(source);
      using pairs = gpu.allocate(2 * 96);
      const bytes = new DataView(new ArrayBuffer(2 * 96));
      for (const [offset, value] of [
        [8, 0.1],
        [32, 1.1],
        [40, 2.2],
        [48, 3.3],
      ] as const)
        bytes.setFloat64(offset, value, true);
      gpu.write(pairs, new Uint8Array(bytes.buffer));
      gpu.dispatch(compiled, { scale: new Float64Array([3, 0.7]), pairs }, 1);
      const result = new DataView((await gpu.read(pairs)).slice().buffer, 96);
      const at = (offset: number) => result.getFloat64(offset, true);
      expect(result.getUint32(0, true)).toBe(7);
      expect([at(8), at(32), at(40), at(48), at(56), at(64)]).toEqual([
        0.1 * 3 + 0.5,
        3.3 * 0.7,
        2.2 * 0.7,
        1.1 * 0.7,
        0,
        0.1 + 1.1 + 2.1 + 3.1,
      ]);
    });

    it.runIf(!able)("is refused where it is used", async () => {
      const source = "@compute @workgroup_size(1) fn main() {\n  var sum: f64;\n}";
      const refused = await failure(async () => (await device()).compile(source), "UNSUPPORTED");
      if (adapter.backend === "webgpu") expect(refused).toBeInstanceOf(KernelError);
      expect(refused.message).toMatch(/f64/);
    });
  },
  { computing: true },
);
