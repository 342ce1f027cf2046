import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open } from "aikoryu";
import { Matrix } from "aikoryu/matrix";
import { longestGap, randomFloats } from "./harness.mjs";

/** @typedef {import("./index.mjs").Row} Row @typedef {import("./index.mjs").Bench} Bench */

const size = 1024;

/**
 * What starting and waiting cost a program: gaps in its event loop, and compiling again.
 * @param {Bench} bench
 * @returns {Promise<Row[]>}
 */
export async function startRows({ device, progress }) {
  if (device === undefined) return [];
  const { id } = device.adapter;
  /** @param {string} operation @param {string} title @param {number} ms @returns {Row} */
  const row = (operation, title, ms) => ({
    family: "matrix",
    operation,
    case: title,
    ours: { ms, placement: "gpu", device: id, reason: 'placement "gpu" was asked for' },
    gpuMs: ms,
    cpuMs: null,
    peers: [],
    ratio: null,
    limit: null,
  });

  progress("looking for gaps in the event loop");
  const a = randomFloats(size * size, 1);
  const { compiling, multiplying, waiting } = await gaps(a);
  progress("starting twice with one compile cache");
  const again = await secondStart();
  return [
    row("event loop gap", "opening and compiling", compiling),
    row("event loop gap", `multiplying ${size}x${size}`, multiplying),
    row("event loop gap", "waiting for 20 products", waiting),
    ...(again === undefined ? [] : [row("compile", "second start, from the cache", again)]),
  ];
}

/** @param {Float32Array} a */
async function gaps(a) {
  const gpu = await open({ cacheDirectory: false });
  const matrix = Matrix.from(a, [size, size]);
  const options = { placement: /** @type {const} */ ("gpu"), strict: true };
  /** @param {number} times */
  const multiply = async (times) => {
    const products = await Promise.all(
      Array.from({ length: times }, () => gpu.matrix.multiply(matrix, matrix, options)),
    );
    await products.at(-1)?.read();
    for (const product of products) product.dispose();
  };
  try {
    const compiling = await longestGap(() => multiply(1));
    const multiplying = await longestGap(() => multiply(1));
    const waiting = await longestGap(() => multiply(20));
    return { compiling, multiplying, waiting };
  } finally {
    matrix.dispose();
    await gpu.dispose();
  }
}

/** Milliseconds that compiling takes a program the second time; `undefined` where the device keeps no cache. */
async function secondStart() {
  const folder = await mkdtemp(join(tmpdir(), "aikoryu-cache-"));
  try {
    const first = await start(folder);
    const second = await start(folder);
    if (!first.keepsCache) return undefined;
    if (second.compiled > 0) throw new RangeError(`the second start compiled ${second.compiled} kernels`);
    return second.ms;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param {string} folder @returns {Promise<{ compiled: number, ms: number, keepsCache: boolean }>} */
function start(folder) {
  const program = fileURLToPath(new URL("start-once.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      if (status === 0) resolve(JSON.parse(output));
      else reject(new RangeError(`start-once.mjs ended with status ${status}`));
    });
  });
}
