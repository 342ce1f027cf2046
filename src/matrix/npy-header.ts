import { type DType, dtypes } from "../core/dtype.ts";
import { elementCount, formatShape, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";

export interface NpyHeader {
  readonly shape: Shape;
  readonly fortranOrder: boolean;
  readonly type: NpyType;
  /** Where the numbers begin, in bytes. */
  readonly dataOffset: number;
}

export interface NpyType {
  /** NumPy's name without the byte order: "f4", "i8". */
  readonly name: string;
  readonly dtype: DType;
  readonly bytes: number;
  readonly littleEndian: boolean;
}

const magic = Buffer.from("\x93NUMPY", "latin1");
/** NumPy writes under 200 bytes for any type read here. */
const longestHeader = 1 << 20;
export const prefixBytes = 12;

/** NumPy's names of the element types, without the byte order. */
const names: Readonly<Record<string, DType>> = {
  f2: "f16",
  f4: "f32",
  f8: "f64",
  b1: "bool",
  i1: "i8",
  i2: "i16",
  i4: "i32",
  i8: "i64",
  u1: "u8",
  u2: "u16",
  u4: "u32",
  u8: "u64",
};

export function invalidFile(path: string, what: string, hint?: string): AikoError {
  return new AikoError("INVALID_FILE", { message: `${path}: ${what}`, hint });
}

/** Where the header's text is, from the file's first 12 bytes. Throws INVALID_FILE. */
export function parsePrefix(prefix: Buffer, path: string): { start: number; length: number } {
  if (!prefix.subarray(0, 6).equals(magic)) {
    throw invalidFile(
      path,
      "not a .npy file: it does not begin with \\x93NUMPY",
      "numpy.save writes such files.",
    );
  }
  if (prefix.length < prefixBytes) throw invalidFile(path, `truncated: ${prefix.length} bytes`);
  const version = prefix.readUInt8(6);
  if (version < 1 || version > 3) throw invalidFile(path, `version ${version} of the format is unknown`);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? prefix.readUInt16LE(8) : prefix.readUInt32LE(8);
  if (length > longestHeader) throw invalidFile(path, `damaged: its header claims ${length} bytes`);
  return { start, length };
}

/** The header's text: a Python dictionary with `descr`, `fortran_order` and `shape`. Throws INVALID_FILE. */
export function parseHeader(text: string, dataOffset: number, path: string): NpyHeader {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[|\())/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const sizes = /'shape'\s*:\s*\(([^()]*)\)/.exec(text);
  if (descr === null || order === null || sizes === null) {
    throw invalidFile(path, `damaged: its header reads ${JSON.stringify(text.slice(0, 80))}`);
  }
  return {
    type: parseType(descr[1], path),
    fortranOrder: order[1] === "True",
    shape: parseShape(sizes[1] ?? "", path),
    dataOffset,
  };
}

/** Throws UNSUPPORTED for a type that NumPy has no name for. */
export function formatHeader(shape: Shape, dtype: DType): Buffer {
  const name = Object.keys(names).find((key) => names[key] === dtype);
  if (name === undefined) {
    throw new AikoError("UNSUPPORTED", {
      message: `NumPy has no element type for ${dtype}`,
      hint: "Cast the matrix to f32 first.",
    });
  }
  const order = dtypes[dtype].bytes === 1 ? "|" : "<";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${name}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(total, " ");
  magic.copy(header);
  header.writeUInt8(1, 6);
  header.writeUInt8(0, 7);
  header.writeUInt16LE(total - 10, 8);
  header.write(text, 10, "latin1");
  header.write("\n", total - 1);
  return header;
}

function parseType(descr: string | undefined, path: string): NpyType {
  if (descr === undefined) {
    throw invalidFile(
      path,
      "a structured type cannot be read as numbers",
      "Save one field: numpy.save(path, array['field']).",
    );
  }
  const [, order = "", name = ""] = /^([<>|=]?)(.*)$/.exec(descr) ?? [];
  const dtype = Object.hasOwn(names, name) ? names[name] : undefined;
  if (dtype !== undefined) return { name, dtype, bytes: dtypes[dtype].bytes, littleEndian: order !== ">" };
  const kinds: Record<string, string> = {
    O: "Python objects, which are code and never loaded",
    c: "complex numbers",
    U: "text",
    S: "text",
    M: "dates",
    m: "time spans",
  };
  const kind = kinds[name.charAt(0)];
  throw invalidFile(
    path,
    `type '${descr}' ${kind === undefined ? "is not supported" : `holds ${kind}`}`,
    "Convert it: numpy.save(path, array.astype('float32')).",
  );
}

function parseShape(text: string, path: string): Shape {
  const sizes = text
    .split(",")
    .map((size) => size.trim())
    .filter((size) => size !== "");
  const shape = sizes.map((size) => (/^\d+L?$/.test(size) ? Number.parseInt(size, 10) : Number.NaN));
  if (shape.some((size) => !Number.isSafeInteger(size))) {
    throw invalidFile(path, `damaged: its shape reads (${text.slice(0, 80)})`);
  }
  if (!Number.isSafeInteger(elementCount(shape) * 8)) {
    throw invalidFile(path, `damaged: the shape ${formatShape(shape)} overflows`);
  }
  return shape;
}
