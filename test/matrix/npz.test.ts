import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { type AnyMatrix, Matrix, readNpy, readNpz, writeNpy, writeNpz } from "#src/matrix/index.js";
import { failure } from "../support/errors.js";
import { findTool, itWith } from "../support/tools.js";

const folder = mkdtempSync(join(tmpdir(), "aikoryu-npz-"));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
const fresh = (suffix = "npz") => join(folder, `${count++}.${suffix}`);

const matrices: Readonly<Record<string, AnyMatrix>> = {
  single: Matrix.from(Float32Array.of(1.5, -0, Number.NaN, Infinity), [2, 2]),
  double: Matrix.from(Float64Array.of(Math.PI, -1e300), [2], "f64"),
  half: Matrix.from(Uint16Array.of(0x3c00, 0xc248, 0x7c00), [3, 1], "f16"),
  long: Matrix.from(BigInt64Array.of(-(2n ** 63n), 2n ** 62n), [1, 2], "i64"),
  whole: Matrix.from(BigUint64Array.of(2n ** 64n - 1n), [1], "u64"),
  int: Matrix.from(Int32Array.of(-(2 ** 31), 2 ** 31 - 1), [2], "i32"),
  word: Matrix.from(Uint32Array.of(2 ** 32 - 1), [1, 1, 1], "u32"),
  short: Matrix.from(Int16Array.of(-32768, 7), [2], "i16"),
  bits: Matrix.from(Uint16Array.of(65535), [1], "u16"),
  byte: Matrix.from(Int8Array.of(-128, 127), [2], "i8"),
  octet: Matrix.from(Uint8Array.of(255, 0), [2], "u8"),
  truth: Matrix.from(Uint8Array.of(1, 0, 1), [3], "bool"),
  number: Matrix.from(Float32Array.of(42), []),
  none: Matrix.from(new Float32Array(0), [0, 3]),
};

async function expectSame(read: Readonly<Record<string, AnyMatrix>>): Promise<void> {
  expect(Object.keys(read)).toEqual(Object.keys(matrices));
  for (const [name, matrix] of Object.entries(matrices)) {
    expect(read[name]?.dtype, name).toBe(matrix.dtype);
    expect(read[name]?.shape, name).toEqual(matrix.shape);
    expect(await read[name]?.read(), name).toEqual(await matrix.read());
  }
}

describe("the element types of NumPy", () => {
  it.each(Object.entries(matrices))("%s goes through .npy as it is", async (_, matrix) => {
    const path = fresh("npy");
    await writeNpy(path, matrix);
    const read = await readNpy(path, { dtype: "stored" });
    expect(read.dtype).toBe(matrix.dtype);
    expect(read.shape).toEqual(matrix.shape);
    expect(await read.read()).toEqual(await matrix.read());
  });

  it("keeps types from big-endian files in Fortran order, and truth values as 0 and 1", async () => {
    const header = (descr: string, order: string, shape: string) => {
      const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
      const size = Buffer.alloc(2);
      size.writeUInt16LE(text.length);
      return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), size, Buffer.from(text)]);
    };
    const numbers = Buffer.alloc(32);
    [1n, 3n, 2n, -4n].forEach((value, at) => {
      numbers.writeBigInt64BE(value, at * 8);
    });
    const path = fresh("npy");
    writeFileSync(path, Buffer.concat([header(">i8", "True", "(2, 2)"), numbers]));
    expect(await (await readNpy(path, { dtype: "stored" })).read()).toEqual(
      BigInt64Array.of(1n, 2n, 3n, -4n),
    );
    writeFileSync(path, Buffer.concat([header("|b1", "False", "(3,)"), Buffer.from([2, 0, 255])]));
    expect(await (await readNpy(path, { dtype: "stored" })).read()).toEqual(Uint8Array.of(1, 0, 1));
  });

  it("refuses bf16, which NumPy lacks, before it writes anything", async () => {
    const path = fresh("npy");
    const brain = Matrix.from(Uint16Array.of(0x3f80), [1], "bf16");
    expect((await failure(() => writeNpy(path, brain), "UNSUPPORTED")).message).toContain("bf16");
    expect((await failure(() => writeNpz(path, { brain }), "UNSUPPORTED")).message).toContain("bf16");
    expect(existsSync(path)).toBe(false);
  });
});

