import { expect, it } from "vitest";
import type { Device } from "#src/device/device.js";
import { adapters, sharedDevice } from "../support/devices.js";
import { randomProgram, type SignedInteger } from "./programs.js";

const threads = 64;
const given = Array.from(
  { length: threads + 1 },
  (_, at) => [0, 1, -1, 7, -2147483648, 2147483647][at] ?? Math.imul(at, 0x9e3779b1) >> (at % 20),
);
/** The same numbers over 64 bits, further ones with bits in both words. */
const givenWide = given.map((value, at) =>
  at === 4
    ? -(2n ** 63n)
    : at === 5
      ? 2n ** 63n - 1n
      : BigInt(value) * (at % 3 === 0 ? 2n ** 31n + 12345n : 1n),
);

async function run(device: Device, source: string, signed: SignedInteger): Promise<(number | bigint)[]> {
  const bytes = signed === "i64" ? 8 : 4;
  using kernel = await device.compile(source);
  using input = device.allocate(given.length * bytes);
  using out = device.allocate(threads * 8 * bytes);
  device.write(input, signed === "i64" ? BigInt64Array.from(givenWide) : Int32Array.from(given));
  device.dispatch(kernel, { given: input, out }, 1);
  const { buffer } = (await device.read(out)).slice();
  return [...(signed === "i64" ? new BigInt64Array(buffer) : new Int32Array(buffer))];
}

const compared = ["opencl", "webgpu", "cuda"].flatMap(
  (backend) => adapters.find((adapter) => adapter.backend === backend) ?? [],
);
const programs = [
  ...Array.from({ length: 8 }, (_, at) => ({ seed: at + 1, signed: "i32" as const })),
  ...Array.from({ length: 4 }, (_, at) => ({ seed: at + 1, signed: "i64" as const })),
];

it.for(programs)(
  `random program $seed over $signed means the same on ${compared.map(({ id }) => id).join(", ")}`,
  { timeout: 120_000 },
  async ({ seed, signed }, { skip }) => {
    const [first, ...others] = compared;
    if (first === undefined || others.length === 0) return skip("needs two adapters that compute");
    const source = randomProgram(seed, signed);
    const results = await Promise.all(
      compared.map(async (adapter) => run(await sharedDevice(adapter), source, signed)),
    );
    others.forEach((adapter, at) => {
      expect(results[at + 1], `${adapter.id} and ${first.id}`).toEqual(results[0]);
    });
  },
);
