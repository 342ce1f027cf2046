import { open } from "aikoryu";
import { gemm, gemmScratchBytes, map } from "aikoryu/kernels";
import { Matrix } from "aikoryu/matrix";
import { MemoryManager, upload } from "aikoryu/runtime";
import { check, interleaved, randomFloats } from "./harness.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 * @typedef {import("aikoryu/device").Device} Device
 * @typedef {import("aikoryu").Gpu} Gpu
 * @typedef {import("aikoryu/runtime").StreamOperation<Float32Array, Float32Array>} Operation
 */

const MiB = 2 ** 20;
const budgetBytes = 48 * MiB;
const totalBytes = 8 * budgetBytes;
const batchLength = (2 * MiB) / 4;
const batches = totalBytes / (batchLength * 4);
const size = 1024;
const turns = { rounds: 7, budgetMs: 12_000 };

/** Data of eight times the memory budget flows through the device, against each stage of it alone in the same run.
 * @param {Bench} bench @returns {Promise<Row[]>} */
export async function rows({ device, progress }) {
  if (device === undefined) return [];
  const found = [];
  const blocks = [1, 2, 3, 4, 5].map((seed) => randomFloats(batchLength, seed));
  for (const [title, operation] of [
    [`rows by ${size}x${size}, f32`, productOf(device)],
    ["a map, 2 a", doubled],
  ]) {
    progress(`stream: ${title}`);
    found.push(await streamRow(device, String(title), /** @type {Operation} */ (operation), blocks));
  }
  progress("matrix.multiply in blocks of rows");
  found.push(await multiplyRow(device));
  return found;
}

/** @param {Device} device @param {string} title @param {Operation} operation @param {Float32Array[]} blocks @returns {Promise<Row>} */
async function streamRow(device, title, operation, blocks) {
  const { id } = device.adapter;
  const gpu = await open({ device: id, memoryBudgetBytes: budgetBytes });
  const alone = await stages(device, operation, blocks);
  try {
    const stream = async () => {
      let at = 0;
      const results = gpu.runtime.stream(source(blocks), operation, {
        placement: "gpu",
        strict: true,
        reuseResults: true,
      });
      for await (const result of results) {
        const block = blocks[at++ % blocks.length];
        const ends = [0, 1, batchLength - 1];
        check(
          title,
          ends.map((end) => result[end]),
          ends.map((end) => 2 * block[end]),
          1e-5,
        );
      }
      check(`${title}: batches`, [at], [batches], 0);
    };
    const contestants = Object.entries({ ...alone.run, stream }).map(([name, run]) => ({ name, run }));
    const ms = await interleaved(contestants, turns);
    const of = (/** @type {string} */ name) => ms.get(name) ?? Number.NaN;
    const slowest = Math.max(...Object.keys(alone.run).map(of));
    const { peakBytes } = (await gpu.device()).memory();
    if (peakBytes > budgetBytes) throw new RangeError(`${title}: ${peakBytes} bytes exceed the budget`);
    const stagesText = Object.keys(alone.run).map((name) => `${name} ${Math.round(of(name))} ms`);
    const peak = `peak ${(peakBytes / MiB).toFixed(1)} of ${budgetBytes / MiB} MiB`;
    return {
      family: "runtime",
      operation: "stream",
      case: `${title}, ${totalBytes / MiB} MiB`,
      ours: {
        ms: of("stream"),
        placement: "gpu",
        device: id,
        reason: `${peak}; alone: ${stagesText.join(", ")}`,
      },
      gpuMs: of("stream"),
      cpuMs: null,
      peers: [],
      ratio: null,
      limit: {
        kind: "rate",
        unit: "GB/s of the slowest stage alone",
        measured: totalBytes / 1e6 / slowest,
        share: slowest / of("stream"),
      },
    };
  } finally {
    alone.dispose();
    await gpu.dispose();
  }
}

/** @param {Float32Array[]} blocks */
function* source(blocks) {
  for (let at = 0; at < batches; at++) yield blocks[at % blocks.length];
}

