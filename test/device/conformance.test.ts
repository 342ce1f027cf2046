import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Adapter, Device } from "#src/device/device.js";
import { onEveryDevice } from "../support/devices.ts";
import { sizes, someSizes } from "../support/edges.ts";
import { failure } from "../support/errors.ts";
import { printSupportMatrix, support } from "../support/matrix.ts";
import { seeded } from "../support/random.ts";
import * as kernels from "./kernels.ts";

type Body = (device: Device, adapter: Adapter) => Promise<void> | void;

interface Behaviour {
  readonly name: string;
  /** Why an adapter cannot show it, if it cannot. */
  readonly unless?: ((adapter: Adapter) => string | undefined) | undefined;
  readonly body: Body;
}

const computesNothing = ({ kind }: Adapter) => (kind === "null" ? "computes nothing" : undefined);

const behaviours: Behaviour[] = [];
const checks = (name: string, body: Body) => behaviours.push({ name, body });
const computes = (name: string, body: Body) => behaviours.push({ name, body, unless: computesNothing });

const bytesOf = (length: number, seed = length) => {
  const next = seeded(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
};

const randomFloats = (length: number, seed = length) => {
  const next = seeded(seed);
  return Float32Array.from({ length }, () => next() * 2 - 1);
};

/** toEqual takes half a second for 64 KiB. */
function expectSame(actual: Uint8Array, expected: Uint8Array | Float32Array): void {
  const wanted = new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength);
  expect(actual.byteLength).toBe(wanted.byteLength);
  if (Buffer.compare(actual, wanted) !== 0) expect(actual).toEqual(wanted);
}

async function words(device: Device, source: Parameters<Device["read"]>[0]): Promise<Uint32Array> {
  return new Uint32Array((await device.read(source)).buffer);
}

function parametersOf(factor: number, count: number): DataView {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat32(0, factor, true);
  view.setUint32(4, count, true);
  return view;
}

checks("allocates zero-filled memory of any length", async (device) => {
  for (const length of sizes) {
    using buffer = device.allocate(length, "zeros");
    expect(buffer.byteLength).toBe(length);
    expectSame(await device.read(buffer), new Uint8Array(length));
  }
});

checks("refuses a length that is none", async (device) => {
  for (const length of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    await failure(() => device.allocate(length), "INVALID_ARGUMENT");
  }
});

computes("reads back what was written, for every length", async (device) => {
  for (const length of sizes) {
    using buffer = device.allocate(length);
    const data = bytesOf(length);
    device.write(buffer, data);
    expectSame(await device.read(buffer), data);
  }
});

computes("copies data before write returns", async (device) => {
  for (const length of [16, 100_000, 3_000_000]) {
    using buffer = device.allocate(length);
    const data = new Uint8Array(length).fill(7);
    device.write(buffer, data);
    data.fill(9);
    expect((await device.read(buffer)).every((byte) => byte === 7)).toBe(true);
  }
});

computes("writes part of a buffer and leaves the rest", async (device, { limits }) => {
  const step = limits.viewAlignment;
  using buffer = device.allocate(step * 4);
  device.write(buffer.view(step * 2, step), new Uint8Array(step).fill(1));
  device.write(buffer, new Uint8Array(4).fill(2));
  const expected = new Uint8Array(step * 4).fill(1, step * 2, step * 3).fill(2, 0, 4);
  expect(await device.read(buffer)).toEqual(expected);
  expect(await device.read(buffer.view(step * 2, 5))).toEqual(new Uint8Array(5).fill(1));
});

computes("writes in pieces keep what was never written zero", async (device) => {
  using buffer = device.allocate(1000);
  device.write(buffer.view(0, 512), new Uint8Array(512).fill(1));
  device.write(buffer.view(512, 300), new Uint8Array(299).fill(2));
  const expected = new Uint8Array(1000).fill(1, 0, 512).fill(2, 512, 811);
  const bytes = await device.read(buffer);
  // The rest of the last word may be overwritten.
  expect(bytes.subarray(0, 811)).toEqual(expected.subarray(0, 811));
  expect(bytes.subarray(812)).toEqual(expected.subarray(812));
});

