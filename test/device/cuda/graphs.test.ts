import { describe, expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { cudaAdapter, cudaControl, whyNoCuda } from "./fake.ts";

const add = `
@group(0) @binding(0) var<storage, read_write> total: array<u32>;
@group(0) @binding(1) var<uniform> amount: u32;
@compute @workgroup_size(1) fn main() { total[0] = total[0] * 3u + amount; }`;

describe.skipIf(whyNoCuda !== undefined)(`cuda graphs: ${whyNoCuda ?? "on a fake GPU"}`, () => {
  const withDevice = async (body: (device: Device) => Promise<void>) => {
    cudaControl().clear();
    const device = await cudaAdapter().open();
    try {
      await body(device);
      expect(cudaControl().stats()).toMatchObject({ races: [], faults: [], implicitWaits: 0 });
    } finally {
      await device.dispose();
    }
    expect(cudaControl().stats()).toMatchObject({ contexts: 0, graphs: 0, executables: 0, allocations: 0 });
  };

  it("replay a sequence from its second time on, with the data of each time", () =>
    withDevice(async (device) => {
      using kernel = await device.compile(add);
      using total = device.allocate(16);
      let expected = 0;
      for (let round = 0; round < 12; round++) {
        for (let at = 0; at < 20; at++) {
          const amount = Uint32Array.of(round * 100 + at);
          if (at === 7) {
            device.write(total, amount);
            expected = amount[0] ?? 0;
          } else {
            device.dispatch(kernel, { total, amount }, 1);
            expected = (Math.imul(expected, 3) + (amount[0] ?? 0)) >>> 0;
          }
        }
        if (round % 3 === 0) await device.wait();
        else await new Promise((resolve) => setImmediate(resolve));
      }
      expect(new Uint32Array((await device.read(total.view(0, 4))).buffer)[0]).toBe(expected);
      expect(cudaControl().stats()).toMatchObject({ graphLaunches: 10, executables: 1 });
    }));

  it("go when a kernel they launch is disposed", () =>
    withDevice(async (device) => {
      using total = device.allocate(16);
      const round = async () => {
        const kernel = await device.compile(add);
        for (let repeat = 0; repeat < 3; repeat++) {
          for (let at = 0; at < 8; at++) device.dispatch(kernel, { total, amount: Uint32Array.of(at) }, 1);
          await new Promise((resolve) => setImmediate(resolve));
        }
        kernel.dispose();
        await device.wait();
        expect(cudaControl().stats()).toMatchObject({ executables: 0, modules: 0 });
      };
      await round();
      await round();
    }));

  it("are bounded in number", () =>
    withDevice(async (device) => {
      using kernel = await device.compile(add);
      using total = device.allocate(16);
      for (let length = 4; length < 90; length++) {
        for (let repeat = 0; repeat < 2; repeat++) {
          for (let at = 0; at < length; at++)
            device.dispatch(kernel, { total, amount: Uint32Array.of(at) }, 1);
          await device.wait();
        }
      }
      const { executables, allocations } = cudaControl().stats();
      expect(executables).toBe(64);
      expect(allocations).toBeLessThan(70);
    }));

  it("are done without where the driver cannot record", () =>
    withDevice(async (device) => {
      using kernel = await device.compile(add);
      using total = device.allocate(16);
      await device.read(total);
      let expected = 0;
      let length = 5;
      for (const [name, code] of [
        ["cuStreamBeginCapture_v2", 900],
        ["cuLaunchKernel", 900],
        ["cuGraphInstantiateWithFlags", 2],
      ] as const) {
        length++;
        for (let repeat = 0; repeat < 4; repeat++) {
          if (repeat === 1) cudaControl().fail(name, code);
          for (let at = 0; at < length; at++) {
            device.dispatch(kernel, { total, amount: Uint32Array.of(at) }, 1);
            expected = (Math.imul(expected, 3) + at) >>> 0;
          }
          await device.wait();
        }
        expect(cudaControl().stats()).toMatchObject({ graphs: 0, executables: length - 5 });
      }
      expect(new Uint32Array((await device.read(total.view(0, 4))).buffer)[0]).toBe(expected);
    }));
});
