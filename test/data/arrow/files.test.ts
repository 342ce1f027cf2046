import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as arrow from "apache-arrow";
import { describe, expect, it } from "vitest";
import type { HostTable } from "#src/core/column.js";
import { tableProblem } from "#src/core/column-check.js";
import { schemaOf } from "#src/core/column-make.js";
import { sliceTable } from "#src/core/column-slice.js";
import { loadCodecs } from "#src/data/arrow/codecs.js";
import { decodeLz4 } from "#src/data/arrow/lz4.js";
import { arrowBatches, arrowSchema, readArrowTable } from "#src/data/arrow/read.js";
import { tableToArrow } from "#src/data/arrow/to-arrow.js";
import { writeArrowBatches, writeArrowTable } from "#src/data/arrow/write.js";
import { tableFromRows } from "#src/data/values/rows.js";
import { isAikoError } from "#src/errors.js";
import { failure } from "../../support/errors.js";
import { folderOf } from "../../support/files.js";
import { seeded } from "../../support/random.js";
import { contents, sampleTable } from "../tables.js";

async function* batchesOf(table: HostTable, rows: number): AsyncGenerator<HostTable> {
  for (let first = 0; first < table.rows; first += rows) yield sliceTable(table, first, rows);
}

/** An LZ4 frame by the book: literals, and a match that repeats the last byte. */
function lz4Frame(literals: Uint8Array, repeat: number): Uint8Array {
  const most = repeat - 4;
  const block = [0xff, literals.length - 15, ...literals, 1, 0, ...(most < 15 ? [] : [most - 15]), 0];
  block[0] = 0xf0 | Math.min(15, most);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Uint8Array.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, ...size, ...block, 0, 0, 0, 0]);
}