computes("reads into the caller's memory", async (device) => {
  using buffer = device.allocate(12);
  device.write(buffer, Float32Array.of(1, 2, 3));
  const into = new Float32Array(4).fill(9);
  const bytes = await device.read(buffer, into);
  expect(into).toEqual(Float32Array.of(1, 2, 3, 9));
  expect(bytes.buffer).toBe(into.buffer);
  expect(bytes.byteLength).toBe(12);
  await failure(() => device.read(buffer, new Uint8Array(11)), "INVALID_ARGUMENT");
});

computes("accepts shared memory", async (device) => {
  using buffer = device.allocate(64);
  const data = new Uint8Array(new SharedArrayBuffer(64)).fill(3);
  device.write(buffer, data);
  const into = new Uint8Array(new SharedArrayBuffer(64));
  await device.read(buffer, into);
  expect(into).toEqual(data);
});

checks("refuses views that do not fit or are not aligned", async (device, { limits }) => {
  using buffer = device.allocate(limits.viewAlignment * 2);
  await failure(() => buffer.view(1), "INVALID_ARGUMENT");
  await failure(() => buffer.view(0, limits.viewAlignment * 2 + 1), "INVALID_ARGUMENT");
  await failure(() => buffer.view(-limits.viewAlignment), "INVALID_ARGUMENT");
  await failure(() => device.write(buffer, new Uint8Array(limits.viewAlignment * 2 + 1)), "INVALID_ARGUMENT");
  expect(buffer.view(limits.viewAlignment).byteLength).toBe(limits.viewAlignment);
});

computes("copies between buffers and within one", async (device, { limits }) => {
  const step = limits.viewAlignment;
  for (const length of someSizes) {
    using from = device.allocate(length);
    using to = device.allocate(length);
    const data = bytesOf(length);
    device.write(from, data);
    device.copy(from, to);
    expectSame(await device.read(to), data);
  }
  using page = device.allocate(step * 2);
  device.write(page, new Uint8Array(step).fill(5));
  device.copy(page.view(0, step), page.view(step, step));
  expect(await device.read(page)).toEqual(new Uint8Array(step * 2).fill(5));
});

checks("refuses copies of unequal length or onto themselves", async (device) => {
  using a = device.allocate(64);
  using b = device.allocate(32);
  await failure(() => device.copy(a, b), "INVALID_ARGUMENT");
  await failure(() => device.copy(a, a), "INVALID_ARGUMENT");
});

checks("describes a compiled kernel", async (device) => {
  using kernel = await device.compile(kernels.scale, { label: "scale" });
  expect(kernel.label).toBe("scale");
  expect(kernel.entryPoint).toBe("main");
  expect(kernel.workgroupSize).toEqual([64, 1, 1]);
  expect(kernel.bindings.map(({ name, access, minByteLength }) => [name, access, minByteLength])).toEqual([
    ["source", "read", 4],
    ["result", "read_write", 4],
    ["parameters", "uniform", 8],
  ]);
});

checks("rejects kernels that do not parse or check", async (device) => {
  await failure(() => device.compile("@compute fn main( {"), "INVALID_KERNEL");
  await failure(
    () => device.compile("@compute @workgroup_size(1) fn main() { let x: i32 = 1.5; }"),
    "INVALID_KERNEL",
  );
  await failure(() => device.compile("fn helper() {}"), "INVALID_KERNEL");
});

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
});

computes("chooses entry points and override values", async (device) => {
  using result = device.allocate(4);
  const run = async (entryPoint: string, constants?: Record<string, number>) => {
    using kernel = await device.compile(kernels.configurable, { entryPoint, constants });
    device.dispatch(kernel, { result }, 1);
    return (await words(device, result))[0];
  };
  expect(await run("first")).toBe(3);
  expect(await run("second")).toBe(30);
  expect(await run("second", { factor: 5 })).toBe(50);
});

