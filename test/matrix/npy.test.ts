import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Matrix, readNpy, writeNpy } from "#src/matrix/index.js";
import { failure } from "../support/errors.js";

const folder = mkdtempSync(join(tmpdir(), "aikoryu-npy-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface File {
  readonly descr?: string;
  readonly order?: string;
  readonly shape?: string;
  readonly data?: Buffer;
  readonly version?: number;
  readonly header?: string;
}

let count = 0;

function save(bytes: Buffer): string {
  const path = join(folder, `${count++}.npy`);
  writeFileSync(path, bytes);
  return path;
}

function npy({
  descr = "<f4",
  order = "False",
  shape = "(2, 2)",
  data = Buffer.alloc(16),
  version = 1,
  header,
}: File): string {
  const text = `${header ?? `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`}\n`;
  const prefix = Buffer.alloc(version === 1 ? 10 : 12);
  prefix.write("\x93NUMPY", "latin1");
  prefix.writeUInt8(version, 6);
  if (version === 1) prefix.writeUInt16LE(text.length, 8);
  else prefix.writeUInt32LE(text.length, 8);
  return save(Buffer.concat([prefix, Buffer.from(text), data]));
}

function bytes(count: number, write: (view: DataView) => void): Buffer {
  const buffer = new ArrayBuffer(count);
  write(new DataView(buffer));
  return Buffer.from(buffer);
}

const values = async (path: string) => Array.from(await (await readNpy(path)).read());

describe("reading .npy", () => {
  it.each([1, 2, 3])("understands version %d", async (version) => {
    const data = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);
    expect(await values(npy({ version, data }))).toEqual([1, 2, 3, 4]);
  });

  it("converts every numeric type in both byte orders", async () => {
    const types: [string, number, (view: DataView, little: boolean) => void, number][] = [
      ["f2", 2, (view, little) => view.setUint16(0, 0xc248, little), -3.140625],
      ["f4", 4, (view, little) => view.setFloat32(0, 1.5, little), 1.5],
      ["f8", 8, (view, little) => view.setFloat64(0, 1e-60, little), 0],
      ["i1", 1, (view) => view.setInt8(0, -7), -7],
      ["u1", 1, (view) => view.setUint8(0, 250), 250],
      ["b1", 1, (view) => view.setUint8(0, 1), 1],
      ["i2", 2, (view, little) => view.setInt16(0, -300, little), -300],
      ["u2", 2, (view, little) => view.setUint16(0, 65000, little), 65000],
      ["i4", 4, (view, little) => view.setInt32(0, -(2 ** 24), little), -(2 ** 24)],
      ["u4", 4, (view, little) => view.setUint32(0, 2 ** 31, little), 2 ** 31],
      ["i8", 8, (view, little) => view.setBigInt64(0, -(2n ** 62n), little), -(2 ** 62)],
      ["u8", 8, (view, little) => view.setBigUint64(0, 2n ** 63n, little), 2 ** 63],
    ];
    for (const [name, size, write, expected] of types) {
      for (const order of ["<", ">", "|", "="]) {
        const data = bytes(size, (view) => write(view, order !== ">"));
        expect(await values(npy({ descr: order + name, shape: "(1, 1)", data }))).toEqual([expected]);
      }
    }
  });

  it("reorders Fortran data, also with batches, also across pieces", async () => {
    const small = Buffer.from(Float32Array.of(1, 4, 2, 5, 3, 6).buffer);
    expect(await values(npy({ order: "True", shape: "(2, 3)", data: small }))).toEqual([1, 2, 3, 4, 5, 6]);
    const [batch, rows, columns] = [3, 200, 150];
    const stored = new Float64Array(batch * rows * columns);
    for (let i = 0; i < stored.length; i++) {
      const item = Math.floor(i / (rows * columns));
      const row = Math.floor(i / columns) % rows;
      stored[item + batch * (row + rows * (i % columns))] = i;
    }
    const path = npy({
      descr: "<f8",
      order: "True",
      shape: `(${batch}, ${rows}, ${columns})`,
      data: Buffer.from(stored.buffer),
    });
    const read = await (await readNpy(path)).read();
    expect(read.every((value, index) => value === index)).toBe(true);
  });

  it("makes a row of a vector and reads empty arrays", async () => {
    const vector = await readNpy(npy({ shape: "(4,)" }));
    expect(vector.shape).toEqual([1, 4]);
    expect((await readNpy(npy({ shape: "(0, 5)", data: Buffer.alloc(0) }))).shape).toEqual([0, 5]);
  });

  it("does not block the event loop while it converts", async () => {
    const data = Buffer.from(new Float64Array(1 << 20).fill(2).buffer);
    const path = npy({ descr: ">f8", order: "True", shape: "(1024, 1024)", data });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await readNpy(path);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
  });

  it.each<[string, () => string, string]>([
    ["an empty file", () => save(Buffer.alloc(0)), "not a .npy file"],
    ["another format", () => save(Buffer.from("PK\x03\x04 this is a zip archive")), "not a .npy file"],
    ["a truncated prefix", () => save(Buffer.from("\x93NUMPY\x01\x00", "latin1")), "truncated"],
    ["an unknown version", () => npy({ version: 9 }), "version 9"],
    ["a header cut short", () => save(readFileSync(npy({})).subarray(0, 40)), "truncated inside its header"],
    ["a header of garbage", () => npy({ header: "\u0000\u0001garbage" }), "damaged"],
    [
      "missing data",
      () => npy({ data: Buffer.alloc(15) }),
      "truncated: 2x2 numbers need 16 B, the file holds 15 B",
    ],
    ["Python objects", () => npy({ descr: "|O" }), "Python objects"],
    ["complex numbers", () => npy({ descr: "<c8" }), "complex"],
    ["text", () => npy({ descr: "<U5" }), "text"],
    ["long doubles", () => npy({ descr: "<f16" }), "not supported"],
    ["a name of Object.prototype", () => npy({ descr: "<constructor" }), "type '<constructor'"],
    [
      "a structured type",
      () => npy({ header: "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,)}" }),
      "structured",
    ],
    ["a huge shape", () => npy({ shape: "(4294967296, 4294967296)" }), "overflows"],
    ["a shape beyond integers", () => npy({ shape: `(${"9".repeat(30)}, 1)` }), "damaged: its shape"],
    ["a negative shape", () => npy({ shape: "(-1, 2)" }), "damaged: its shape"],
    ["a claimed terabyte", () => npy({ shape: "(1000000, 1000000)" }), "truncated"],
    ["a single number", () => npy({ shape: "()" }), "single number"],
    ["a folder", () => folder, "not a regular file"],
    [
      "an integer without an f32",
      () =>
        npy({ descr: "<i4", shape: "(1, 1)", data: bytes(4, (view) => view.setInt32(0, 2 ** 24 + 1, true)) }),
      "entry 0, 16777217, has no exact f32",
    ],
    [
      "a long integer without an f32",
      () =>
        npy({
          descr: "<i8",
          shape: "(1, 1)",
          data: bytes(8, (view) => view.setBigInt64(0, 2n ** 60n + 1n, true)),
        }),
      "1152921504606846977, has no exact f32",
    ],
    [
      "a double beyond f32",
      () => npy({ descr: ">f8", shape: "(1, 1)", data: bytes(8, (view) => view.setFloat64(0, -1e40)) }),
      "-1e+40, is beyond the range of f32",
    ],
  ])("refuses %s", async (_, make, message) => {
    expect((await failure(() => readNpy(make()), "INVALID_FILE")).message).toContain(message);
  });

  it("says when there is no file", async () => {
    await failure(() => readNpy(join(folder, "absent.npy")), "FILE_NOT_FOUND");
  });

  it("names the file that was meant", async () => {
    await writeNpy(join(folder, "weights.npy"), Matrix.from([[1]]));
    const { hint } = await failure(() => readNpy(join(folder, "wieghts.npy")), "FILE_NOT_FOUND");
    expect(hint).toBe(`Did you mean ${join(folder, "weights.npy")}?`);
  });

  it("can be aborted", async () => {
    await failure(() => readNpy(npy({}), { signal: AbortSignal.abort() }), "ABORTED");
  });

  it("survives any single damaged byte of the header", async () => {
    const good = readFileSync(npy({}));
    for (let at = 0; at < good.length - 16; at++) {
      const bad = Buffer.from(good);
      bad.writeUInt8((bad.readUInt8(at) + 101) % 256, at);
      const path = save(bad);
      await readNpy(path).catch((error) => expect(error.code).toBe("INVALID_FILE"));
    }
  });
});

