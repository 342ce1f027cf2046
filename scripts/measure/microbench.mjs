import { measureDevice } from "../../dist/cli/measure.js";
import { withBuffers } from "./buffers.mjs";
import { medianMs } from "./clock.mjs";

const empty = "@compute @workgroup_size(1) fn nothing() {}";
const addOne = `
@group(0) @binding(0) var<storage, read_write> cells: array<f32>;
@compute @workgroup_size(64) fn add_one(@builtin(global_invocation_id) id: vec3<u32>) { cells[id.x] += 1.0; }`;
const burst = 1000;
const mebi = 2 ** 20;

/** Launches, copies and transfers of one device. Times in microseconds, rates in GB/s. */
export async function microbench(adapter) {
  const compileMs = {};
  const cold = await adapter.open({ cacheDirectory: false });
  try {
    compileMs.cold = await medianMs(
      async () => (await cold.compile(addOne.replace("1.0", String(Math.random())))).dispose(),
      3,
    );
  } finally {
    await cold.dispose();
  }
  const device = await adapter.open();
  try {
    return await withBuffers(device, async (buffers) => ({
      compileMs,
      launch: await launches(device, buffers),
      transfers: await transfers(device, buffers),
      copy: await copies(device, buffers),
      limits: await measureDevice(device),
    }));
  } finally {
    await device.dispose();
  }
}

async function launches(device, { allocate }) {
  const nothing = await device.compile(empty);
  const one = await device.compile(addOne);
  const cells = allocate(256);
  const many = async (kernel, bindings, count) => {
    for (let i = 0; i < count; i++) device.dispatch(kernel, bindings, 1);
    await device.wait();
  };
  const microseconds = async (kernel, bindings, count, rounds) =>
    ((await medianMs(() => many(kernel, bindings, count), rounds)) * 1000) / count;
  const result = {
    emptyAmortisedUs: await microseconds(nothing, {}, burst, 15),
    emptyOf32Us: await microseconds(nothing, {}, 32, 51),
    dependentAmortisedUs: await microseconds(one, { cells }, burst, 15),
    dispatchAndWaitUs: (await medianMs(() => many(nothing, {}, 1), 101)) * 1000,
    readBackUs: (await medianMs(() => device.read(cells), 101)) * 1000,
  };
  nothing.dispose();
  one.dispose();
  return result;
}

/** Host to device and back, from page-able memory as callers have it. */
async function transfers(device, { allocate }) {
  const rows = [];
  for (const bytes of [4096, 65_536, mebi, 16 * mebi, 64 * mebi]) {
    const buffer = allocate(bytes);
    const data = new Uint8Array(bytes).fill(1);
    const into = new Uint8Array(bytes);
    const rounds = bytes > mebi ? 7 : 31;
    const upload = async () => {
      device.write(buffer, data);
      await device.wait();
    };
    const uploadMs = await medianMs(upload, rounds);
    const downloadMs = await medianMs(() => device.read(buffer, into), rounds);
    rows.push({ bytes, uploadGBps: bytes / uploadMs / 1e6, downloadGBps: bytes / downloadMs / 1e6 });
  }
  const pieces = 16;
  const size = 4 * mebi;
  const data = new Uint8Array(size).fill(2);
  const targets = Array.from({ length: 4 }, () => allocate(size));
  const stream = async () => {
    for (let i = 0; i < pieces; i++) device.write(targets[i % targets.length], data);
    await device.wait();
  };
  return { rows, streamedUploadGBps: (pieces * size) / (await medianMs(stream, 7)) / 1e6 };
}

/** The driver's own copy within the device, bytes read plus bytes written. */
async function copies(device, { allocate }) {
  const { bufferBytes } = device.adapter.limits;
  const bytes = Math.min(device.adapter.kind === "gpu" ? 256 * mebi : 64 * mebi, bufferBytes);
  const [from, to] = [allocate(bytes), allocate(bytes)];
  const count = 20;
  const work = async () => {
    for (let i = 0; i < count; i++) device.copy(from, to);
    await device.wait();
  };
  return { bytes, driverCopyBytesPerSecond: (2 * bytes * count * 1000) / (await medianMs(work, 7)) };
}
