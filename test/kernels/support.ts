import type { Device, DeviceBuffer } from "#src/device/device.js";

/** Uniform numbers from -1 to 1, the same for a seed. xorshift32, Marsaglia 2003. */
export function randomFloats(count: number, seed: number): Float32Array {
  let state = seed || 1;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

/** Device memory that holds `data`; never empty, so that it can be bound. */
export function uploaded(device: Device, data: Float32Array | Uint32Array | Int32Array): DeviceBuffer {
  const buffer = device.allocate(Math.max(4, data.byteLength));
  if (data.length > 0) device.write(buffer.view(0, data.byteLength), data);
  return buffer;
}

export async function floatsIn(device: Device, buffer: DeviceBuffer, count: number): Promise<Float32Array> {
  return new Float32Array((await device.read(buffer)).slice(0, count * 4).buffer);
}

export async function wordsIn(device: Device, buffer: DeviceBuffer, count: number): Promise<Uint32Array> {
  return new Uint32Array((await device.read(buffer)).slice(0, count * 4).buffer);
}
