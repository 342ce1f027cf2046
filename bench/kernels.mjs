import { gemm, map, reduce } from "aikoryu/kernels";
import { check, median, randomFloats, settle, timed } from "./harness.mjs";
import { wideRows } from "./wide.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 * @typedef {import("aikoryu/device").Device} Device
 */

const rounds = 9;
const longestPatienceMs = 5_000;
const productSize = 1024;
const elements = 2 ** 24;
const dispatches = 1000;
const empty = "@compute @workgroup_size(1) fn nothing() {}";

/** @param {Bench} bench @returns {Promise<Row[]>} */
export async function rows(bench) {
  return [...(await kernelRows(bench)), ...(await wideRows(bench))];
}

/** Kernels by themselves, everything resident, as shares of what the device was seen to reach in this run.
 * @param {Bench} bench @returns {Promise<Row[]>} */
async function kernelRows({ device, measureLimits, progress }) {
  if (device === undefined) return [];
  /** @param {string} operation @param {string} title @param {number} ms @param {Row["limit"]} limit @returns {Row} */
  const row = (operation, title, ms, limit) => ({
    family: "kernels",
    operation,
    case: title,
    ours: { ms, placement: "gpu", device: device.adapter.id, reason: "the kernel by itself" },
    gpuMs: ms,
    cpuMs: null,
    peers: [],
    ratio: null,
    limit,
  });

  progress("the device's limits");
  const before = await measureLimits();
  progress("the matrix product kernel");
  const product = await productMs(device);
  const flops = 2 * productSize ** 3;
  progress("map and reduction of 16M elements");
  const { mapMs, sumMs } = await streamMs(device);
  progress("the device's limits");
  const limits = between(before, await measureLimits());
  progress(`${dispatches} empty dispatches`);
  const dispatch = await dispatchMs(device);
  return [
    row("kernel gemm", `${productSize}x${productSize}, f32`, product, {
      kind: "flops",
      unit: "GFLOP/s",
      measured: limits.flopsPerSecond / 1e9,
      share: flops / (product / 1000) / limits.flopsPerSecond,
    }),
    row("kernel map", "16M f32, 2 a + 1", mapMs, bandwidth(limits, 2 * elements * 4, mapMs)),
    row("kernel reduce", "16M f32, sum", sumMs, bandwidth(limits, elements * 4, sumMs)),
    row("dispatch", `empty, each of ${dispatches}`, dispatch, null),
  ];
}

/**
 * Shared machines change speed within a minute: the limits that count are those right before and after the kernels.
 * @param {import("./index.mjs").DeviceLimits} before @param {import("./index.mjs").DeviceLimits} after
 */
function between(before, after) {
  return {
    copyBytesPerSecond: (before.copyBytesPerSecond + after.copyBytesPerSecond) / 2,
    flopsPerSecond: (before.flopsPerSecond + after.flopsPerSecond) / 2,
  };
}

/** @param {Device} device */
async function productMs(device) {
  const size = productSize;
  const bytes = size * size * 4;
  const values = randomFloats(size * size, 3);
  const [a, b, out] = ["a", "b", "out"].map((label) => device.allocate(bytes, label));
  try {
    const identity = new Float32Array(size * size);
    for (let i = 0; i < size; i++) identity[i * size + i] = 1;
    device.write(a, values);
    device.write(b, identity);
    const shape = { m: size, n: size, k: size, batch: 1, strideA: 0, strideB: 0, strideC: 0 };
    const plain = { transposeA: false, transposeB: false, alpha: 1, beta: 0 };
    const multiply = async () => {
      await gemm(device, { a, b, out, ...shape, ...plain });
      await device.wait();
    };
    await multiply();
    const read = await device.read(out);
    check("kernel gemm", new Float32Array(read.buffer, read.byteOffset, size * size), values, 1e-6);
    return await medianOf(multiply);
  } finally {
    for (const buffer of [a, b, out]) buffer.dispose();
  }
}

/**
 * @param {import("./index.mjs").DeviceLimits} limits @param {number} bytes read and written @param {number} ms
 * @returns {Row["limit"]}
 */
function bandwidth({ copyBytesPerSecond }, bytes, ms) {
  const share = bytes / (ms / 1000) / copyBytesPerSecond;
  return { kind: "bandwidth", unit: "GB/s", measured: copyBytesPerSecond / 1e9, share };
}

/** @param {Device} device */
async function streamMs(device) {
  const values = Float32Array.from({ length: elements }, (_, at) => (at % 3) - 1);
  const source = device.allocate(values.byteLength, "source");
  const result = device.allocate(values.byteLength, "result");
  try {
    device.write(source, values);
    const doubled = { inputs: [source], result, count: elements, expression: "2.0 * a + 1.0" };
    const mapMs = await medianOf(async () => {
      await map(device, doubled);
      await device.wait();
    });
    const edges = [result.view(0, 256), result.view(values.byteLength - 256)];
    for (const edge of edges) {
      const read = await device.read(edge);
      const first = edge.byteOffset / 4;
      const expected = values.subarray(first, first + 64).map((value) => 2 * value + 1);
      check("kernel map", new Float32Array(read.buffer, read.byteOffset, 64), expected, 0);
    }
    const sumMs = await medianOf(async () => {
      await reduce(device, "sum", { source, result, count: elements });
      await device.wait();
    });
    const read = await device.read(result.view(0, 4));
    check("kernel reduce", new Float32Array(read.buffer, read.byteOffset, 1), [-1], 0);
    return { mapMs, sumMs };
  } finally {
    source.dispose();
    result.dispose();
  }
}

/** @param {Device} device */
async function dispatchMs(device) {
  const kernel = await device.compile(empty);
  const all = async () => {
    for (let i = 0; i < dispatches; i++) device.dispatch(kernel, {}, 1);
    await device.wait();
  };
  await all();
  const ms = (await medianOf(all)) / dispatches;
  kernel.dispose();
  return ms;
}

/** @param {() => Promise<void>} work */
async function medianOf(work) {
  await work();
  const times = [];
  let patienceMs = longestPatienceMs;
  for (let i = 0; i < rounds; i++) {
    patienceMs -= await settle(patienceMs);
    times.push(await timed(work));
  }
  return median(times);
}
