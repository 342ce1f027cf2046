/**
 * Runs `work` with memory that is freed when it ends.
 * @template T
 * @param {import("../../dist/device/index.js").Device} device
 * @param {(buffers: { allocate: (bytes: number) => any, filled: (data: ArrayBufferView) => any }) => Promise<T>} work
 */
export async function withBuffers(device, work) {
  const made = [];
  const allocate = (bytes) => {
    const buffer = device.allocate(bytes);
    made.push(buffer);
    return buffer;
  };
  const filled = (data) => {
    const buffer = allocate(Math.max(16, data.byteLength));
    device.write(buffer.view(0, data.byteLength), data);
    return buffer;
  };
  try {
    return await work({ allocate, filled });
  } finally {
    for (const buffer of made) buffer.dispose();
  }
}
