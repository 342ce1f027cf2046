import assert from "node:assert/strict";
import type { Device } from "../device.ts";
import { type Behaviour, checks, computes } from "./behaviour.ts";
import { failure, parametersOf, randomFloats, same, someSizes, words } from "./expectations.ts";
import * as kernels from "./kernels.ts";

export const dispatch: readonly Behaviour[] = [
  computes("computes over every length", async (device) => {
    using kernel = await device.compile(kernels.scale);
    for (const length of someSizes) {
      using source = device.allocate(length * 4);
      using result = device.allocate(length * 4);
      const data = randomFloats(length, length);
      device.write(source, data);
      device.dispatchThreads(kernel, { source, result, parameters: parametersOf(2, length) }, length);
      same(
        await device.read(result),
        data.map((value) => value * 2),
      );
    }
  }),

  checks("checks what a dispatch binds", async (device, { limits }) => {
    using kernel = await device.compile(kernels.scale);
    using source = device.allocate(256);
    using result = device.allocate(256);
    const parameters = parametersOf(1, 64);
    const go = (bindings: Record<string, ArrayBufferView | ReturnType<Device["allocate"]> | undefined>) =>
      device.dispatch(kernel, bindings as Parameters<Device["dispatch"]>[1], 1);
    go({ source, result, parameters });
    const missing = await failure(() => go({ source, parameters }), "INVALID_ARGUMENT");
    assert.match(missing.message, /result/);
    await failure(() => go({ source, result, parameters: new Uint8Array(4) }), "INVALID_ARGUMENT");
    await failure(() => go({ source: device.allocate(0), result, parameters }), "INVALID_ARGUMENT");
    await failure(() => go({ source, result: new Float32Array(64), parameters }), "INVALID_ARGUMENT");
    await failure(() => go({ source: new Uint8Array(65_540), result, parameters }), "INVALID_ARGUMENT");
    await failure(() => go({ source: result, result, parameters }), "INVALID_ARGUMENT");
    const spare = device.allocate(64);
    spare.dispose();
    assert.equal(spare.disposed, true);
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
  }),

  checks("refuses bindings larger than one binding may be", async (device, { limits }) => {
    if (limits.bindingBytes >= limits.bufferBytes) return;
    using kernel = await device.compile(kernels.add);
    using total = device.allocate(limits.bindingBytes + 16);
    await failure(() => device.dispatch(kernel, { total, amount: Uint32Array.of(1) }, 1), "INVALID_ARGUMENT");
  }),

  checks("refuses buffers and kernels of another device", async (device, adapter) => {
    const other = await adapter.open();
    const foreign = other.allocate(16);
    const kernel = await other.compile(kernels.empty);
    await failure(() => device.read(foreign), "INVALID_ARGUMENT");
    await failure(() => device.dispatch(kernel, {}, 1), "INVALID_ARGUMENT");
    await other.dispose();
  }),

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
    assert.equal((await words(device, total))[0], expected);
  }),

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
    assert.equal((await words(device, total))[0], expected >>> 0);
    const most = new Uint32Array(16_384).fill(1);
    for (let i = 0; i < 40; i++) device.dispatch(storage, { total, amounts: most }, 1);
    assert.equal((await words(device, total))[0], (expected + 40 * 16_384) >>> 0);
  }),

  computes("tells a kernel the length that is bound", async (device, { limits }) => {
    using kernel = await device.compile(kernels.lengths);
    using source = device.allocate(limits.viewAlignment * 4);
    using result = device.allocate(8);
    const measure = async (bound: Parameters<Device["dispatch"]>[1][string]) => {
      device.dispatch(kernel, { source: bound, result }, 1);
      return (await words(device, result))[0];
    };
    assert.equal(await measure(source), limits.viewAlignment);
    assert.equal(await measure(source.view(limits.viewAlignment, 12)), 3);
    assert.equal(await measure(source.view(0, 10)), 3);
    assert.equal(await measure(new Uint32Array(7)), 7);
  }),

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
    assert.deepEqual(
      new Float32Array((await device.read(page.view(step, step))).buffer),
      data.map((value) => Math.fround(value * 3)),
    );
    device.write(page.view(step * 2, 8), parametersOf(5, count));
    device.dispatchThreads(kernel, { ...views, parameters: page.view(step * 2, 8) }, count);
    assert.deepEqual(
      new Float32Array((await device.read(page.view(step, step))).buffer),
      data.map((value) => Math.fround(value * 5)),
    );
  }),

  computes("takes uniforms from buffers", async (device) => {
    using kernel = await device.compile(kernels.add);
    using total = device.allocate(4);
    using amount = device.allocate(4);
    device.write(amount, Uint32Array.of(41));
    device.dispatch(kernel, { total, amount }, 1);
    device.write(amount, Uint32Array.of(1));
    device.dispatch(kernel, { total, amount }, 1);
    assert.equal((await words(device, total))[0], 42);
  }),

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
      assert.deepEqual(await words(device, seen), new Uint32Array(count).fill(2));
    }
  }),

  computes("lays out more threads than one dimension holds in rows", async (device, { limits }) => {
    using kernel = await device.compile(kernels.mark);
    for (const threads of [1, limits.workgroupsPerDimension, limits.workgroupsPerDimension + 1, 200_001]) {
      using marks = device.allocate(threads * 4);
      device.dispatchThreads(kernel, { marks }, threads);
      assert.equal(
        (await words(device, marks)).every((count) => count === 1),
        true,
      );
    }
  }),
];