computes("computes over every length", async (device) => {
  using kernel = await device.compile(kernels.scale);
  for (const length of someSizes) {
    using source = device.allocate(length * 4);
    using result = device.allocate(length * 4);
    const data = randomFloats(length, length);
    device.write(source, data);
    device.dispatchThreads(kernel, { source, result, parameters: parametersOf(2, length) }, length);
    expectSame(
      await device.read(result),
      data.map((value) => value * 2),
    );
  }
});

checks("checks what a dispatch binds", async (device, { limits }) => {
  using kernel = await device.compile(kernels.scale);
  using source = device.allocate(256);
  using result = device.allocate(256);
  const parameters = parametersOf(1, 64);
  const go = (bindings: Record<string, ArrayBufferView | ReturnType<Device["allocate"]> | undefined>) =>
    device.dispatch(kernel, bindings as Parameters<Device["dispatch"]>[1], 1);
  go({ source, result, parameters });
  expect((await failure(() => go({ source, parameters }), "INVALID_ARGUMENT")).message).toContain("result");
  await failure(() => go({ source, result, parameters: new Uint8Array(4) }), "INVALID_ARGUMENT");
  await failure(() => go({ source: device.allocate(0), result, parameters }), "INVALID_ARGUMENT");
  await failure(() => go({ source, result: new Float32Array(64), parameters }), "INVALID_ARGUMENT");
  await failure(() => go({ source: new Uint8Array(65_540), result, parameters }), "INVALID_ARGUMENT");
  await failure(() => go({ source: result, result, parameters }), "INVALID_ARGUMENT");
  const spare = device.allocate(64);
  spare.dispose();
  expect(spare.disposed).toBe(true);
  await failure(() => go({ source: spare, result, parameters }), "BUFFER_DISPOSED");
  await failure(() => device.read(spare), "BUFFER_DISPOSED");
  await failure(
    () => device.dispatch(kernel, { source, result, parameters }, limits.workgroupsPerDimension + 1),
    "INVALID_ARGUMENT",
  );
  await failure(() => device.dispatch(kernel, { source, result, parameters }, 0.5), "INVALID_ARGUMENT");
  await failure(() => device.dispatch(kernel, { source, result, parameters }, [1, -1]), "INVALID_ARGUMENT");
  device.dispatch(kernel, { source, result, parameters }, 0);
  kernel.dispose();
  await failure(() => go({ source, result, parameters }), "DISPOSED");
  await device.wait();
});

checks("refuses bindings larger than one binding may be", async (device, { limits }) => {
  if (limits.bindingBytes >= limits.bufferBytes) return;
  using kernel = await device.compile(kernels.add);
  using total = device.allocate(limits.bindingBytes + 16);
  await failure(() => device.dispatch(kernel, { total, amount: Uint32Array.of(1) }, 1), "INVALID_ARGUMENT");
});

checks("refuses buffers and kernels of another device", async (device, adapter) => {
  const other = await adapter.open();
  const foreign = other.allocate(16);
  const kernel = await other.compile(kernels.empty);
  await failure(() => device.read(foreign), "INVALID_ARGUMENT");
  await failure(() => device.dispatch(kernel, {}, 1), "INVALID_ARGUMENT");
  await other.dispose();
});

computes("runs dependent work in order", async (device) => {
  using kernel = await device.compile(kernels.add);
  using total = device.allocate(4);
  let expected = 0;
  for (let i = 1; i <= 200; i++) {
    device.dispatch(kernel, { total, amount: Uint32Array.of(i) }, 1);
    expected += i;
    if (i === 100) {
      device.write(total, Uint32Array.of(1000));
      expected = 1000;
    }
  }
  expect((await words(device, total))[0]).toBe(expected);
});

