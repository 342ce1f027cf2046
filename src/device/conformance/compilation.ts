import assert from "node:assert/strict";
import { type Behaviour, checks, computes } from "./behaviour.ts";
import { failure, words } from "./expectations.ts";
import * as kernels from "./kernels.ts";

export const compilation: readonly Behaviour[] = [
  checks("describes a compiled kernel", async (device) => {
    using kernel = await device.compile(kernels.scale, { label: "scale" });
    assert.equal(kernel.label, "scale");
    assert.equal(kernel.entryPoint, "main");
    assert.deepEqual(kernel.workgroupSize, [64, 1, 1]);
    assert.deepEqual(
      kernel.bindings.map(({ name, access, minByteLength }) => [name, access, minByteLength]),
      [
        ["source", "read", 4],
        ["result", "read_write", 4],
        ["parameters", "uniform", 8],
      ],
    );
  }),

  checks("rejects kernels that do not parse or check", async (device) => {
    await failure(() => device.compile("@compute fn main( {"), "INVALID_KERNEL");
    await failure(
      () => device.compile("@compute @workgroup_size(1) fn main() { let x: i32 = 1.5; }"),
      "INVALID_KERNEL",
    );
    await failure(() => device.compile("fn helper() {}"), "INVALID_KERNEL");
  }),

  checks("rejects kernels that ask for more than the adapter has", async (device, { limits }) => {
    const names = Array.from({ length: limits.storageBuffers + 1 }, (_, at) => `b${at}`);
    const declarations = names.map(
      (name, at) => `@group(0) @binding(${at}) var<storage, read_write> ${name}: array<u32>;`,
    );
    const uses = names.map((name) => `${name}[0] = 1u;`);
    const buffers = `${declarations.join("\n")}\n@compute @workgroup_size(1) fn main() { ${uses.join(" ")} }`;
    await failure(() => device.compile(buffers), "UNSUPPORTED");
    const tile = `var<workgroup> tile: array<u32, ${limits.workgroupBytes / 4 + 1}>;
    @compute @workgroup_size(1) fn main() { tile[0] = 1u; }`;
    await failure(() => device.compile(tile), "UNSUPPORTED");
    const wide = `@compute @workgroup_size(${limits.workgroupSize[0]}, 2) fn main() {}`;
    if (limits.workgroupSize[0] * 2 > limits.workgroupThreads)
      await failure(() => device.compile(wide), "UNSUPPORTED");
  }),

  computes("chooses entry points and override values", async (device) => {
    using result = device.allocate(4);
    const run = async (entryPoint: string, constants?: Record<string, number>) => {
      using kernel = await device.compile(kernels.configurable, { entryPoint, constants });
      device.dispatch(kernel, { result }, 1);
      return (await words(device, result))[0];
    };
    assert.equal(await run("first"), 3);
    assert.equal(await run("second"), 30);
    assert.equal(await run("second", { factor: 5 }), 50);
  }),
];