describe("Arrow files", () => {
  it.each(["a.arrow", "a.feather", "a.arrows"])("%s gives back what was written", async (name) => {
    const path = join(folderOf({}), name);
    for (const rows of [0, 1, 33, 100]) {
      const { table } = await sampleTable(rows, rows + 9);
      await writeArrowTable(path, table);
      expect(contents(await readArrowTable(path))).toEqual(contents(table));
      expect(await arrowSchema(path)).toEqual(schemaOf(table));
      const read: number[] = [];
      for await (const batch of arrowBatches(path, { columns: ["bool0"] })) read.push(batch.rows);
      expect(read.reduce((sum, each) => sum + each, 0)).toBe(rows);
      const oracle = arrow.tableFromIPC(readFileSync(path));
      expect(oracle.numRows).toBe(rows);
    }
  });

  it("are written batch by batch, dictionaries as text, and without rows too", async () => {
    const folder = folderOf({});
    const rows = Array.from({ length: 250 }, (_, at) => ({ city: ["a", "b", null][at % 3], at }));
    const table = await tableFromRows(rows);
    for (const name of ["b.arrow", "b.arrows"]) {
      const path = join(folder, name);
      await writeArrowBatches(path, schemaOf(table), batchesOf(table, 64));
      expect(contents(await readArrowTable(path))).toEqual(contents(table));
      const sizes: number[] = [];
      for await (const batch of arrowBatches(path)) sizes.push(batch.rows);
      expect(sizes).toEqual([64, 64, 64, 58]);
      await writeArrowBatches(path, schemaOf(table), batchesOf(sliceTable(table, 0, 0), 1));
      expect((await readArrowTable(path)).names).toEqual(["city", "at"]);
    }
  });

  it("that are truncated or damaged are INVALID_FILE, wherever", async () => {
    const folder = folderOf({});
    const { table } = await sampleTable(40, 3);
    for (const name of ["c.arrow", "c.arrows"]) {
      const path = join(folder, name);
      await writeArrowTable(path, table);
      const bytes = readFileSync(path);
      const whole = JSON.stringify(contents(table), (_, value) =>
        typeof value === "bigint" ? `${value}` : value,
      );
      for (let cut = 1; cut < 60; cut++) {
        writeFileSync(path, bytes.subarray(0, Math.floor((bytes.length * cut) / 60)));
        const outcome = await readArrowTable(path).catch((error: unknown) => error);
        if (isAikoError(outcome)) expect([cut, outcome.code]).toEqual([cut, "INVALID_FILE"]);
        else {
          const read = contents(outcome as HostTable);
          expect([
            cut,
            name,
            JSON.stringify(read, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
          ]).toEqual([cut, name, whole]);
        }
      }
    }
    const path = join(folder, "d.arrow");
    for (const text of ["", "ARROW1", "hello, this is no Arrow file at all", "\0".repeat(64)]) {
      writeFileSync(path, text);
      await failure(() => readArrowTable(path), "INVALID_FILE");
      await failure(async () => {
        for await (const _ of arrowBatches(path)) expect.fail("rows of nothing");
        await arrowSchema(path);
      }, "INVALID_FILE");
    }
  });

  it("in which bytes are wrong are read, or refused as such: no crash and no endless loop", async () => {
    const folder = folderOf({});
    const { table } = await sampleTable(40, 3);
    const random = seeded(11);
    for (const name of ["c.arrow", "c.arrows"]) {
      const path = join(folder, name);
      await writeArrowTable(path, table);
      const whole = readFileSync(path);
      for (let round = 0; round < 80; round++) {
        const bytes = Buffer.from(whole);
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        bytes[Math.floor(random() ** 3 * bytes.length)] = 255;
        writeFileSync(path, bytes);
        const outcome = await readArrowTable(path).catch((error: unknown) => error);
        if (!isAikoError(outcome)) expect(tableProblem(outcome as HostTable)).toBeUndefined();
        else expect(["INVALID_FILE", "UNSUPPORTED", "INVALID_ARGUMENT"]).toContain(outcome.code);
      }
    }
  });

  it("that say what is not so are refused before it costs anything", async () => {
    const folder = folderOf({});
    const path = join(folder, "e.arrow");
    await writeArrowTable(path, await tableFromRows([{ a: 1 }]));
    const whole = readFileSync(path);
    const footerAt = whole.length - 10 - whole.readInt32LE(whole.length - 10);
    const wrong: [(bytes: Buffer) => void, string][] = [
      [(bytes) => bytes.writeInt32LE(2 ** 30, bytes.length - 10), "its footer has 1073741824 bytes"],
      [(bytes) => bytes.writeInt32LE(2 ** 30, footerAt), "a description points to byte"],
      [(bytes) => bytes.fill(0, bytes.length - 4), "its end is missing"],
    ];
    for (const [change, message] of wrong) {
      const bytes = Buffer.from(whole);
      change(bytes);
      writeFileSync(path, bytes);
      const outcome = await readArrowTable(path).catch((error: unknown) => error);
      if (!isAikoError(outcome)) expect.fail("it was read");
      expect([outcome.code, outcome.message.includes(message) || outcome.message]).toEqual([
        "INVALID_FILE",
        true,
      ]);
    }
  });

  it("that are missing, folders or not to be written have errors of their own", async () => {
    const folder = folderOf({ "trips.arrow": "x" });
    const error = await failure(() => readArrowTable(join(folder, "trip.arrow")), "FILE_NOT_FOUND");
    expect(error.hint).toContain("trips.arrow");
    await failure(() => readArrowTable(folder), "INVALID_FILE");
    const { table } = await sampleTable(3, 3);
    await failure(() => writeArrowTable(join(folder, "none", "a.arrow"), table), "FILE_NOT_FOUND");
    mkdirSync(join(folder, "taken.arrow"));
    await failure(() => writeArrowTable(join(folder, "taken.arrow"), table), "WRITE_FAILED");
    await failure(() => writeArrowTable("/dev/full", table), "WRITE_FAILED");
    const broken = async function* () {
      yield table;
      throw new Error("no more");
    };
    await failure(
      () => writeArrowBatches(join(folder, "e.arrow"), schemaOf(table), broken()),
      "WRITE_FAILED",
    );
    expect(readdirSync(folder).sort()).toEqual(["taken.arrow", "trips.arrow"]);
    const signal = AbortSignal.abort();
    await failure(() => writeArrowTable(join(folder, "f.arrow"), table, { signal }), "ABORTED");
    await failure(() => readArrowTable(join(folder, "trips.arrow"), { signal }), "ABORTED");
  });
});

/** A frame in which runs of equal bytes are matches. */
function runFrame(data: Uint8Array): Uint8Array {
  const block: number[] = [];
  const lengthBytes = (rest: number) => {
    for (let left = rest - 15; left >= 0; left -= 255) block.push(Math.min(255, left));
  };
  let from = 0;
  const sequence = (to: number, match: number) => {
    const literals = to - from;
    block.push((Math.min(15, literals) << 4) | Math.min(15, Math.max(0, match - 4)));
    lengthBytes(literals);
    block.push(...data.subarray(from, to));
    if (match > 0) block.push(1, 0);
    if (match > 0) lengthBytes(match - 4);
    from = to + match;
  };
  for (let at = 1; at < data.length; at++) {
    let end = at;
    while (end < data.length && data[end] === data[at - 1]) end++;
    if (end - at < 6) continue;
    sequence(at, end - at);
    at = end;
  }
  sequence(data.length, 0);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([
    Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73]),
    size,
    Buffer.from(block),
    Buffer.alloc(4),
  ]);
}

