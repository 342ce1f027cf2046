import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findNvcc } from "#src/device/cuda/nvcc.js";
import { translate } from "#src/wgsl/index.js";
import { failure } from "../../support/errors.ts";

const nvcc = await findNvcc();
const text = `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = id.x; }`;

describe.skipIf(nvcc === undefined)(`nvcc in the place of NVRTC${nvcc ? "" : ": not installed"}`, () => {
  const compile = async (capability: number, code?: string) => {
    const { code: translated, compilerOptions: options } = translate(text, "cuda");
    return nvcc?.compile({ code: code ?? translated, options, capability, label: "main" });
  };

  it("compiles for the GPU itself, or PTX where it does not know the GPU", { timeout: 60_000 }, async () => {
    const known = nvcc?.architectures.find((architecture) => architecture >= 75) ?? 0;
    const cubin = await compile(known);
    expect(cubin?.format).toBe("cubin");
    expect(Buffer.from(cubin?.image ?? []).toString("latin1", 1, 4)).toBe("ELF");
    const ptx = await compile(119);
    expect(ptx?.format).toBe("ptx");
    expect(Buffer.from(ptx?.image ?? []).toString("latin1")).toMatch(/\.entry main[\s\S]*\0$/);
  });

  it("says why it does not, and leaves nothing behind", { timeout: 60_000 }, async () => {
    const before = process.env.TMPDIR;
    const folder = mkdtempSync(join(tmpdir(), "aikoryu-test-"));
    try {
      process.env.TMPDIR = folder;
      const bad = 'extern "C" __global__ void k() { foo(); }';
      const error = await failure(() => compile(90, bad), "COMPILE_FAILED");
      expect(error.message).toContain('identifier "foo" is undefined');
      await failure(() => compile(20), "COMPILE_FAILED");
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      rmSync(folder, { recursive: true });
    }
  });
});