computes("carries host data of thousands of dispatches", async (device) => {
  using uniform = await device.compile(kernels.add);
  using storage = await device.compile(kernels.addList);
  using total = device.allocate(4);
  let expected = 0;
  const amount = new Uint32Array(1);
  for (let i = 0; i < 3000; i++) {
    amount[0] = i;
    device.dispatch(uniform, { total, amount }, 1);
    expected += i;
    if (i % 10 === 0) {
      const amounts = Uint32Array.from({ length: (i % 300) + 1 }, (_, at) => at);
      device.dispatch(storage, { total, amounts }, 1);
      expected += amounts.reduce((sum, value) => sum + value, 0);
    }
  }
  expect((await words(device, total))[0]).toBe(expected >>> 0);
  const most = new Uint32Array(16_384).fill(1);
  for (let i = 0; i < 40; i++) device.dispatch(storage, { total, amounts: most }, 1);
  expect((await words(device, total))[0]).toBe((expected + 40 * 16_384) >>> 0);
});

computes("tells a kernel the length that is bound", async (device, { limits }) => {
  using kernel = await device.compile(kernels.lengths);
  using source = device.allocate(limits.viewAlignment * 4);
  using result = device.allocate(8);
  const measure = async (bound: Parameters<Device["dispatch"]>[1][string]) => {
    device.dispatch(kernel, { source: bound, result }, 1);
    return (await words(device, result))[0];
  };
  expect(await measure(source)).toBe(limits.viewAlignment);
  expect(await measure(source.view(limits.viewAlignment, 12))).toBe(3);
  expect(await measure(source.view(0, 10))).toBe(3);
  expect(await measure(new Uint32Array(7))).toBe(7);
});

computes("binds views of one buffer read and read_write", async (device, { limits }) => {
  const step = Math.max(limits.viewAlignment, 256);
  using kernel = await device.compile(kernels.scale);
  using page = device.allocate(step * 3);
  const data = randomFloats(step / 4);
  device.write(page, data);
  const count = step / 4;
  const views = { source: page.view(0, step), result: page.view(step, step) };
  for (let i = 0; i < 3; i++)
    device.dispatchThreads(kernel, { ...views, parameters: parametersOf(3, count) }, count);
  expect(new Float32Array((await device.read(page.view(step, step))).buffer)).toEqual(
    data.map((value) => Math.fround(value * 3)),
  );
  device.write(page.view(step * 2, 8), parametersOf(5, count));
  device.dispatchThreads(kernel, { ...views, parameters: page.view(step * 2, 8) }, count);
  expect(new Float32Array((await device.read(page.view(step, step))).buffer)).toEqual(
    data.map((value) => Math.fround(value * 5)),
  );
});

computes("takes uniforms from buffers", async (device) => {
  using kernel = await device.compile(kernels.add);
  using total = device.allocate(4);
  using amount = device.allocate(4);
  device.write(amount, Uint32Array.of(41));
  device.dispatch(kernel, { total, amount }, 1);
  device.write(amount, Uint32Array.of(1));
  device.dispatch(kernel, { total, amount }, 1);
  expect((await words(device, total))[0]).toBe(42);
});

computes("covers grids in three dimensions", async (device) => {
  using kernel = await device.compile(kernels.grid);
  for (const [x, y, z] of [
    [1, 1, 1],
    [3, 2, 1],
    [5, 7, 3],
  ] as const) {
    const count = x * 2 * y * 2 * z * 2;
    using seen = device.allocate(count * 4);
    device.dispatch(kernel, { seen }, [x, y, z]);
    device.dispatchThreads(kernel, { seen }, [x * 2 - 1, y * 2, z * 2]);
    expect(await words(device, seen)).toEqual(new Uint32Array(count).fill(2));
  }
});

computes("lays out more threads than one dimension holds in rows", async (device, { limits }) => {
  using kernel = await device.compile(kernels.mark);
  for (const threads of [1, limits.workgroupsPerDimension, limits.workgroupsPerDimension + 1, 200_001]) {
    using marks = device.allocate(threads * 4);
    device.dispatchThreads(kernel, { marks }, threads);
    expect((await words(device, marks)).every((count) => count === 1)).toBe(true);
  }
});

