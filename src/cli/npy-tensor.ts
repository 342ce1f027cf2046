import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { bytesOf } from "../core/bytes.ts";
import { type DType, dtypes, type HostArray } from "../core/dtype.ts";
import { nearbyFile } from "../core/nearby-file.ts";
import { elementCount, formatShape, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { invalidFile, parseHeader, parsePrefix, prefixBytes } from "../matrix/npy-header.ts";
import type { NnTensor } from "../nn/index.ts";

/** NumPy's names, without the byte order. bf16 has none: NumPy users keep its bits as u2. */
const typeNames: Readonly<Record<DType, string>> = {
  f32: "f4",
  f64: "f8",
  f16: "f2",
  bf16: "u2",
  i8: "i1",
  u8: "u1",
  i16: "i2",
  u16: "u2",
  i32: "i4",
  u32: "u4",
  i64: "i8",
  u64: "u8",
  bool: "b1",
};

/** Reads a NumPy array file as the type it has. Rejects with FILE_NOT_FOUND and INVALID_FILE. */
export async function readNpyTensor(path: string): Promise<NnTensor & { readonly data: HostArray }> {
  const bytes = await readBytes(path);
  const { start, length } = parsePrefix(bytes.subarray(0, prefixBytes), path);
  if (bytes.length < start + length) throw invalidFile(path, "truncated inside its header");
  const text = bytes.toString("utf8", start, start + length);
  const { shape, type, fortranOrder } = parseHeader(text, start + length, path);
  const dtype = dtypeOf(type.name, path);
  const expected = elementCount(shape) * type.bytes;
  const body = bytes.subarray(start + length);
  if (body.length < expected) {
    throw invalidFile(
      path,
      `truncated: ${formatShape(shape)} numbers need ${expected} bytes, it has ${body.length}`,
    );
  }
  const own = Buffer.from(body.subarray(0, expected));
  if (!type.littleEndian) swapBytes(own, type.bytes);
  const { array } = dtypes[dtype];
  const aligned = new Uint8Array(own);
  const data = new array(aligned.buffer, 0, elementCount(shape));
  return { dtype, shape, data: fortranOrder ? rowMajor(data, shape, dtype) : data };
}

/** Writes one, whole or not at all. Rejects with FILE_NOT_FOUND, and with UNSUPPORTED for texts. */
export async function writeNpyTensor(path: string, { dtype, shape, data }: NnTensor): Promise<void> {
  if (dtype === "string" || !ArrayBuffer.isView(data)) {
    throw new AikoError("UNSUPPORTED", {
      message: `${path}: texts do not go into .npy files`,
      hint: "Leave -o out and use --json.",
    });
  }
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    await writeFile(temporary, Buffer.concat([header(dtype, shape), bytesOf(data)]));
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new AikoError("FILE_NOT_FOUND", { message: `Cannot write ${path}`, cause });
  }
}

function header(dtype: DType, shape: Shape): Buffer {
  const order = dtypes[dtype].bytes === 1 ? "|" : "<";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${typeNames[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(total, " ");
  bytes.write("\x93NUMPY\x01\x00", "latin1");
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(text, 10, "latin1");
  bytes.write("\n", total - 1);
  return bytes;
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const near = await nearbyFile(path);
    throw new AikoError("FILE_NOT_FOUND", {
      message: `${path} cannot be read`,
      hint: near === undefined ? undefined : `Did you mean ${near}?`,
      cause,
    });
  }
}

function dtypeOf(name: string, path: string): DType {
  for (const [dtype, npy] of Object.entries(typeNames)) {
    if (npy === name && dtype !== "bf16") return dtype as DType;
  }
  throw invalidFile(path, `type ${name} has no reader`);
}

function swapBytes(bytes: Buffer, size: number): void {
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
  else if (size === 8) bytes.swap64();
}

/** Fortran's order has the first index vary fastest. */
function rowMajor(data: HostArray, shape: Shape, dtype: DType): HostArray {
  const result = new dtypes[dtype].array(data.length);
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  for (let at = 0; at < data.length; at++) {
    let rest = at;
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      from += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    result[at] = data[from] ?? 0;
  }
  return result;
}