describe("writing .npy", () => {
  it("reads back what was written, in NumPy's own layout", async () => {
    const path = join(folder, "out.npy");
    const data = Float32Array.from({ length: 24 }, (_, index) => index / 3);
    await writeNpy(path, Matrix.from(data, [2, 3, 4]));
    const file = readFileSync(path);
    expect(file.subarray(0, 8)).toEqual(Buffer.from("\x93NUMPY\x01\x00", "latin1"));
    expect((10 + file.readUInt16LE(8)) % 64).toBe(0);
    expect(file.toString("latin1", 10, 128)).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3, 4\), \} *\n/,
    );
    const back = await readNpy(path);
    expect(back.shape).toEqual([2, 3, 4]);
    expect(await back.read()).toEqual(data);
  });

  it("replaces the file behind a link as a whole and leaves nothing else behind", async () => {
    const inner = mkdtempSync(join(folder, "inner-"));
    writeFileSync(join(inner, "real.npy"), "old");
    symlinkSync("real.npy", join(inner, "link.npy"));
    await writeNpy(join(inner, "link.npy"), Matrix.from([[1]]));
    expect(readdirSync(inner).sort()).toEqual(["link.npy", "real.npy"]);
    expect(await values(join(inner, "real.npy"))).toEqual([1]);
  });

  it("keeps the old file when it fails, and never replaces a device", async () => {
    const path = join(folder, "kept.npy");
    writeFileSync(path, "old");
    const before = readdirSync(folder).length;
    await failure(() => writeNpy(path, Matrix.from([[1]]), { signal: AbortSignal.abort() }), "ABORTED");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toHaveLength(before);
    const lost = await failure(
      () => writeNpy(join(folder, "absent", "x.npy"), Matrix.from([[1]])),
      "FILE_NOT_FOUND",
    );
    expect(lost.message).toContain(`there is no folder ${join(folder, "absent")}`);
    const taken = await failure(() => writeNpy(folder, Matrix.from([[1]])), "INVALID_FILE");
    expect(taken.message).toBe(`${folder}: a folder`);
    await writeNpy("/dev/null", Matrix.from([[1]]));
    expect(readFileSync("/dev/null")).toHaveLength(0);
  });
});