describe(".npz", () => {
  it.each([false, true])("reads back what it wrote, compressed: %s", async (compress) => {
    const path = fresh();
    await writeNpz(path, matrices, { compress });
    await expectSame(await readNpz(path, { dtype: "stored" }));
  });

  it("makes equal files of equal matrices and smaller ones when it compresses", async () => {
    const zeros = { zeros: Matrix.zeros([200, 200]) };
    const paths = [fresh(), fresh(), fresh()] as const;
    await writeNpz(paths[0], zeros);
    await writeNpz(paths[1], zeros);
    await writeNpz(paths[2], zeros, { compress: true });
    expect(readFileSync(paths[0])).toEqual(readFileSync(paths[1]));
    expect(readFileSync(paths[2]).length).toBeLessThan(2000);
    expect(await (await readNpz(paths[2]))["zeros"]?.read()).toEqual(new Float32Array(40_000));
  });

  it("reads only what is asked for, converts to f32, and says what is not there", async () => {
    const path = fresh();
    await writeNpz(path, matrices);
    const { short, truth, ...rest } = await readNpz(path, { names: ["truth", "short"] });
    expect(rest).toEqual({});
    expect(await truth?.read()).toEqual(Float32Array.of(1, 0, 1));
    expect([short?.dtype, short?.shape]).toEqual(["f32", [1, 2]]);
    const error = await failure(() => readNpz(path, { names: ["int"] }), "INVALID_FILE");
    expect(error.message).toContain('["int"]: entry 1, 2147483647, has no exact f32');
  });

  const numpy = findTool("python3", ["-c", "import numpy"]);
  itWith("numpy", numpy)("NumPy reads what we write", async () => {
    const path = fresh();
    await writeNpz(path, matrices, { compress: true });
    const script = `import numpy, sys
with numpy.load(sys.argv[1]) as file:
    for name in file.files: print(name, file[name].dtype.name, list(file[name].shape), file[name].ravel().tolist())`;
    const { stdout, stderr } = spawnSync("python3", ["-c", script, path], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual([
      "single float32 [2, 2] [1.5, -0.0, nan, inf]",
      "double float64 [2] [3.141592653589793, -1e+300]",
      "half float16 [3, 1] [1.0, -3.140625, inf]",
      "long int64 [1, 2] [-9223372036854775808, 4611686018427387904]",
      "whole uint64 [1] [18446744073709551615]",
      "int int32 [2] [-2147483648, 2147483647]",
      "word uint32 [1, 1, 1] [4294967295]",
      "short int16 [2] [-32768, 7]",
      "bits uint16 [1] [65535]",
      "byte int8 [2] [-128, 127]",
      "octet uint8 [2] [255, 0]",
      "truth bool [3] [True, False, True]",
      "number float32 [] [42.0]",
      "none float32 [0, 3] []",
    ]);
  });

  itWith("numpy", numpy)("reads what NumPy writes", async () => {
    const script = `import numpy, sys
values = dict(a=numpy.arange(6, dtype="f4").reshape(2, 3), b=numpy.asfortranarray([[1, 2], [3, 4]], dtype=">i2"))
numpy.savez(sys.argv[1], **values)
numpy.savez_compressed(sys.argv[2], **values)`;
    for (const path of [fresh(), fresh()]) {
      expect(spawnSync("python3", ["-c", script, path, `${path}.c.npz`]).status).toBe(0);
      for (const file of [path, `${path}.c.npz`]) {
        const { a, b } = await readNpz(file, { dtype: "stored" });
        expect(await a?.toArray()).toEqual([
          [0, 1, 2],
          [3, 4, 5],
        ]);
        expect(b?.dtype).toBe("i16");
        expect(await b?.toArray()).toEqual([
          [1, 2],
          [3, 4],
        ]);
      }
    }
  });
});

interface Entry {
  readonly name?: string;
  readonly data?: Buffer;
  readonly method?: number;
  readonly crc?: number;
  readonly flags?: number;
  readonly bytes?: number;
  readonly offset?: number;
}

const float = (descr = "<f4", data = Buffer.from(Float32Array.of(1, 2).buffer), shape = "(1, 2)") => {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;
  return Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    Buffer.from([text.length & 255, text.length >> 8]),
    Buffer.from(text),
    data,
  ]);
};

