import { conformance } from "../../dist/device/conformance/index.js";
import * as kernels from "../../dist/kernels/index.js";
import { withBuffers } from "./buffers.mjs";

export async function checkContract(adapter) {
  const verdicts = await conformance(adapter);
  const count = (outcome) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  return {
    yes: count("yes"),
    skipped: verdicts.filter(({ outcome }) => outcome === "skipped"),
    no: verdicts.filter(({ outcome }) => outcome === "no"),
  };
}

/** Seeded uniform numbers in [-1, 1): mulberry32. */
export function randomFloats(length, seed) {
  let state = seed >>> 0;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

const counts = [1, 31, 33, 255, 257, 4099, 1_000_003];

/** Every kernel of the package once a length, against the processor. */
export async function checkKernels(adapter) {
  const device = await adapter.open();
  const wrong = [];
  let checked = 0;
  const expect = (name, right, found, expected) => {
    checked++;
    if (!right) wrong.push(`${name}: ${found}, not ${expected}`);
  };
  try {
    for (const count of counts) {
      for (const check of [checkReductions, checkScan, checkSum128])
        await withBuffers(device, (buffers) => check(device, buffers, count, expect));
    }
    for (const type of ["f32", "tf32", "f16", "bf16", "f64"]) {
      for (const engine of device.blas === undefined ? ["kernel"] : ["blas", "kernel"])
        await withBuffers(device, (buffers) => checkProduct(device, buffers, type, engine, expect));
    }
  } finally {
    await device.dispose();
  }
  return { checked, wrong };
}

async function checkReductions(device, { allocate, filled }, count, expect) {
  const values = randomFloats(count, count);
  const source = filled(values);
  const result = allocate(16);
  const read = async () => new Float32Array((await device.read(result)).slice().buffer)[0];
  await kernels.reduce(device, "max", { source, result, count });
  const most = values.reduce((a, b) => Math.max(a, b));
  expect(`max of ${count}`, (await read()) === most, await read(), most);
  await kernels.reduce(device, "sum", { source, result, count });
  const sum = values.reduce((a, b) => a + b, 0);
  const found = await read();
  expect(`sum of ${count}`, Math.abs(found - sum) <= count * 2 ** -24 + 2 ** -20, found, sum);
}

async function checkScan(device, { allocate, filled }, count, expect) {
  const values = Uint32Array.from({ length: count }, (_, i) => (i * 2654435761) >>> 7);
  const source = filled(values);
  const result = allocate(count * 4);
  await kernels.exclusiveScan(device, { source, result, count });
  const found = new Uint32Array((await device.read(result)).slice().buffer);
  let sum = 0;
  const at = values.findIndex((value, i) => {
    const right = found[i] === sum;
    sum = (sum + value) >>> 0;
    return !right;
  });
  expect(`scan of ${count}`, at < 0, `element ${at} is ${found[at]}`, "the sum so far");
}

async function checkSum128(device, { allocate, filled }, count, expect) {
  const values = BigInt64Array.from({ length: count }, (_, i) =>
    BigInt.asIntN(64, BigInt(i) * 0x9e3779b97f4a7c15n),
  );
  const source = filled(values);
  const result = allocate(kernels.sum128Bytes);
  await kernels.sum128(device, { type: "i64", source, result, count });
  const found = kernels.int128Of(await device.read(result));
  const sum = values.reduce((a, b) => a + b, 0n);
  expect(`exact sum of ${count}`, found === sum, found, sum);
}

/** Small whole numbers: every type holds them and their sums exactly. */
async function checkProduct(device, { allocate, filled }, type, engine, expect) {
  const [m, n, k] = [67, 129, 35];
  const left = Array.from({ length: m * k }, (_, i) => (i % 5) - 2);
  const right = Array.from({ length: k * n }, (_, i) => (i % 7) - 3);
  const name = `${type} product by ${engine}`;
  const a = filled(encoded(type, left));
  const b = filled(encoded(type, right));
  const out = allocate(Math.ceil((m * n * bytesOf(type)) / 4) * 4);
  const shape = {
    m,
    n,
    k,
    batch: 1,
    strideA: 0,
    strideB: 0,
    strideC: 0,
    transposeA: false,
    transposeB: false,
  };
  try {
    await kernels.gemm(device, { type, ...shape, a, b, out, alpha: 1, beta: 0 }, { engine });
  } catch (error) {
    const expected = error.code === "UNSUPPORTED" && type === "f64" && !device.adapter.features.has("f64");
    expect(name, expected, error.message, "a product");
    return;
  }
  const found = decoded(type, (await device.read(out)).slice(0, m * n * bytesOf(type)));
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let s = 0; s < k; s++) sum += left[i * k + s] * right[s * n + j];
      if (found[i * n + j] !== sum)
        return expect(name, false, `row ${i}, column ${j} is ${found[i * n + j]}`, sum);
    }
  }
  expect(name, true);
}

export function bytesOf(type) {
  return type === "f64" ? 8 : type === "f16" || type === "bf16" ? 2 : 4;
}

/** Whole numbers up to 256 in the type. */
export function encoded(type, values) {
  if (type === "f64") return Float64Array.from(values);
  if (type === "f32" || type === "tf32") return Float32Array.from(values);
  const bits = (value) => new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
  if (type === "bf16") return Uint16Array.from(values, (value) => bits(value) >>> 16);
  const half = (value) => {
    if (value === 0) return 0;
    const word = bits(value);
    return ((word >>> 16) & 0x8000) | ((((word >>> 23) & 255) - 112) << 10) | ((word >>> 13) & 1023);
  };
  return Uint16Array.from(values, half);
}

function decoded(type, bytes) {
  if (type === "f64") return new Float64Array(bytes.buffer);
  if (type === "f32" || type === "tf32") return new Float32Array(bytes.buffer);
  const halves = new Uint16Array(bytes.buffer);
  if (type === "bf16")
    return Float32Array.from(halves, (half) => new Float32Array(Uint32Array.of(half << 16).buffer)[0] ?? 0);
  return Float32Array.from(halves, (half) => {
    const magnitude = half & 0x7fff;
    const value = magnitude === 0 ? 0 : (1 + (magnitude & 1023) / 1024) * 2 ** ((magnitude >> 10) - 15);
    return half & 0x8000 ? -value : value;
  });
}
