import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { translate, translateModule } from "#src/wgsl/index.js";
import { kernelTexts } from "../support/kernel-texts.js";

const { status, error } = spawnSync("nvcc", ["--version"]);
const without = status === 0 ? "" : ` (no nvcc: ${error?.message ?? `exit ${status}`})`;
const texts = await kernelTexts();

/** PTX of several texts at once: nvcc starts slowly. Their own namespaces keep equal names apart. */
function ptxOf(codes: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "aikoryu-nvcc-"));
  const whole = codes.map((code, at) =>
    code.replace("namespace wgsl {", `namespace wgsl${at} {`).replaceAll('extern "C" ', ""),
  );
  try {
    writeFileSync(join(folder, "all.cu"), whole.join("\n"));
    const run = spawnSync(
      "nvcc",
      ["--ptx", "--std=c++17", "--fmad=false", "-Werror", "all-warnings", "all.cu"],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    expect(run.stderr + run.stdout).toBe("");
    return readFileSync(join(folder, "all.ptx"), "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const kernel = (body: string, head = "") => `${head}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(8, 8) fn main(@builtin(global_invocation_id) id: vec3u) { let at = id.x; ${body} }`;

describe("CUDA text", () => {
  it("says in its first line what nvcc must be told, and includes nothing", () => {
    const made = translate(kernel("out[at] = a[at];"), "cuda");
    expect(made.compilerOptions).toEqual(["--std=c++17", "--fmad=false"]);
    expect(made.code.split("\n")[0]).toBe("// nvcc --ptx -x cu --std=c++17 --fmad=false");
    expect(made.code).not.toContain("#include");
    const contracted = translate(kernel("out[at] = a[at];"), "cuda", { contract: true });
    expect(contracted.compilerOptions).toEqual(["--std=c++17"]);
  });

  it("has the kernel's arguments in the order of the bindings, then counts, then the flag", () => {
    const { code, kernelName } = translate(
      kernel("loop { out[at] += a[at]; if out[at].x > 1 { break; } }"),
      "cuda",
      { watchdog: true },
    );
    expect(code).toContain(
      `extern "C" __global__ void __launch_bounds__(64) ${kernelName}(const floatx4* __restrict__ a_, ` +
        "floatx4* __restrict__ out_, uint a_count, uint out_count, volatile uint* stop) {",
    );
    expect(code).toContain("if ((++polls & 1023u) == 0u && *stop != 0u) { polls--; break; }");
  });

  it("defines only what it uses", () => {
    const source = "@group(0) @binding(0) var<storage, read_write> out: array<u32>;";
    const { code } = translate(`${source} @compute @workgroup_size(1) fn main() { out[0] = 1u; }`, "cuda", {
      unchecked: true,
    });
    expect(code.match(/^(typedef|template|using|static|__device__).*/gm)).toEqual([
      "typedef unsigned int uint;",
    ]);
  });

  it("asks which threads are there only where a text lets them come alone", () => {
    const body = "out[at] = subgroupAdd(a[at]);";
    expect(translate(kernel(body, "enable subgroups;"), "cuda").code).not.toContain("__activemask");
    const alone = "enable subgroups; diagnostic(off, subgroup_uniformity);";
    expect(translate(kernel(body, alone), "cuda").code).toContain("__activemask");
  });

  it("passes no initialised declaration with a jump", () => {
    const body = `var i = 0u; loop { if i == 3u { continue; } let x = a[i] * 2; out[i] = x;
      continuing { i++; break if i > 5u; } }`;
    expect(translate(kernel(body), "cuda").code).toMatch(/goto next1;[\s\S]*floatx4 x_;\n\s*x_ = /);
  });
});

/** What the kernels of the project do not use. */
const others: readonly string[] = [
  kernel(
    "out[at] = vec4f(f(at));",
    "fn f(n: u32) -> f32 { var i = n; loop { if i > 9 { return 1; } i *= 3; } }",
  ),
  kernel("out[at] = sin(a[at]) + fract(a[at]) * determinant(mat3x3f(a[0].xyz, a[1].xyz, a[2].xyz));"),
  kernel("out[at] = vec4f(quantizeToF16(a[at].xyz), f32(f16(a[at].x) * 2h));", "enable f16;"),
  kernel(
    "out[at] = unpack4x8snorm(pack4xI8Clamp(vec4i(a[at]))) + vec4f(unpack2x16float(3), frexp(a[at].x).fract, modf(a[at].y).whole);",
  ),
  kernel(
    `let x = vec3<i64>(a[at].xyz); let y = vec3<u64>(bitcast<vec3<u64>>(x)) << vec3(40u, 3u, 63u);
     let d = vec2<f64>(a[at].zw); out[at] = vec4f(f32(x.x / x.y), f32(reverseBits(y).z), f32(sqrt(d).y), f32(i64(d.x)));
     out[0] = select(a[0], vec4f(vec4<i64>(select(y.xyzz, vec4(7lu), y.xyzz < vec4(5lu)))), x.x < -9223372036854775808li + x.z);`,
  ),
  kernel(
    `out[at] = subgroupAdd(a[at]) + subgroupExclusiveMul(a[at]) + subgroupInclusiveAdd(a[at]) + vec4f(subgroupBallot(a[at].x > 0));
     out[0] = subgroupShuffleUp(a[at], 1u) + subgroupShuffleXor(a[at], 3u) + quadSwapDiagonal(a[at]) + quadBroadcast(a[at], 1u) +
     select(vec4f(), subgroupMin(a[at]), subgroupAny(a[at].x < 0)); out[1] = vec4f(f32(subgroupXor(at)), f32(subgroupElect()), 0, 0);`,
    "enable subgroups;",
  ),
  kernel(
    `atomicMax(&w[at % 4], i32(at)); workgroupBarrier(); let old = atomicCompareExchangeWeak(&w[0], 1, 2);
     out[at] = vec4f(f32(old.old_value), f32(old.exchanged), f32(workgroupUniformLoad(&s).c.y), 0);`,
    "struct S { a: u32, @align(32) b: array<mat3x3f, 2>, c: vec3f } var<workgroup> w: array<atomic<i32>, 4>; var<workgroup> s: S;",
  ),
];

describe(`nvcc${without}`, () => {
  it.skipIf(status !== 0)(
    "compiles every kernel of the project, and keeps their values in registers but for the tables of long threads",
    { timeout: 60_000 },
    () => {
      const folder = fileURLToPath(new URL("../../src/kernels/", import.meta.url));
      const files = readdirSync(folder).filter((name) => name.endsWith(".wgsl"));
      const used = files.filter((name) => {
        const text = readFileSync(join(folder, name), "utf8");
        return texts.some(({ source }) => source.includes(text));
      });
      expect(used).toEqual(files);
      const tables = texts.filter(({ source }) => source.includes("array<u32, digits>;\n"));
      const codesOf = (some: typeof texts) =>
        some.map(({ source, options }) => translate(source, "cuda", options).code);
      expect(ptxOf(codesOf(tables)).match(/\.entry /g)).toHaveLength(tables.length);
      const others = texts.filter((text) => !tables.includes(text));
      const ptx = ptxOf(codesOf(others));
      expect(ptx.match(/\.entry /g)).toHaveLength(others.length);
      expect(ptx).not.toMatch(/\.local /);
      expect(ptx).toMatch(/ld\.global\.nc\.(v4\.f32|v4\.b32)/);
    },
  );

  it.skipIf(status !== 0)("compiles everything else there is in the language", { timeout: 60_000 }, () => {
    const codes = others.flatMap((source) =>
      [{}, { unchecked: true }, { watchdog: true }].map(
        (options) => translateModule(source, "cuda", options).code,
      ),
    );
    expect(ptxOf(codes).match(/\.entry /g)).toHaveLength(codes.length);
  });
});