/** An archive written by the letter of the format, apart from the project's own writer. */
function zip(entries: readonly Entry[], change: (file: Buffer) => Buffer = (file) => file): string {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name = "a.npy", data = float(), method = 8, crc, flags = 0, bytes, offset } of entries) {
    const stored = method === 8 ? deflateRawSync(data) : data;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc ?? crc32(data), 10);
    fields.writeUInt32LE(stored.length, 14);
    fields.writeUInt32LE(bytes ?? data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, Buffer.from(name), stored]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset ?? at, 10);
    directory.push(
      Buffer.concat([Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, tail, Buffer.from(name)]),
    );
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  const path = fresh();
  writeFileSync(path, change(Buffer.concat([...parts, listed, end])));
  return path;
}

describe("what is no archive of arrays", () => {
  it("is told from one that is", async () => {
    const { a, b } = await readNpz(zip([{}, { name: "b.npy", method: 0 }]));
    expect(await a?.read()).toEqual(Float32Array.of(1, 2));
    expect(await b?.read()).toEqual(Float32Array.of(1, 2));
  });

  it.each<[string, () => string, string]>([
    ["an empty file", () => zip([], () => Buffer.alloc(0)), "not a ZIP archive"],
    ["another format", () => zip([], () => Buffer.from("\x93NUMPY".repeat(9))), "not a ZIP archive"],
    ["a truncated archive", () => zip([{}], (file) => file.subarray(0, -10)), "truncated"],
    ["an archive without its start", () => zip([{}], (file) => file.subarray(8)), "directory lies outside"],
    ["a wrong checksum", () => zip([{ crc: 1 }]), "checksum"],
    ["a changed byte", () => zip([{ method: 0 }], flip(80)), "checksum"],
    ["compressed bytes that are none", () => zip([{}], flip(40)), 'damaged in "a.npy"'],
    ["an encrypted entry", () => zip([{ flags: 1 }]), "encrypted"],
    ["an unknown compression", () => zip([{ method: 12 }]), "method 12"],
    ["ZIP64", () => zip([{ bytes: 0xffffffff }]), "ZIP64"],
    ["a path upwards", () => zip([{ name: "../../etc/a.npy" }]), "outside of the archive"],
    ["an absolute path", () => zip([{ name: "/etc/a.npy" }]), "outside of the archive"],
    ["a drive", () => zip([{ name: "C:a.npy" }]), "outside of the archive"],
    ["a backslash", () => zip([{ name: "..\\a.npy" }]), "outside of the archive"],
    ["two entries of one name", () => zip([{}, {}]), "two entries"],
    ["something else than an array", () => zip([{ name: "notes.txt" }]), "no array"],
    ["entries that share bytes", () => zip([{}, { name: "b.npy", offset: 0 }]), "over another"],
    ["more bytes than claimed", () => zip([{ bytes: 20 }]), "more than"],
    ["fewer bytes than claimed", () => zip([{ bytes: 4000 }]), "ends after"],
    ["a bomb", () => zip([{ bytes: 2 ** 31 }]), "cannot hold"],
    ["Python objects", () => zip([{ data: float("|O") }]), "Python objects"],
    ["text", () => zip([{ data: float("<U1") }]), "text"],
    ["an array cut short", () => zip([{ data: float("<f4", Buffer.alloc(4)) }]), "truncated: 1x2 numbers"],
  ])("%s", async (_, make, message) => {
    const path = make();
    const error = await failure(() => readNpz(path), "INVALID_FILE");
    expect(error.message).toContain(path);
    expect(error.message).toContain(message);
  });

  it("names that no archive can hold, a missing array, a missing file, an aborted read", async () => {
    const one = Matrix.from([[1]]);
    for (const name of ["", "../a", "/a", "a\\b", "C:a"]) {
      const error = await failure(() => writeNpz(fresh(), { [name]: one }), "INVALID_ARGUMENT");
      expect(error.message).toContain(JSON.stringify(name));
    }
    const path = zip([{ name: "weights.npy" }]);
    const missing = await failure(() => readNpz(path, { names: ["wieghts"] }), "INVALID_ARGUMENT");
    expect(missing.hint).toContain('"weights"');
    await failure(() => readNpz(join(folder, "none.npz")), "FILE_NOT_FOUND");
    await failure(() => writeNpz(join(folder, "no", "a.npz"), { one }), "FILE_NOT_FOUND");
    await failure(() => readNpz(path, { signal: AbortSignal.abort() }), "ABORTED");
  });

  it("a name like a property of every object", async () => {
    const read = await readNpz(zip([{ name: "__proto__.npy" }]));
    expect(Object.keys(read)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });
});

function flip(at: number): (file: Buffer) => Buffer {
  return (file) => {
    file[at] = (file[at] ?? 0) ^ 255;
    return file;
  };
}
