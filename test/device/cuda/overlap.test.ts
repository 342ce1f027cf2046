import { describe, expect, it } from "vitest";
import * as kernels from "#src/device/conformance/kernels.js";
import { cudaAdapter, cudaControl, whyNoCuda } from "./fake.ts";

const bytes = 3 << 20;
const passing = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(whyNoCuda !== undefined)(`transfers on cuda: ${whyNoCuda ?? "on a fake GPU"}`, () => {
  it("go on while a kernel computes on other memory, and wait for one that uses theirs", async () => {
    const control = cudaControl();
    control.clear();
    const device = await cudaAdapter().open();
    using kernel = await device.compile(kernels.slow);
    using cells = device.allocate(bytes);
    using other = device.allocate(bytes);
    const work = (rounds: number) => device.dispatch(kernel, { cells, rounds: Uint32Array.of(rounds) }, 64);
    work(1);
    device.write(other, new Uint8Array(bytes).fill(3));
    await device.wait();
    let rounds = 100_000;
    for (let start = performance.now(); ; rounds *= 2, start = performance.now()) {
      work(rounds);
      await device.wait();
      if (performance.now() - start > 400) break;
    }
    const before = device.read(other);
    work(rounds);
    device.write(other, new Uint8Array(bytes).fill(5));
    expect((await before)[7]).toBe(3);
    await passing(100);
    expect(control.stats().pending).toBe(1);
    device.write(cells, new Uint8Array(bytes));
    await passing(20);
    expect(control.stats().pending).toBe(2);
    expect((await device.read(other)).every((byte) => byte === 5)).toBe(true);
    expect((await device.read(cells)).every((byte) => byte === 0)).toBe(true);
    expect(control.stats()).toMatchObject({ races: [], implicitWaits: 0, blockedCopies: 0 });
    await device.dispose();
  });

  it("and kernels wait in JavaScript where the driver has enough", async () => {
    const control = cudaControl();
    const device = await cudaAdapter().open();
    using slow = await device.compile(kernels.slow);
    using add = await device.compile(kernels.add);
    using cells = device.allocate(4096);
    using total = device.allocate(4);
    await device.read(total);
    control.clear();
    device.dispatch(slow, { cells, rounds: Uint32Array.of(300_000) }, 64);
    const count = 3000;
    for (let at = 0; at < count; at++) device.dispatch(add, { total, amount: Uint32Array.of(at) }, 1);
    const { launches, graphLaunches, pending } = control.stats();
    expect(pending).toBe(1);
    expect(launches + 128 * graphLaunches).toBeLessThan(700);
    const data = new Uint8Array(bytes).fill(1);
    using late = device.allocate(bytes);
    device.write(late, data);
    const copied = device.read(late);
    expect(new Uint32Array((await device.read(total)).buffer)[0]).toBe((count * (count - 1)) / 2);
    expect(Buffer.compare(await copied, data)).toBe(0);
    expect(control.stats()).toMatchObject({ races: [], blockedCopies: 0 });
    await device.dispose();
  });
});
