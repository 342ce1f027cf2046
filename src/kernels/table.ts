import { isTurnLong, nextTurn } from "../core/turn.ts";
import type { Device, DeviceBuffer } from "../device/device.ts";

/** Of one device; what exceeds it goes, the longest unused first. */
const mostCachedBytes = 64 * 2 ** 20;

/** A table on a device; in use from when it is asked for until it is released. */
export interface Table {
  readonly buffer: DeviceBuffer;
  release(): void;
}

/** Writes the numbers from `start` to `end`, both even. */
type Fill = (values: Float32Array, start: number, end: number) => void;

/** Makes the table from what was filled in, on the device. */
type Transform = (source: DeviceBuffer, result: DeviceBuffer) => Promise<void>;

interface Entry {
  readonly buffer: DeviceBuffer;
  users: number;
}

interface Place {
  readonly making: Promise<Entry>;
  /** Once it is made. */
  entry?: Entry;
}

const caches = new WeakMap<Device, Map<string, Place>>();

/**
 * A table that is computed once a device and kept while there is room. `fill` is called for one piece after the other, so that no table holds the JavaScript thread.
 */
export async function tableOn(
  device: Device,
  key: string,
  length: number,
  fill: Fill,
  transform?: Transform,
): Promise<Table> {
  const cache = caches.get(device) ?? new Map<string, Place>();
  caches.set(device, cache);
  const place = cache.get(key) ?? { making: make(device, key, length, fill, transform) };
  cache.delete(key);
  cache.set(key, place);
  try {
    const entry = await place.making;
    place.entry = entry;
    entry.users++;
    makeRoom(cache);
    return { buffer: entry.buffer, release: () => entry.users-- };
  } catch (error) {
    if (cache.get(key) === place) cache.delete(key);
    throw error;
  }
}

const piece = 4096;

async function make(
  device: Device,
  key: string,
  length: number,
  fill: Fill,
  transform: Transform | undefined,
): Promise<Entry> {
  const values = new Float32Array(length);
  for (let start = 0; start < length; start += piece) {
    while (isTurnLong()) await nextTurn();
    fill(values, start, Math.min(length, start + piece));
  }
  // Sixteen numbers are the least that can be bound as a block.
  const buffer = device.allocate(Math.max(64, values.byteLength), key);
  for (let start = 0; start < length; start += 64 * piece) {
    while (isTurnLong()) await nextTurn();
    const part = values.subarray(start, start + 64 * piece);
    device.write(buffer.view(start * 4, part.byteLength), part);
  }
  if (transform === undefined) return { buffer, users: 0 };
  const result = device.allocate(buffer.byteLength, key);
  try {
    await transform(buffer, result);
  } finally {
    buffer.dispose();
  }
  return { buffer: result, users: 0 };
}

function makeRoom(cache: Map<string, Place>): void {
  let bytes = 0;
  for (const { entry } of cache.values()) bytes += entry?.buffer.byteLength ?? 0;
  for (const [key, { entry }] of cache) {
    if (bytes <= mostCachedBytes) return;
    if (entry === undefined || entry.users > 0) continue;
    cache.delete(key);
    bytes -= entry.buffer.byteLength;
    entry.buffer.dispose();
  }
}
