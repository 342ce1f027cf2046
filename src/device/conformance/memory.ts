import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Behaviour, checks, computes } from "./behaviour.ts";
import { bytesOf, failure, pick, same, sizes, someSizes } from "./expectations.ts";
import * as kernels from "./kernels.ts";

export const memory: readonly Behaviour[] = [
  checks("allocates zero-filled memory of any length", async (device) => {
    for (const length of sizes) {
      using buffer = device.allocate(length, "zeros");
      assert.equal(buffer.byteLength, length);
      same(await device.read(buffer), new Uint8Array(length));
    }
  }),

  checks("refuses a length that is none", async (device) => {
    for (const length of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await failure(() => device.allocate(length), "INVALID_ARGUMENT");
    }
  }),

  computes("reads back what was written, for every length", async (device) => {
    for (const length of sizes) {
      using buffer = device.allocate(length);
      const data = bytesOf(length);
      device.write(buffer, data);
      same(await device.read(buffer), data);
    }
  }),

  computes("copies data before write returns", async (device) => {
    for (const length of [16, 100_000, 3_000_000]) {
      using buffer = device.allocate(length);
      const data = new Uint8Array(length).fill(7);
      device.write(buffer, data);
      data.fill(9);
      assert.equal(
        (await device.read(buffer)).every((byte) => byte === 7),
        true,
      );
    }
  }),

  computes("writes part of a buffer and leaves the rest", async (device, { limits }) => {
    const step = limits.viewAlignment;
    using buffer = device.allocate(step * 4);
    device.write(buffer.view(step * 2, step), new Uint8Array(step).fill(1));
    device.write(buffer, new Uint8Array(4).fill(2));
    const expected = new Uint8Array(step * 4).fill(1, step * 2, step * 3).fill(2, 0, 4);
    assert.deepEqual(await device.read(buffer), expected);
    assert.deepEqual(await device.read(buffer.view(step * 2, 5)), new Uint8Array(5).fill(1));
  }),

  computes("writes in pieces keep what was never written zero", async (device) => {
    using buffer = device.allocate(1000);
    device.write(buffer.view(0, 512), new Uint8Array(512).fill(1));
    device.write(buffer.view(512, 300), new Uint8Array(299).fill(2));
    const expected = new Uint8Array(1000).fill(1, 0, 512).fill(2, 512, 811);
    const bytes = await device.read(buffer);
    // The rest of the last word may be overwritten.
    assert.deepEqual(bytes.subarray(0, 811), expected.subarray(0, 811));
    assert.deepEqual(bytes.subarray(812), expected.subarray(812));
  }),

  computes("reads into the caller's memory", async (device) => {
    using buffer = device.allocate(12);
    device.write(buffer, Float32Array.of(1, 2, 3));
    const into = new Float32Array(4).fill(9);
    const bytes = await device.read(buffer, into);
    assert.deepEqual(into, Float32Array.of(1, 2, 3, 9));
    assert.equal(bytes.buffer, into.buffer);
    assert.equal(bytes.byteLength, 12);
    await failure(() => device.read(buffer, new Uint8Array(11)), "INVALID_ARGUMENT");
  }),

  computes("accepts shared memory", async (device) => {
    using buffer = device.allocate(64);
    const data = new Uint8Array(new SharedArrayBuffer(64)).fill(3);
    device.write(buffer, data);
    const into = new Uint8Array(new SharedArrayBuffer(64));
    await device.read(buffer, into);
    assert.deepEqual(into, data);
  }),

  checks("refuses views that do not fit or are not aligned", async (device, { limits }) => {
    using buffer = device.allocate(limits.viewAlignment * 2);
    await failure(() => buffer.view(1), "INVALID_ARGUMENT");
    await failure(() => buffer.view(0, limits.viewAlignment * 2 + 1), "INVALID_ARGUMENT");
    await failure(() => buffer.view(-limits.viewAlignment), "INVALID_ARGUMENT");
    await failure(
      () => device.write(buffer, new Uint8Array(limits.viewAlignment * 2 + 1)),
      "INVALID_ARGUMENT",
    );
    assert.equal(buffer.view(limits.viewAlignment).byteLength, limits.viewAlignment);
  }),

  computes("copies between buffers and within one", async (device, { limits }) => {
    const step = limits.viewAlignment;
    for (const length of someSizes) {
      using from = device.allocate(length);
      using to = device.allocate(length);
      const data = bytesOf(length);
      device.write(from, data);
      device.copy(from, to);
      same(await device.read(to), data);
    }
    using page = device.allocate(step * 2);
    device.write(page, new Uint8Array(step).fill(5));
    device.copy(page.view(0, step), page.view(step, step));
    assert.deepEqual(await device.read(page), new Uint8Array(step * 2).fill(5));
  }),

  checks("refuses copies of unequal length or onto themselves", async (device) => {
    using a = device.allocate(64);
    using b = device.allocate(32);
    await failure(() => device.copy(a, b), "INVALID_ARGUMENT");
    await failure(() => device.copy(a, a), "INVALID_ARGUMENT");
  }),

  checks("counts memory", async (_shared, adapter) => {
    const device = await adapter.open();
    const a = device.allocate(1000);
    const b = device.allocate(24);
    const kernel = await device.compile(kernels.empty);
    assert.deepEqual(pick(device.memory(), { inUseBytes: 1008 + 32, buffers: 2, kernels: 1 }), {
      inUseBytes: 1008 + 32,
      buffers: 2,
      kernels: 1,
    });
    a.dispose();
    kernel.dispose();
    b.dispose();
    assert.deepEqual(pick(device.memory(), { inUseBytes: 0, peakBytes: 1040, buffers: 0, kernels: 0 }), {
      inUseBytes: 0,
      peakBytes: 1040,
      buffers: 0,
      kernels: 0,
    });
    await device.dispose();
  }),

  checks("refuses more memory than there is", async (device, { limits }) => {
    const error = await failure(() => device.allocate(limits.bufferBytes + 16, "huge"), "OUT_OF_MEMORY");
    assert.notEqual(error.hint, undefined);
    assert.ok(error.message.includes("huge"));
    const before = device.memory();
    await device.wait();
    assert.deepEqual(device.memory(), before);
  }),

  checks("refuses more memory in all than there is", async (_shared, adapter) => {
    const { memoryBytes, bufferBytes } = adapter.limits;
    if (memoryBytes === undefined) return;
    const device = await adapter.open();
    const most = Math.ceil(memoryBytes / bufferBytes) + 1;
    await failure(() => {
      for (let i = 0; i < most; i++) device.allocate(bufferBytes, `part ${i}`);
    }, "OUT_OF_MEMORY");
    await device.dispose();
  }),

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
    assert.deepEqual(pick(device.memory(), { buffers: 1, inUseBytes: 64 }), { buffers: 1, inUseBytes: 64 });
    kept.dispose();
    await device.dispose();
  }),
];