/** Each stage for all batches, without the others. @param {Device} device @param {Operation} operation @param {Float32Array[]} blocks */
async function stages(device, operation, blocks) {
  const memory = new MemoryManager(device);
  const [block] = blocks;
  const outputBytes = operation.outputBytes(block);
  const reservation = await memory.reserve({
    bytes: [block.byteLength, outputBytes],
    residents: operation.residents?.(memory) ?? [],
  });
  const input = reservation.allocate(block.byteLength);
  const output = reservation.allocate(outputBytes);
  const residents = await Promise.all(
    (operation.residents?.(memory) ?? []).map((resident) => reservation.load(resident)),
  );
  await upload(input, block);
  const { signal } = new AbortController();
  const compute = async () => {
    const scope = memory.pool.scope();
    const allocate = (/** @type {number} */ bytes, /** @type {string | undefined} */ label) =>
      scope.allocate(bytes, label);
    const context = { device, memory, batch: block, index: 0, residents, timer: undefined, signal, allocate };
    await operation.gpu(input, output, context);
    scope.dispose();
  };
  await compute();
  const results = [0, 1, 2].map((at) => operation.host(outputBytes, block, at));
  return {
    run: {
      upload: async () => {
        for (const next of source(blocks)) await upload(input, next);
        await device.wait();
      },
      kernel: async () => {
        for (let at = 0; at < batches; at++) await compute();
        await device.wait();
      },
      download: async () => {
        for (let at = 0; at < batches; at++) await device.read(output, results[at % results.length]);
      },
    },
    dispose: () => {
      reservation.dispose();
      memory.dispose();
    },
  };
}

/** @type {Operation} */
const doubled = {
  name: "bench.double",
  outputBytes: (batch) => batch.byteLength,
  gpu: (input, output, { device, batch }) =>
    map(device, { inputs: [input], result: output, count: batch.length, expression: "2.0 * a" }),
  host: (byteLength) => new Float32Array(byteLength / 4),
};

/** Blocks of rows by twice the identity. @param {Device} device @returns {Operation} */
function productOf(device) {
  const matrix = new Float32Array(size * size);
  for (let at = 0; at < size; at++) matrix[at * size + at] = 2;
  const handles = new Map();
  const sizes = { m: batchLength / size, n: size, k: size, batch: 1, strideA: 0, strideB: 0, strideC: 0 };
  const plain = { transposeA: false, transposeB: false, alpha: 1, beta: 0 };
  return {
    name: "bench.product",
    residents: (memory) => {
      if (!handles.has(memory)) handles.set(memory, memory.resident(matrix, "twice the identity"));
      return [handles.get(memory)];
    },
    outputBytes: (batch) => batch.byteLength,
    scratchBytes: () => gemmScratchBytes(device, sizes),
    gpu: (a, out, context) =>
      gemm(
        context.device,
        { ...sizes, ...plain, a, b: context.residents[0], out },
        { allocate: context.allocate },
      ),
    host: (byteLength) => new Float32Array(byteLength / 4),
  };
}

/** A product that exceeds the budget, against the same in one piece. @param {Device} device @returns {Promise<Row>} */
async function multiplyRow(device) {
  const { id } = device.adapter;
  const [small, large] = [
    await open({ device: id, memoryBudgetBytes: budgetBytes }),
    await open({ device: id }),
  ];
  const rowCount = 8 * 1024;
  const a = randomFloats(rowCount * size, 6);
  const b = randomFloats(size * size, 7);
  /** @param {Gpu} gpu */
  const multiply = async (gpu) => {
    const [left, right] = [Matrix.from(a, [rowCount, size]), Matrix.from(b, [size, size])];
    const product = await gpu.matrix.multiply(left, right, { placement: "gpu", strict: true });
    const values = await product.read();
    for (const matrix of [left, right, product]) matrix.dispose();
    return values;
  };
  try {
    const whole = await multiply(large);
    check("matrix.multiply in blocks", await multiply(small), whole, 1e-3);
    const ms = await interleaved(
      [
        { name: "blocks", run: () => multiply(small) },
        { name: "whole", run: () => multiply(large) },
      ],
      turns,
    );
    const of = (/** @type {string} */ name) => ms.get(name) ?? Number.NaN;
    const { peakBytes } = (await small.device()).memory();
    if (peakBytes > budgetBytes)
      throw new RangeError(`matrix.multiply: ${peakBytes} bytes exceed the budget`);
    const peak = `peak ${(peakBytes / MiB).toFixed(1)} of ${budgetBytes / MiB} MiB`;
    return {
      family: "runtime",
      operation: "matrix.multiply",
      case: `${rowCount}x${size} by ${size}x${size}, in blocks of rows`,
      ours: { ms: of("blocks"), placement: "gpu", device: id, reason: peak },
      gpuMs: of("blocks"),
      cpuMs: null,
      peers: [{ name: "in one piece", version: "ours", ms: of("whole") }],
      ratio: of("whole") / of("blocks"),
      limit: null,
    };
  } finally {
    await small.dispose();
    await large.dispose();
  }
}
