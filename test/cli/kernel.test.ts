import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adapters } from "../support/devices.ts";
import { aikoryu } from "./run.ts";

const hasOpenCl = adapters.some(({ backend }) => backend === "opencl");

const two = `
override scale: f32 = 2.0;
@group(0) @binding(0) var<storage, read_write> data: array<f32>;

// @compute fn commented() {}
@compute @workgroup_size(64)
fn double(@builtin(global_invocation_id) id: vec3u) { data[id.x] *= scale; }

@workgroup_size(8, 4) @compute
fn clear(@builtin(global_invocation_id) id: vec3u) { data[id.x] = 0.0; }
`;

describe("kernel", () => {
  it.each(["opencl", "cuda", "webgpu"])("translates every entry point to %s", async (target) => {
    const { status, stdout } = await aikoryu(["kernel", "-", "--target", target, "--json"], two);
    expect(status).toBe(0);
    const { code, kernels } = JSON.parse(stdout);
    expect(kernels).toHaveLength(2);
    expect(kernels[0]).toMatchObject({ entryPoint: "double", workgroupSize: [64, 1, 1], target });
    expect(kernels[1]).toMatchObject({ entryPoint: "clear", workgroupSize: [8, 4, 1] });
    expect(kernels[0].bindings).toMatchObject([{ name: "data", access: "read_write", elementStride: 4 }]);
    for (const { kernelName } of kernels) expect(code).toContain(kernelName);
  });

  it("translates the entry point named, with constants", async () => {
    const args = ["kernel", "-", "--entry", "double", "--constant", "scale=2.75"];
    const { status, stdout } = await aikoryu(args, two);
    expect(status).toBe(0);
    expect(stdout).toContain("2.75");
    expect(stdout).not.toContain("clear");
  });

  it("keeps 64-bit constants exact", async () => {
    const args = ["kernel", "-", "--target", "webgpu", "--constant", "n=9007199254740993"];
    const wide = "override n: u64; @compute @workgroup_size(u32(n % 64)) fn main() {}";
    expect((await aikoryu(args, wide)).stdout).toContain("@workgroup_size(1");
    const unfit = await aikoryu([...args.slice(0, -1), "n=-1"], wide);
    expect(unfit).toMatchObject({ status: 1, stderr: expect.stringContaining("'n' is u64, got -1") });
  });

  it.skipIf(!hasOpenCl)("checks on every device what only some of them can compile", async () => {
    const args = ["kernel", "-", "--check"];
    const text =
      "enable subgroups; @compute @workgroup_size(1) fn main() { if (subgroupAdd(1u) > 1u) { return; } }";
    const { status, stdout } = await aikoryu([...args, "--json"], text);
    expect(status).toBe(0);
    const { checks, code } = JSON.parse(stdout);
    expect(code).toBeUndefined();
    expect(checks).toContainEqual(
      expect.objectContaining({ device: "opencl:0", entryPoint: "main", status: "unsupported" }),
    );
    expect((await aikoryu([...args, "--target", "opencl"], text)).status).toBe(1);
  });

  it("names the file that was meant, and refuses what is not text", async () => {
    const folder = await mkdtemp(join(tmpdir(), "aikoryu-cli-"));
    await writeFile(join(folder, "double.wgsl"), two);
    const typo = await aikoryu(["kernel", join(folder, "duoble.wgsl")]);
    expect(typo.status).toBe(1);
    expect(typo.stderr).toMatch(/There is no file .*duoble\.wgsl$/m);
    expect(typo.stderr).toMatch(/Did you mean .*[/]double\.wgsl\?$/m);
    await writeFile(join(folder, "binary.wgsl"), Uint8Array.of(0xff, 0x00, 0x1b));
    const binary = await aikoryu(["kernel", join(folder, "binary.wgsl"), "--json"]);
    expect(JSON.parse(binary.stdout)).toMatchObject({ error: { code: "INVALID_FILE" } });
  });

  it("points at a mistake", async () => {
    const folder = await mkdtemp(join(tmpdir(), "aikoryu-cli-"));
    const file = join(folder, "wrong.wgsl");
    await writeFile(file, "@compute @workgroup_size(1)\nfn main() {\n  let x = 1u + 1.5f;\n}\n");
    const { status, stderr } = await aikoryu(["kernel", file]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/error: .*wrong\.wgsl:3:\d+: /);
    expect(stderr).toContain("let x = 1u + 1.5f;");
    expect(stderr).toMatch(/^ *\| *\^/m);
    const json = await aikoryu(["kernel", file, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: "INVALID_KERNEL", line: 3 } });
  });
});