describe("compressed Arrow files", () => {
  it("are decompressed on another thread, and refused where they are damaged", async () => {
    await loadCodecs();
    const { compressionRegistry, CompressionType } = arrow;
    const codec = compressionRegistry.get(CompressionType.LZ4_FRAME);
    compressionRegistry.set(CompressionType.LZ4_FRAME, { ...codec, encode: runFrame });
    const { table } = await sampleTable(500, 8);
    const out = await tableToArrow(table);
    const path = join(folderOf({}), "a.feather");
    const writer = new arrow.RecordBatchFileWriter({ compressionType: CompressionType.LZ4_FRAME });
    const bytes = await writer.writeAll(out).toUint8Array();
    writeFileSync(path, bytes);
    expect(contents(await readArrowTable(path))).toEqual(contents(table));
    for await (const batch of arrowBatches(path)) expect(contents(batch)).toEqual(contents(table));
    const at = Buffer.from(bytes).lastIndexOf(Buffer.from([0x04, 0x22, 0x4d, 0x18]));
    expect(at).toBeGreaterThan(0);
    bytes[at + 7] = 0xff;
    bytes[at + 8] = 0xff;
    bytes[at + 9] = 0xff;
    writeFileSync(path, bytes);
    const error = await failure(() => readArrowTable(path), "INVALID_FILE");
    expect(error.message).toContain("Damaged LZ4 frame");
  });
});

describe("LZ4", () => {
  it("frames give their content", () => {
    const literals = Uint8Array.from({ length: 20 }, (_, at) => at + 1);
    for (const repeat of [4, 18, 19, 100]) {
      const expected = [...literals, ...Array.from({ length: repeat }, () => 20)];
      expect([...decodeLz4(lz4Frame(literals, repeat))]).toEqual(expected);
    }
  });

  it("frames that are damaged are refused", () => {
    const frame = lz4Frame(new Uint8Array(20), 30);
    for (let cut = 0; cut < frame.length - 1; cut++) {
      expect(() => decodeLz4(frame.subarray(0, cut))).toThrow("Damaged LZ4 frame");
    }
    const far = frame.slice();
    far[33] = 200;
    expect(() => decodeLz4(far)).toThrow("a match lies outside");
  });
});
