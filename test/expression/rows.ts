import { type ColumnType, physicalOf } from "#src/core/column-type.js";
import type { Device } from "#src/device/device.js";
import type { Value } from "#src/expression/column/cast-value.js";
import { columnOf, readerOf } from "#src/expression/column/host/columns.js";
import type { LoweredExpression, Lowering } from "#src/expression/column/index.js";
import type { FixedMemory } from "#src/kernels/columns/column.js";
import { evaluateRows, type TableMemory } from "#src/kernels/index.js";

/** Columns of values in device memory; text in dictionaries as codes. */
export class DeviceColumns {
  readonly #device: Device;
  readonly #made = new Map<string, FixedMemory>();
  readonly #buffers: { dispose(): void }[] = [];
  readonly #types: readonly ColumnType[];
  readonly #columns: readonly (readonly (Value | null)[])[];
  readonly #dictionaries: readonly (readonly string[] | undefined)[];

  constructor(
    device: Device,
    types: readonly ColumnType[],
    columns: readonly (readonly (Value | null)[])[],
    dictionaries: readonly (readonly string[] | undefined)[],
  ) {
    this.#device = device;
    this.#types = types;
    this.#columns = columns;
    this.#dictionaries = dictionaries;
  }

  dispose(): void {
    for (const each of this.#buffers) each.dispose();
  }

  upload(bytes: ArrayBufferView) {
    const buffer = this.#device.allocate(Math.max(16, Math.ceil(bytes.byteLength / 4) * 4));
    this.#buffers.push(buffer);
    if (bytes.byteLength > 0) this.#device.write(buffer, padded(bytes));
    return buffer;
  }

  column(index: number): FixedMemory {
    const known = this.#made.get(String(index));
    if (known !== undefined) return known;
    const type = this.#types[index] ?? { kind: "bool" };
    const values = this.#columns[index] ?? [];
    const dictionary = this.#dictionaries[index];
    const held =
      dictionary === undefined
        ? columnOf(values, type)
        : columnOf(
            values.map((each) => (each === null ? null : dictionary.indexOf(String(each)))),
            { kind: "uint32" },
          );
    if (held.layout !== "fixed") throw new Error("text has no fixed memory");
    const physical = dictionary === undefined ? physicalOf(type) : "u32";
    if (physical === "text" || physical === "list") throw new Error("text has no fixed memory");
    const memory: FixedMemory = {
      physical,
      values: this.upload(held.values),
      validity: this.upload(held.validity ?? new Uint8Array(Math.ceil(values.length / 8)).fill(255)),
    };
    this.#made.set(String(index), memory);
    return memory;
  }

  /** The inputs of a lowering; text tests are answered by `test`. */
  inputs(lowering: Lowering, test: (index: number, test: string, pattern: string) => Uint8Array) {
    return lowering.inputs.map((each): FixedMemory | TableMemory => {
      if (
        each.kind === "column" &&
        physicalOf(this.#types[each.index] ?? { kind: "bool" }) === "text" &&
        this.#dictionaries[each.index] === undefined
      ) {
        const values = this.#columns[each.index] ?? [];
        const bits = columnOf(
          values.map((value) => value !== null),
          { kind: "bool" },
        );
        return {
          physical: "bits",
          values: this.upload(new Uint8Array(4)),
          validity: this.upload(bits.layout === "fixed" ? bits.values : new Uint8Array()),
        };
      }
      if (each.kind === "column") return this.column(each.index);
      if (each.kind === "textTest") {
        return { physical: "bits", values: this.upload(test(each.index, each.test, each.pattern)) };
      }
      const codes = lowering.inputs.findIndex(
        (other) => other.kind === "column" && other.index === each.index,
      );
      return { physical: "table", codes, values: this.upload(each.bits) };
    });
  }
}

function padded(bytes: ArrayBufferView): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  whole.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return whole;
}

/** Runs lowered expressions and reads what they give, null by row, and the error word. */
export async function runRows(
  device: Device,
  inputs: readonly (FixedMemory | TableMemory)[],
  expressions: readonly LoweredExpression[],
  types: readonly ColumnType[],
  count: number,
) {
  const made = await evaluateRows(device, { columns: inputs, expressions, count });
  const columns: (Value | null)[][] = [];
  for (const [at, column] of made.columns.entries()) {
    const type = types[at] ?? { kind: "bool" };
    const bytes = await device.read(column.values);
    const validity = column.validity === undefined ? undefined : await device.read(column.validity);
    const values = asArray(bytes, type, count);
    const read = readerOf({ layout: "fixed", type, length: count, nullCount: 0, values, validity });
    columns.push(Array.from({ length: count }, (_, row) => read(row)));
    column.values[Symbol.dispose]();
    column.validity?.[Symbol.dispose]();
  }
  let error = 0;
  if (made.error !== undefined) {
    error = new DataView((await device.read(made.error)).buffer).getUint32(0, true);
    made.error[Symbol.dispose]();
  }
  return { columns, error };
}

function asArray(bytes: Uint8Array, type: ColumnType, count: number) {
  const { buffer } = bytes.slice();
  switch (physicalOf(type)) {
    case "i8":
      return new Int8Array(buffer, 0, count);
    case "i16":
      return new Int16Array(buffer, 0, count);
    case "i32":
      return new Int32Array(buffer, 0, count);
    case "u8":
      return new Uint8Array(buffer, 0, count);
    case "u16":
      return new Uint16Array(buffer, 0, count);
    case "u32":
      return new Uint32Array(buffer, 0, count);
    case "i64":
      return new BigInt64Array(buffer, 0, count);
    case "u64":
      return new BigUint64Array(buffer, 0, count);
    case "f32":
      return new Float32Array(buffer, 0, count);
    case "f64":
      return new Float64Array(buffer, 0, count);
    case "i128":
      return new BigInt64Array(buffer, 0, 2 * count);
    default:
      return new Uint8Array(buffer);
  }
}
