import { describe, expect, it } from "vitest";
import { discover } from "#src/device/registry.js";
import { type Built, buildFakeCuda, controlOf, withFakeCuda } from "../../support/cuda/index.ts";
import { seeded } from "../../support/random.ts";

const built = await buildFakeCuda();
const missing = typeof built === "string";
const adapters = missing ? [] : await withFakeCuda(async () => (await discover()).adapters);
const adapter = adapters.find(({ backend }) => backend === "cuda");

const mix = `
@group(0) @binding(0) var<storage, read> a: array<u32>;
@group(0) @binding(1) var<storage, read_write> b: array<u32>;
@group(0) @binding(2) var<uniform> by: u32;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&b)) { return; }
  b[id.x] = b[id.x] * 3u + a[id.x % arrayLength(&a)] + by;
}`;

describe.skipIf(missing)("the order of work on cuda", () => {
  const control = missing ? undefined : controlOf(built as Built);

  it.each([1, 2, 3, 4])("is that of the calls, whatever overlaps (seed %i)", async (seed) => {
    if (adapter === undefined) throw new Error("the fake GPU was not found");
    control?.clear();
    control?.configure({ jitter: 300 });
    const next = seeded(seed);
    const below = (limit: number) => Math.floor(next() * limit);
    const device = await adapter.open();
    const kernel = await device.compile(mix);
    const sizes = [64, 1000, 40_000, 70_000, 300_000, 2_500_000];
    const fresh = () => {
      const bytes = (sizes[below(sizes.length)] ?? 64) & ~3;
      return { buffer: device.allocate(bytes), words: new Uint32Array(bytes / 4) };
    };
    const pool = Array.from({ length: 4 }, fresh);
    const reads: Promise<void>[] = [];
    for (let step = 0; step < 250; step++) {
      const at = below(pool.length);
      const target = pool[at];
      const source = pool[(at + 1 + below(pool.length - 1)) % pool.length];
      if (target === undefined || source === undefined) continue;
      const kind = below(12);
      if (kind < 3) {
        const offset = 32 * below(target.words.byteLength / 32);
        const count = 1 + below((target.words.byteLength - offset) / 4);
        const data = Uint32Array.from({ length: count }, () => below(2 ** 32));
        device.write(target.buffer.view(offset), data);
        target.words.set(data, offset / 4);
        data.fill(9);
      } else if (kind < 7) {
        const by = below(1000);
        device.dispatchThreads(
          kernel,
          { a: source.buffer, b: target.buffer, by: Uint32Array.of(by) },
          target.words.length,
        );
        target.words.forEach((value, word, all) => {
          all[word] = (Math.imul(value, 3) + (source.words[word % source.words.length] ?? 0) + by) >>> 0;
        });
      } else if (kind < 8) {
        const bytes = Math.min(target.words.byteLength, source.words.byteLength);
        device.copy(source.buffer.view(0, bytes), target.buffer.view(0, bytes));
        target.words.set(source.words.subarray(0, bytes / 4));
      } else if (kind < 10) {
        const expected = Buffer.from(target.words.slice().buffer);
        reads.push(
          device.read(target.buffer).then((bytes) => {
            expect(Buffer.compare(bytes, expected), `read of step ${step}`).toBe(0);
          }),
        );
      } else if (kind < 11) {
        target.buffer.dispose();
        pool[at] = fresh();
      } else if (next() < 0.5) {
        await reads[below(reads.length)];
      } else {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await Promise.all(reads);
    await device.wait();
    expect(control?.stats()).toMatchObject({ races: [], faults: [], blockedCopies: 0, implicitWaits: 0 });
    await device.dispose();
    expect(control?.stats()).toMatchObject({ contexts: 0, allocations: 0, pinned: 0, streams: 0, events: 0 });
    expect(control?.stats()).toMatchObject({ modules: 0, graphs: 0, executables: 0 });
  });
});
