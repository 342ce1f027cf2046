import { expect, it } from "vitest";
import * as kernels from "#src/device/conformance/kernels.js";
import type { Device } from "#src/device/device.js";
import { onFakeCuda } from "../support/cuda/suite.ts";
import { withDevice } from "../support/devices.ts";

interface Launch {
  readonly grid: readonly number[];
  readonly block: readonly number[];
  /** Value and size in bytes of each argument. */
  readonly args: readonly (readonly [value: bigint, size: number])[];
}

function launchesIn(log: readonly string[]): Launch[] {
  return log.flatMap((line) => {
    const found = /^launch \S+, grid (.*), block (.*), arguments(.*)$/.exec(line);
    if (found === null) return [];
    const [, grid = "", block = "", args = ""] = found;
    return {
      grid: grid.split(" ").map(Number),
      block: block.split(" ").map(Number),
      args: [...args.matchAll(/ (\w+):(\d+)/g)].map(
        ([, value = "", size]) => [BigInt(value), Number(size)] as const,
      ),
    };
  });
}

async function wordsOf(device: Device, source: Parameters<Device["read"]>[0]): Promise<number[]> {
  return [...new Uint32Array((await device.read(source)).slice().buffer)];
}

onFakeCuda("calls of the CUDA driver", ({ adapter, control }) => {
  it("pass pointers by binding, then element counts, the flag of the watchdog, and the grid", () =>
    withDevice(adapter, async (device) => {
      using kernel = await device.compile(kernels.scale);
      using page = device.allocate(4096);
      using source = device.allocate(400);
      control.configure({ log: 1 });
      const parameters = new Uint32Array(2);
      const step = adapter.limits.viewAlignment * 2;
      device.dispatch(kernel, { source, result: page, parameters }, [3, 2, 1]);
      await device.wait();
      device.dispatch(kernel, { source: source.view(0, 80), result: page.view(step, 48), parameters }, 1);
      await device.wait();
      const [first, second] = launchesIn(control.log());
      expect(first?.grid).toEqual([3, 2, 1]);
      expect(first?.block).toEqual([64, 1, 1]);
      expect(first?.args.map(([, size]) => size)).toEqual([8, 8, 8, 4, 4, 8]);
      expect(first?.args.slice(3, 5).map(([value]) => value)).toEqual([100n, 1024n]);
      expect(second?.args.slice(3, 5).map(([value]) => value)).toEqual([20n, 12n]);
      expect(second?.args[5]).toEqual(first?.args[5]);
      const offset = (second?.args[1]?.[0] ?? 0n) - (first?.args[1]?.[0] ?? 0n);
      expect(offset).toBe(BigInt(step));
      expect(second?.args[0]?.[0]).toBe(first?.args[0]?.[0]);
    }));

  it("come with a context, and none fails", async () => {
    control.configure({ log: 1 });
    await withDevice(adapter, async (device) => {
      using kernel = await device.compile(kernels.add);
      using total = device.allocate(4);
      using big = device.allocate(3_000_000);
      device.write(big, new Uint8Array(3_000_000).fill(1));
      for (let i = 0; i < 20; i++) device.dispatch(kernel, { total, amount: Uint32Array.of(i) }, 1);
      expect(await wordsOf(device, total)).toEqual([190]);
      expect((await device.read(big)).every((byte) => byte === 1)).toBe(true);
    });
    const unready = / = 600$/;
    expect(control.log().filter((line) => / = \d+$/.test(line) && !unready.test(line))).toEqual([]);
  });

  it("never wait on the JavaScript thread", () =>
    withDevice(adapter, async (device) => {
      using kernel = await device.compile(kernels.slow);
      using cells = device.allocate(4096);
      control.clear();
      const calls: Promise<unknown>[] = [];
      for (let i = 0; i < 4; i++) {
        device.dispatch(kernel, { cells, rounds: Uint32Array.of(20_000) }, 64);
        const more = device.allocate(100_000);
        device.write(more, new Uint8Array(100_000));
        calls.push(device.read(more), device.read(cells.view(0, 256)));
        more.dispose();
      }
      await Promise.all(calls);
      const { blockedCopies, implicitWaits, longest, longestMicroseconds } = control.stats();
      console.log(`longest call by the JavaScript thread: ${longest}, ${longestMicroseconds} us`);
      expect({ blockedCopies, implicitWaits }).toEqual({ blockedCopies: 0, implicitWaits: 0 });
      expect(longestMicroseconds).toBeLessThan(50_000);
    }));

  it("replay repeated dispatches as graphs, with the same results", () =>
    withDevice(adapter, async (device) => {
      using add = await device.compile(kernels.addList);
      using scale = await device.compile(kernels.scale);
      using total = device.allocate(4);
      using values = device.allocate(256);
      using scaled = device.allocate(256);
      using spare = device.allocate(256);
      device.write(
        values,
        Float32Array.from({ length: 64 }, (_, at) => at),
      );
      control.configure({ jitter: 200 });
      let expected = 0;
      for (let round = 0; round < 30; round++) {
        const factor = round % 7;
        const amounts = Uint32Array.of(round, 1, round * round);
        for (let i = 0; i < 3; i++) device.dispatch(add, { total, amounts }, 1);
        const parameters = new DataView(new ArrayBuffer(8));
        parameters.setFloat32(0, factor, true);
        parameters.setUint32(4, 64, true);
        device.dispatch(scale, { source: values, result: scaled, parameters }, 1);
        device.copy(values, spare);
        device.write(
          values,
          Float32Array.from({ length: 64 }, (_, at) => at + round),
        );
        expected += 3 * (round + 1 + round * round);
        if (round % 3 === 0) {
          const result = new Float32Array((await device.read(scaled)).slice().buffer);
          expect(result[5]).toBe((5 + Math.max(0, round - 1)) * factor);
          expect(await wordsOf(device, total)).toEqual([expected]);
        } else {
          await device.wait();
        }
      }
      const { graphLaunches, launches } = control.stats();
      console.log(`${graphLaunches} graph launches, ${launches} launches one by one or captured`);
      expect(graphLaunches).toBeGreaterThan(10);
      expect(launches).toBeLessThan(60);
    }));
});