computes("serves many waits and reads at once", async (device) => {
  using kernel = await device.compile(kernels.add);
  using total = device.allocate(4);
  const reads: Promise<Uint32Array>[] = [];
  for (let i = 0; i < 64; i++) {
    device.dispatch(kernel, { total, amount: Uint32Array.of(1) }, 1);
    reads.push(words(device, total));
    if (i % 8 === 0) void device.wait();
  }
  expect((await Promise.all(reads)).map(([value]) => value)).toEqual(
    Array.from({ length: 64 }, (_, i) => i + 1),
  );
});

computes("keeps memory that enqueued work uses", async (device) => {
  using kernel = await device.compile(kernels.scale);
  using result = device.allocate(4096);
  const source = device.allocate(4096);
  device.write(source, new Float32Array(1024).fill(2));
  device.dispatchThreads(kernel, { source, result, parameters: parametersOf(2, 1024) }, 1024);
  source.dispose();
  source.dispose();
  expect(new Float32Array((await device.read(result)).buffer).every((value) => value === 4)).toBe(true);
});

behaviours.push({
  name: "times kernels by the device's clock",
  unless: (adapter) =>
    computesNothing(adapter) ?? (adapter.features.has("timestamps") ? undefined : "has no clock"),
  body: async (device) => {
    using kernel = await device.compile(kernels.slow);
    using cells = device.allocate(4096);
    const timer = device.timer();
    expect((await timer.result()).kernelMs).toBe(0);
    for (let i = 0; i < 300; i++)
      device.dispatch(kernel, { cells, rounds: Uint32Array.of(100) }, 4, { timer });
    await device.wait();
    const { kernelMs } = await timer.result();
    expect(kernelMs).toBeGreaterThan(0);
    device.dispatch(kernel, { cells, rounds: Uint32Array.of(100) }, 4, { timer });
    await device.wait();
    expect((await timer.result()).kernelMs).toBeGreaterThan(kernelMs ?? 0);
  },
});

checks("counts memory", async (_shared, adapter) => {
  const device = await adapter.open();
  const a = device.allocate(1000);
  const b = device.allocate(24);
  const kernel = await device.compile(kernels.empty);
  expect(device.memory()).toMatchObject({ inUseBytes: 1008 + 32, buffers: 2, kernels: 1 });
  a.dispose();
  kernel.dispose();
  b.dispose();
  expect(device.memory()).toMatchObject({ inUseBytes: 0, peakBytes: 1040, buffers: 0, kernels: 0 });
  await device.dispose();
});

checks("refuses more memory than there is", async (device, { limits }) => {
  const error = await failure(() => device.allocate(limits.bufferBytes + 16, "huge"), "OUT_OF_MEMORY");
  expect(error.hint).toBeDefined();
  expect(error.message).toContain("huge");
  const before = device.memory();
  await device.wait();
  expect(device.memory()).toEqual(before);
});

checks("refuses more memory in all than there is", async (_shared, adapter) => {
  const { memoryBytes, bufferBytes } = adapter.limits;
  if (memoryBytes === undefined) return;
  const device = await adapter.open();
  const most = Math.ceil(memoryBytes / bufferBytes) + 1;
  await failure(() => {
    for (let i = 0; i < most; i++) device.allocate(bufferBytes, `part ${i}`);
  }, "OUT_OF_MEMORY");
  await device.dispose();
});

checks("frees buffers that were dropped", async (_shared, adapter) => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const device = await adapter.open();
  const kept = device.allocate(64);
  (() => {
    for (let i = 0; i < 10; i++) device.allocate(1024);
  })();
  for (let i = 0; i < 20 && device.memory().buffers > 1; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(device.memory()).toMatchObject({ buffers: 1, inUseBytes: 64 });
  kept.dispose();
  await device.dispose();
});

onEveryDevice("the device contract", (adapter, device) => {
  for (const { name, unless, body } of behaviours) {
    it(name, async (context) => {
      const reason = unless?.(adapter);
      support(name, adapter.id, reason ?? "no");
      if (reason !== undefined) context.skip(reason);
      await body(await device(), adapter);
      support(name, adapter.id, "yes");
    });
  }
});

printSupportMatrix();
