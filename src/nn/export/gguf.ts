import { alignUp, bytesOf } from "../../core/bytes.ts";
import { elementCount, formatShape, isShape, type Shape } from "../../core/shape.ts";
import { AikoError } from "../../errors.ts";

const scalarCodes = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;
const arrayCode = 9;

type ScalarType = keyof typeof scalarCodes;
type Scalar = number | bigint | boolean | string;

/** A metadata value: text and truth values as they are; numbers, and lists, with their type. */
export type GgufValue =
  | string
  | boolean
  | { readonly type: ScalarType; readonly value: Scalar }
  | { readonly type: ScalarType; readonly values: readonly Scalar[] };

const tensorTypes = {
  f32: [0, 4],
  f16: [1, 2],
  i8: [24, 1],
  i16: [25, 2],
  i32: [26, 4],
  bf16: [30, 2],
} as const;

export interface GgufTensor {
  readonly name: string;
  readonly type: keyof typeof tensorTypes;
  /** Row-major: the last size varies fastest. The file lists sizes the other way round. */
  readonly shape: Shape;
  /** f16 and bf16 as their bits. */
  readonly data: ArrayBufferView;
}

export interface GgufFile {
  /** "general.architecture" is required by every reader; "general.alignment" is 32 unless it is given. */
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly GgufTensor[];
}

const version = 3;
const defaultAlignment = 32;
const longestName = 64;
const mostDimensions = 4;

/**
 * The bytes of a GGUF file, version 3, little-endian, as llama.cpp reads it:
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Throws INVALID_ARGUMENT naming the key or tensor at fault.
 */
export function encodeGguf({ metadata, tensors }: GgufFile): Uint8Array {
  const alignment = alignmentOf(metadata);
  const entries = Object.entries(metadata).map(([key, value]) => encodeEntry(key, value));
  let offset = 0;
  const infos: Buffer[] = [];
  const names = new Set<string>();
  for (const tensor of tensors) {
    assertTensor(tensor, names);
    infos.push(encodeInfo(tensor, offset));
    offset += alignUp(tensor.data.byteLength, alignment);
  }
  const counts = [unsigned64(tensors.length), unsigned64(entries.length)];
  const header = [Buffer.from("GGUF"), integer(version, 4), ...counts, ...entries, ...infos];
  const headerBytes = header.reduce((sum, part) => sum + part.length, 0);
  const dataStart = alignUp(headerBytes, alignment);
  const file = new Uint8Array(dataStart + offset);
  let at = 0;
  for (const part of header) {
    file.set(part, at);
    at += part.length;
  }
  at = dataStart;
  for (const { data } of tensors) {
    file.set(bytesOf(data), at);
    at += alignUp(data.byteLength, alignment);
  }
  return file;
}

function alignmentOf(metadata: GgufFile["metadata"]): number {
  const given = metadata["general.alignment"];
  if (given === undefined) return defaultAlignment;
  const value =
    typeof given === "object" && "value" in given && given.type === "u32" ? given.value : undefined;
  if (typeof value === "number" && value > 0 && value % 8 === 0) return value;
  throw new AikoError("INVALID_ARGUMENT", {
    message: 'The metadata "general.alignment" must be a u32 that is a multiple of 8',
  });
}

function encodeEntry(key: string, value: GgufValue): Buffer {
  if (!/^[a-z0-9_]+([.-][a-z0-9_-]+)*$/.test(key)) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${JSON.stringify(key)} is no key of GGUF metadata`,
      hint: 'Keys are lower-case words joined by dots: "llama.context_length".',
    });
  }
  if (typeof value === "string") return Buffer.concat([text(key), typed("string", value, key)]);
  if (typeof value === "boolean") return Buffer.concat([text(key), typed("bool", value, key)]);
  if ("value" in value) return Buffer.concat([text(key), typed(value.type, value.value, key)]);
  const items = value.values.map((item) => scalar(value.type, item, key));
  const head = [integer(arrayCode, 4), integer(scalarCodes[value.type], 4), unsigned64(items.length)];
  return Buffer.concat([text(key), ...head, ...items]);
}

function typed(type: ScalarType, value: Scalar, key: string): Buffer {
  return Buffer.concat([integer(scalarCodes[type], 4), scalar(type, value, key)]);
}

const floats = { f32: [4, "writeFloatLE"], f64: [8, "writeDoubleLE"] } as const;

function scalar(type: ScalarType, value: Scalar, key: string): Buffer {
  if (type === "string" && typeof value === "string") return text(value);
  if (type === "bool" && typeof value === "boolean") return Buffer.from([value ? 1 : 0]);
  if ((type === "f32" || type === "f64") && typeof value === "number") {
    const [bytes, write] = floats[type];
    const buffer = Buffer.alloc(bytes);
    buffer[write](value);
    return buffer;
  }
  const match = /^([ui])(8|16|32|64)$/.exec(type);
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
  if (match !== null && isWhole) {
    const bits = Number(match[2]);
    const wrapped =
      match[1] === "u" ? BigInt.asUintN(bits, BigInt(value)) : BigInt.asIntN(bits, BigInt(value));
    if (wrapped === BigInt(value)) return integer(BigInt.asUintN(bits, wrapped), bits / 8);
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The metadata ${key} holds ${typeof value === "string" ? JSON.stringify(value) : String(value)}, which is no ${type}`,
  });
}

function assertTensor({ name, type, shape, data }: GgufTensor, names: Set<string>): void {
  const fail = (what: string): never => {
    throw new AikoError("INVALID_ARGUMENT", { message: `The tensor ${JSON.stringify(name)} ${what}` });
  };
  if (Buffer.byteLength(name) > longestName) fail(`has a name of more than ${longestName} bytes`);
  if (names.has(name)) fail("is there twice");
  names.add(name);
  if (!Object.hasOwn(tensorTypes, type)) fail(`has the type ${type}, which cannot be written`);
  if (!isShape(shape) || shape.length > mostDimensions || shape.includes(0)) {
    fail(`has the shape [${shape}]; GGUF takes up to ${mostDimensions} sizes of at least 1`);
  }
  const bytes = elementCount(shape) * tensorTypes[type][1];
  if (data.byteLength !== bytes) {
    fail(`of ${formatShape(shape)} ${type} numbers needs ${bytes} bytes, not ${data.byteLength}`);
  }
}

function encodeInfo({ name, type, shape }: GgufTensor, offset: number): Buffer {
  const sizes = shape.length === 0 ? [1] : [...shape].reverse();
  return Buffer.concat([
    text(name),
    integer(sizes.length, 4),
    ...sizes.map(unsigned64),
    integer(tensorTypes[type][0], 4),
    unsigned64(offset),
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([unsigned64(bytes.length), bytes]);
}

function unsigned64(value: number): Buffer {
  return integer(value, 8);
}

function integer(value: number | bigint, bytes: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer.subarray(0, bytes);
}
