import { discover } from "aikoryu/device";
import { interleaved } from "./harness.mjs";

/**
 * @typedef {import("./index.mjs").Row} Row
 * @typedef {import("./index.mjs").Bench} Bench
 * @typedef {import("aikoryu/device").Device} Device
 */

const threads = 16_384;
const perIteration = 16;
const checkedIterations = 16;
const shortestMs = 20;

/** Chains in registers in which each step needs the one before: the same text over u32 and over u64. */
const chains = [
  {
    operation: "add",
    step: "a += b; b += a;",
    /** @param {bigint} a @param {bigint} b */
    oracle: (a, b) => [a + b, a + 2n * b],
  },
  {
    operation: "compare",
    step: "a = select(a ^ p, a ^ q, a < b); b = select(b ^ q, b ^ p, b < a);",
    /** @param {bigint} a @param {bigint} b @param {bigint} p @param {bigint} q */
    oracle: (a, b, p, q) => {
      const next = a < b ? a ^ q : a ^ p;
      return [next, b < next ? b ^ p : b ^ q];
    },
  },
  {
    operation: "multiply",
    step: "a *= b; b *= a;",
    /** @param {bigint} a @param {bigint} b */
    oracle: (a, b) => [a * b, a * b * b],
  },
  {
    operation: "divide",
    step: "a ^= p / b; b += a;",
    /** @param {bigint} a @param {bigint} b @param {bigint} p */
    oracle: (a, b, p) => {
      const next = a ^ (b === 0n ? p : p / b);
      return [next, b + next];
    },
  },
];
const seeds = [0x9e3779b97f4a7c15n, 0xbf58476d1ce4e5b9n, 0x94d049bb133111ebn, 0x2545f4914f6cdd1dn];

/** @param {string} type @param {string} step */
const source = (type, step) => `
struct Given { a: ${type}, b: ${type}, p: ${type}, q: ${type}, iterations: u32 }
@group(0) @binding(0) var<uniform> given: Given;
@group(0) @binding(1) var<storage, read_write> result: array<${type}>;
@compute @workgroup_size(64) fn chain(@builtin(global_invocation_id) id: vec3<u32>) {
  var a = given.a + ${type}(2u * id.x);
  var b = given.b;
  let p = given.p;
  let q = given.q;
  for (var i = 0u; i < given.iterations; i++) {
    ${`${step}\n    `.repeat(perIteration / 2)}
  }
  result[id.x] = a ^ b;
}`;

/**
 * What 64-bit integers cost on each adapter, as the time of the same chain over 32 bits by that over 64.
 * @param {Bench} bench @returns {Promise<Row[]>}
 */
export async function wideRows({ progress }) {
  const rows = [];
  for (const adapter of (await discover()).adapters) {
    if (adapter.kind === "null") continue;
    progress(`64-bit integers on ${adapter.id}`);
    const device = await adapter.open();
    try {
      for (const chain of chains) rows.push(await rowOf(device, chain));
    } finally {
      await device.dispose();
    }
  }
  return rows;
}

/** @param {Device} device @param {typeof chains[number]} chain @returns {Promise<Row>} */
async function rowOf(device, { operation, step, oracle }) {
  const [narrow, wide] = [await prepare(device, 32, step, oracle), await prepare(device, 64, step, oracle)];
  try {
    let iterations = 64;
    for (; iterations < 2 ** 24; iterations *= 2) {
      const started = performance.now();
      await narrow.run(iterations);
      if (performance.now() - started >= shortestMs) break;
    }
    const times = await interleaved([
      { name: "32", run: () => narrow.run(iterations) },
      { name: "64", run: () => wide.run(iterations) },
    ]);
    const [ms, peer] = [times.get("64") ?? Number.NaN, times.get("32") ?? Number.NaN];
    return {
      family: "kernels",
      operation: `64-bit ${operation}`,
      case: `a chain in registers, ${device.adapter.id}`,
      ours: { ms, placement: "gpu", device: device.adapter.id, reason: "the same kernel over u64 and u32" },
      gpuMs: ms,
      cpuMs: null,
      peers: [{ name: "32-bit", version: "", ms: peer }],
      ratio: peer / ms,
      limit: null,
    };
  } finally {
    narrow.dispose();
    wide.dispose();
  }
}

/**
 * Compiles the chain over integers of `bits` bits, after a short run is compared with bigints.
 * @param {Device} device @param {32 | 64} bits @param {string} step @param {typeof chains[number]["oracle"]} oracle
 */
async function prepare(device, bits, step, oracle) {
  const kernel = await device.compile(source(`u${bits}`, step));
  const result = device.allocate((threads * bits) / 8);
  const [a = 0n, b = 0n, p = 0n, q = 0n] = seeds.map((seed) => BigInt.asUintN(bits, seed));
  /** @param {number} iterations */
  const run = async (iterations) => {
    const words = bits === 64 ? [a, b, p, q].flatMap(wordsOf) : [a, b, p, q].map(Number);
    const given = Uint32Array.from([...words, iterations, 0]);
    device.dispatch(kernel, { given, result }, threads / 64);
    await device.wait();
  };
  await run(checkedIterations);
  const read = (await device.read(result)).slice().buffer;
  const found = bits === 64 ? new BigUint64Array(read) : Uint32Array.from(new Uint32Array(read));
  for (const thread of [0, 1, threads - 1]) {
    let [x, y] = [BigInt.asUintN(bits, a + BigInt(2 * thread)), b];
    for (let i = 0; i < (checkedIterations * perIteration) / 2; i++)
      [x, y] = oracle(x, y, p, q).map((value) => BigInt.asUintN(bits, value));
    if (BigInt(found[thread] ?? 0) !== (x ^ y)) throw new Error(`${step} over u${bits}: a wrong result`);
  }
  return {
    run,
    dispose: () => {
      kernel.dispose();
      result.dispose();
    },
  };
}

/** @param {bigint} value */
function wordsOf(value) {
  return [Number(value & 0xffffffffn), Number(value >> 32n)];
}
