import { DuckDBInstance } from "@duckdb/node-api";
import {
  aggregateGroups,
  compactColumns,
  disposeColumn,
  exclusiveScan,
  groupRows,
  sortRows,
} from "aikoryu/kernels";
import { MemoryManager } from "aikoryu/memory";
import { check, interleaved, median, settle, timed } from "../harness.mjs";
import { versionOf } from "../peers/version.mjs";
import { factRows, itemRows } from "./dataset.mjs";

/**
 * @typedef {import("../index.mjs").Row} Row
 * @typedef {import("aikoryu/device").Device} Device
 * @typedef {{ title: string, bytes?: number, items?: number, run: () => Promise<unknown> }} Case
 */

const sortedRows = 2 ** 24;
const rounds = 15;
const longestPatienceMs = 5_000;

/**
 * Kernels of columns by themselves, everything resident, as shares of what a copy reaches in this run.
 * @param {import("../index.mjs").Bench} bench @returns {Promise<Row[]>}
 */
export async function kernelRows({ device, measureLimits, progress }) {
  if (device === undefined) return [];
  progress("data: kernels by themselves");
  // As queries do: new memory of a processor costs more than what is computed in it.
  const { pool } = new MemoryManager(device);
  const options = { allocate: (/** @type {number} */ bytes) => pool.allocate(bytes) };
  const buffers = /** @type {import("aikoryu/device").DeviceBuffer[]} */ ([]);
  /** @param {ArrayBufferView & { byteLength: number }} values */
  const uploaded = (values) => {
    const buffer = device.allocate(values.byteLength, "values");
    buffers.push(buffer);
    device.write(buffer, values);
    return buffer;
  };
  const count = factRows;
  const numbers = uploaded(mixed(Math.max(count, sortedRows), 1));
  const mask = uploaded(mixed(Math.ceil(count / 32), 2));
  const result = device.allocate(count * 4, "result");
  const keys = uploaded(sparseKeys(count));
  const values = uploaded(Float64Array.from(mixed(count, 4), (value) => value / 256));
  buffers.push(result);
  /** @type {readonly Case[]} */
  const cases = [
    {
      title: "compaction, u32, half of the rows kept",
      bytes: count * 4 + count / 8 + count * 2,
      run: async () => {
        const { columns } = await compactColumns(
          device,
          { mask, count, columns: [{ physical: "u32", values: numbers }] },
          options,
        );
        await device.wait();
        for (const column of columns) disposeColumn(column);
      },
    },
    {
      title: "exclusive scan, u32",
      bytes: count * 8,
      run: async () => {
        await exclusiveScan(device, { source: numbers, result, count });
        await device.wait();
      },
    },
    {
      title: "stable sort of 16M u32 with row numbers",
      items: sortedRows,
      run: async () => {
        const key = { column: /** @type {const} */ ({ physical: "u32", values: numbers }) };
        const order = await sortRows(
          device,
          { keys: [{ ...key, descending: false, nullsFirst: false }], count: sortedRows },
          options,
        );
        await device.wait();
        order[Symbol.dispose]();
      },
    },
  ];
  try {
    const rows = [];
    for (const one of cases) rows.push(row(device, one, await medianOf(one.run), await measureLimits()));
    return [...rows, await groupRow(device, { keys, values, options }, progress)];
  } finally {
    for (const buffer of buffers) buffer.dispose();
  }
}

/** One after the other, as in a query: what a processor's threads take to wake up is not the kernel's. @param {() => Promise<unknown>} run */
async function medianOf(run) {
  await run();
  await settle(longestPatienceMs);
  const taken = [];
  for (let round = 0; round < rounds; round++) taken.push(await timed(run));
  return median(taken);
}

/**
 * Groups and their sums against DuckDB on one thread.
 * @param {Device} device
 * @param {{ keys: import("aikoryu/device").DeviceBuffer, values: import("aikoryu/device").DeviceBuffer, options: any }} input
 * @param {(text: string) => void} progress
 */
async function groupRow(device, { keys, values, options }, progress) {
  const title = "group-by, a tenth as many groups, one sum";
  progress(`data: ${title}`);
  const count = factRows;
  const ours = async () => {
    const grouped = await groupRows(device, { keys: [{ physical: "i64", values: keys }], count }, options);
    const { ids, groups } = grouped;
    const sums = await aggregateGroups(
      device,
      { ids, groups, count, aggregates: [{ function: "sum", column: { physical: "f64", values } }] },
      options,
    );
    await device.wait();
    for (const sum of sums) disposeColumn(sum);
    ids[Symbol.dispose]();
    grouped.representatives[Symbol.dispose]();
    return groups;
  };
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    await connection.run(`CREATE TABLE t AS SELECT (hash(i) % ${itemRows})::BIGINT * 7919 + 13 AS k,
      (hash(i + 1) % 16777216) / 256.0::DOUBLE AS v FROM range(${count}) q(i)`);
    check(title, [await ours()], [itemRows], itemRows / 100);
    const peer = () =>
      connection.run("CREATE OR REPLACE TEMP TABLE made AS SELECT k, sum(v) FROM t GROUP BY k");
    const ms = await interleaved(
      [
        { name: "ours", run: ours },
        { name: "duckdb", run: peer },
      ],
      { rounds: 7 },
    );
    const mine = ms.get("ours") ?? Number.NaN;
    const peers = [
      {
        name: "DuckDB on one thread",
        version: versionOf("@duckdb/node-api"),
        ms: ms.get("duckdb") ?? Number.NaN,
      },
    ];
    return { ...described(device, title, mine, ""), peers, ratio: (peers[0]?.ms ?? Number.NaN) / mine };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** @param {Device} device @param {Case} one @param {number} ms @param {import("../index.mjs").DeviceLimits} limits @returns {Row} */
function row(device, { title, bytes, items }, ms, { copyBytesPerSecond }) {
  const rate = items === undefined ? "" : `, ${(items / ms / 1e3).toFixed(0)} million rows a second`;
  const made = described(device, title, ms, rate);
  if (bytes === undefined) return made;
  const share = bytes / (ms / 1000) / copyBytesPerSecond;
  return {
    ...made,
    limit: { kind: "bandwidth", unit: "GB/s", measured: copyBytesPerSecond / 1e9, share },
  };
}

/** @param {Device} device @param {string} title @param {number} ms @param {string} rate @returns {Row} */
function described(device, title, ms, rate) {
  return {
    family: "data",
    operation: "data kernel",
    case: title,
    ours: { ms, placement: "gpu", device: device.adapter.id, reason: `the kernel by itself${rate}` },
    gpuMs: ms,
    cpuMs: null,
    peers: [],
    ratio: null,
    limit: null,
  };
}

/** i64 in pairs of words: bigints would keep the garbage collector busy beside the kernels. @param {number} length */
function sparseKeys(length) {
  const words = new Uint32Array(2 * length);
  mixed(length, 3).forEach((value, at) => {
    const key = (value % itemRows) * 7919 + 13;
    words[2 * at] = key % 2 ** 32;
    words[2 * at + 1] = Math.floor(key / 2 ** 32);
  });
  return words;
}

/** Well mixed numbers (murmur3's finaliser of their places). @param {number} length @param {number} seed */
function mixed(length, seed) {
  return Uint32Array.from({ length }, (_, at) => {
    let bits = Math.imul(at + seed * 0x9e3779b9, 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (bits ^ (bits >>> 16)) >>> 0;
  });
}
