import { type DType, dtypes, type HostArray } from "../core/dtype.ts";
import { elementCount, formatShape, isShape, type Shape } from "../core/shape.ts";
import { AikoError } from "../errors.ts";
import { toBrainFloat, toHalf } from "./half.ts";
import type { ElementType, TensorData } from "./onnx/index.ts";

export type NnDType = Exclude<ElementType, "unsupported">;

/** A dense tensor in host memory, row-major. */
export interface NnTensor {
  readonly dtype: NnDType;
  readonly shape: Shape;
  /** f16 and bf16 as their bits, bool as bytes of 0 and 1. */
  readonly data: TensorData;
}

/** What `run` takes for a tensor. */
export interface TensorInput {
  /**
   * A typed array is used as it is, and must not be changed until the run is done; plain arrays are converted to the type
   * that the model takes.
   */
  readonly data: HostArray | Uint8ClampedArray | readonly (number | bigint | boolean | string)[];
  readonly shape: Shape;
  /** Default: by the kind of array, and where that fits several types, the one that the model takes. */
  readonly dtype?: NnDType | undefined;
}

/**
 * Checks one input and converts it to the type `wanted` where it came as a plain array. Throws INVALID_ARGUMENT, beginning
 * with `name`.
 */
export function toTensor(name: string, input: TensorInput, wanted: ElementType): NnTensor {
  const wrong = (what: string, hint?: string) =>
    new AikoError("INVALID_ARGUMENT", { message: `${name} ${what}`, hint });
  if (typeof input !== "object" || input === null || !("data" in input) || !("shape" in input)) {
    throw wrong("is not a tensor", "Pass { data: Float32Array | ... | string[], shape: [rows, columns] }.");
  }
  const { shape, data } = input;
  if (!Array.isArray(shape) || !isShape(shape)) {
    throw wrong(`has the shape ${JSON.stringify(shape)}`, "Sizes are integers of at least 0.");
  }
  const dtype = typeOf(input, wanted, wrong);
  const converted = Array.isArray(data) ? fromPlain(data, dtype, wrong) : sameBits(data as HostArray, dtype);
  const count = elementCount(shape);
  if (converted.length !== count) {
    throw wrong(`has ${converted.length} elements, but its shape ${formatShape(shape)} needs ${count}`);
  }
  if (wanted !== "unsupported" && dtype !== wanted) {
    throw wrong(`is ${dtype}, but the model takes ${wanted}`, conversionHint(wanted));
  }
  return { dtype, shape: [...shape], data: converted };
}

type Wrong = (what: string, hint?: string) => AikoError;

/** The types that a kind of array can hold, the first without other knowledge. */
const held: Readonly<Record<string, readonly DType[]>> = {
  Float32Array: ["f32"],
  Float64Array: ["f64"],
  Float16Array: ["f16"],
  Int8Array: ["i8"],
  Uint8Array: ["u8", "bool"],
  Buffer: ["u8", "bool"],
  Uint8ClampedArray: ["u8", "bool"],
  Int16Array: ["i16"],
  Uint16Array: ["u16", "f16", "bf16"],
  Int32Array: ["i32"],
  Uint32Array: ["u32"],
  BigInt64Array: ["i64"],
  BigUint64Array: ["u64"],
};

function typeOf({ data, dtype }: TensorInput, wanted: ElementType, wrong: Wrong): NnDType {
  if (dtype !== undefined && dtype !== "string" && !Object.hasOwn(dtypes, dtype)) {
    throw wrong(
      `has the type "${String(dtype)}"`,
      `Types are ${[...Object.keys(dtypes), "string"].join(", ")}.`,
    );
  }
  if (Array.isArray(data)) {
    if (dtype !== undefined) return dtype;
    if (wanted !== "unsupported") return wanted;
    return typeof data[0] === "string" ? "string" : "f32";
  }
  const kind = ArrayBuffer.isView(data) ? data.constructor.name : typeof data;
  const types = Object.hasOwn(held, kind) ? held[kind] : undefined;
  if (types === undefined)
    throw wrong(`has data of kind ${kind}`, "Use a typed array or an array of numbers.");
  const asked = dtype ?? wanted;
  const fitting = types.find((type) => type === asked);
  if (fitting !== undefined) return fitting;
  const [first = "f32"] = types;
  if (dtype === undefined) return first;
  throw wrong(`is called ${dtype}, but its data is a ${kind}`, `A ${kind} holds ${types.join(" or ")}.`);
}

function sameBits(data: HostArray, dtype: NnDType): HostArray {
  if (dtype === "string") return data;
  const { array } = dtypes[dtype];
  if (data instanceof array && data.constructor === array) return data;
  return new array(data.buffer, data.byteOffset, data.length);
}

function fromPlain(data: readonly unknown[], dtype: NnDType, wrong: Wrong): TensorData {
  if (dtype === "string") {
    const at = data.findIndex((value) => typeof value !== "string");
    if (at >= 0) throw wrong(`holds ${describe(data[at])} at ${at}, not a text`);
    return data as readonly string[];
  }
  const { array, kind } = dtypes[dtype];
  const result = new array(data.length);
  for (const [at, value] of data.entries()) {
    const fits = convert(value, dtype, kind);
    if (fits === undefined) throw wrong(`holds ${describe(value)} at ${at}, which is no ${dtype}`);
    result[at] = fits;
  }
  return result;
}

function convert(value: unknown, dtype: DType, kind: string): number | bigint | undefined {
  if (kind === "bool")
    return value === true || value === 1 ? 1 : value === false || value === 0 ? 0 : undefined;
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  if (kind === "float") {
    const number = Number(value);
    return dtype === "f16" ? toHalf(number) : dtype === "bf16" ? toBrainFloat(number) : number;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) return undefined;
  const { bytes } = dtypes[dtype];
  const integer = BigInt(value);
  const wrapped = kind === "signed" ? BigInt.asIntN(bytes * 8, integer) : BigInt.asUintN(bytes * 8, integer);
  if (wrapped !== integer) return undefined;
  return bytes === 8 ? integer : Number(integer);
}

function describe(value: unknown): string {
  return typeof value === "bigint" ? `${value}` : (JSON.stringify(value) ?? String(value)).slice(0, 40);
}

function conversionHint(wanted: ElementType): string | undefined {
  if (wanted === "string") return "Pass an array of texts.";
  if (wanted === "unsupported") return undefined;
  if (wanted === "f16" || wanted === "bf16")
    return `Pass an array of numbers, or the bits in a Uint16Array with dtype: "${wanted}".`;
  const { name } = dtypes[wanted].array;
  return `Convert it: ${name}.from(data${wanted === "i64" || wanted === "u64" ? ", BigInt" : ""}).`;
}
