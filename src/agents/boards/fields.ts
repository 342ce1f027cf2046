import { AikoError } from "../../errors.ts";
import type { FieldType } from "../../kernels/boards/index.ts";

/** Names and types of what agents or messages hold. */
export type Fields = Readonly<Record<string, FieldType>>;

export type FieldArray<T extends FieldType = FieldType> = T extends "f32"
  ? Float32Array
  : T extends "i32"
    ? Int32Array
    : Uint32Array;

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

/** Throws INVALID_ARGUMENT for names that cannot be used and types that there are not. */
export function checkFields(fields: Fields, what: string, reserved: readonly string[]): void {
  if (typeof fields !== "object" || fields === null) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `${what} need fields`,
      hint: 'Pass names and types: { x: "f32", y: "f32" }.',
    });
  }
  for (const [name, type] of Object.entries(fields)) {
    if (reserved.includes(name)) {
      throw new AikoError("INVALID_ARGUMENT", { message: `${what} have "${name}" of their own` });
    }
    if (!Object.hasOwn(arrays, type)) {
      throw new AikoError("INVALID_ARGUMENT", {
        message: `The field "${name}" of ${what} has the type ${String(type)}`,
        hint: "Types are f32, i32 and u32.",
      });
    }
  }
}

/** A column of words as numbers of its type, on the same memory. */
export function viewWords<T extends FieldType>(
  words: Uint32Array,
  at: number,
  count: number,
  type: T,
): FieldArray<T> {
  const array = arrays[type];
  return new array(words.buffer as ArrayBuffer, words.byteOffset + at * 4, count) as FieldArray<T>;
}

/** Throws INVALID_ARGUMENT for what is not `count` numbers that the type holds. */
export function checkedColumn(
  values: ArrayLike<number> | number,
  into: FieldArray,
  type: FieldType,
  name: string,
): void {
  if (typeof values === "number") {
    checkNumber(values, type, name, undefined);
    into.fill(values);
    return;
  }
  if (values.length !== into.length) {
    throw new AikoError("INVALID_ARGUMENT", {
      message: `The field "${name}" has ${values.length} values for ${into.length} agents`,
    });
  }
  if (values.constructor !== into.constructor) {
    for (let at = 0; at < values.length; at++) checkNumber(values[at], type, name, at);
  }
  into.set(values);
}

function checkNumber(value: unknown, type: FieldType, name: string, at: number | undefined): void {
  const [least, most] = type === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  if (typeof value === "number") {
    if (type === "f32" || (Number.isInteger(value) && value >= least && value <= most)) return;
  }
  throw new AikoError("INVALID_ARGUMENT", {
    message: `The field "${name}"${at === undefined ? "" : ` of agent ${at}`} is ${type}, not ${String(value)}`,
  });
}
