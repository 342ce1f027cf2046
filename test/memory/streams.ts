import { expect } from "vitest";
import { MemoryManager, type StreamOperation } from "#src/memory/index.js";
import { FakeAdapter, FakeDevice } from "../support/fake-device.js";

export const KiB = 1024;

export type Copy = StreamOperation<Uint8Array, Uint8Array>;

export const copied: Copy = {
  name: "test.copy",
  outputBytes: (batch) => batch.byteLength,
  gpu: async (input, output, { device }) => device.copy(input, output),
  host: (byteLength) => new Uint8Array(byteLength),
};

export function memoryOf(memoryBudgetBytes = 64 * KiB) {
  const device = new FakeDevice(new FakeAdapter());
  return { device, memory: new MemoryManager(device, { memoryBudgetBytes }) };
}

export function* batches(count: number, bytes = 8 * KiB): Generator<Uint8Array> {
  for (let at = 0; at < count; at++) yield new Uint8Array(bytes).fill(at);
}

export async function firstBytes(stream: AsyncIterable<Uint8Array>): Promise<number[]> {
  const found: number[] = [];
  for await (const result of stream) found.push(result[0] ?? -1);
  return found;
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

export function expectFree({ device, memory }: { device: FakeDevice; memory: MemoryManager }): void {
  expect(memory.statistics()).toMatchObject({ inUseBytes: 0, reservedBytes: 0, reservations: 0, waiting: 0 });
  memory.pool.trim();
  expect(device.inUseBytes).toBe(0);
}
