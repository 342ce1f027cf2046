import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { adapters, sharedDevice } from "../support/devices.js";
import { randomProgram } from "./programs.js";

const threads = 64;
const given = Int32Array.from(
  { length: threads + 1 },
  (_, at) => [0, 1, -1, 7, -2147483648, 2147483647][at] ?? Math.imul(at, 0x9e3779b1) >> (at % 20),
);

async function run(device: Device, source: string): Promise<number[]> {
  using kernel = await device.compile(source);
  using input = device.allocate(given.byteLength);
  using out = device.allocate(threads * 8 * 4);
  device.write(input, given);
  device.dispatch(kernel, { given: input, out }, 1);
  return [...new Int32Array((await device.read(out)).slice().buffer)];
}

const compared = ["opencl", "webgpu", "cuda"].flatMap(
  (backend) => adapters.find((adapter) => adapter.backend === backend) ?? [],
);

it.for(Array.from({ length: 8 }, (_, at) => at + 1))(
  `random program %i means the same on ${compared.map(({ id }) => id).join(", ")}`,
  { timeout: 120_000 },
  async (seed, { skip }) => {
    const [first, ...others] = compared;
    if (first === undefined || others.length === 0) return skip("needs two adapters that compute");
    const source = randomProgram(seed);
    const results = await Promise.all(
      compared.map(async (adapter) => run(await sharedDevice(adapter), source)),
    );
    others.forEach((adapter, at) => {
      expect(results[at + 1], `${adapter.id} and ${first.id}`).toEqual(results[0]);
    });
  },
);
