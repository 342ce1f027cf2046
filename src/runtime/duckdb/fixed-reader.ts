import type { HostColumn } from "../../core/column.ts";
import { physicalOf } from "../../core/column-type.ts";
import { dtypes } from "../../core/dtype.ts";
import type { Handle } from "../../core/native.ts";
import { AikoError } from "../../errors.ts";
import type { ColumnReader } from "./column-reader.ts";
import { Growing } from "./growing.ts";
import type { Native } from "./native.ts";
import type { EngineType } from "./types.ts";
import { ValidityReader } from "./validity-reader.ts";

type FixedType = Exclude<EngineType, { layout: "enum" | "list" }>;

/** Above the decimals of 38 digits by their upper 32 bits; of those that are equal, some are above, too. */
const mostUpperBits = 0x4b3b4ca8;

export class FixedReader implements ColumnReader {
  readonly #native: Native;
  readonly #type: FixedType;
  readonly #validity: ValidityReader;
  readonly #values: Growing;
  readonly #scratch: Growing;
  /** Bytes of a value in the column; 1/8 for bool. */
  readonly #width: number;
  #rows = 0;

  constructor(native: Native, type: FixedType, rows: number) {
    this.#native = native;
    this.#type = type;
    this.#validity = new ValidityReader(native);
    this.#width = type.layout === "bool" ? 1 / 8 : type.layout === "widened" ? 8 : type.bytes;
    this.#values = new Growing(native, Math.ceil(rows * this.#width));
    if (type.layout === "bool") this.#values.bytes.fill(0);
    this.#scratch = new Growing(native, 2048 * type.bytes);
  }

  append(vector: Handle, first: number, count: number): void {
    const { layout, bytes } = this.#type;
    const nulls = this.#validity.append(vector, first, count);
    const row = this.#rows;
    this.#rows += count;
    this.#reserve(row);
    const from = Number(this.#native.library.vector_get_data(vector)) + first * bytes;
    if (layout === "bool" || layout === "widened") {
      this.#scratch.reserve(count * bytes, 0);
      this.#native.copy(this.#scratch.address, from, count * bytes);
      if (layout === "bool") packBits(this.#scratch.bytes, count, this.#values.bytes, row);
      else widen(this.#scratch.bytes, bytes, count, this.#values.bytes, row);
      return;
    }
    this.#native.copy(this.#values.address + row * bytes, from, count * bytes);
    if (layout === "hugeint" || layout === "uhugeint") this.#checkDigits(row, nulls, first);
  }

  finish(): HostColumn {
    const { type } = this.#type;
    const bytes = this.#values.take(Math.ceil(this.#rows * this.#width));
    const physical = physicalOf(type);
    const dtype = physical === "i128" ? "i64" : physical;
    if (dtype === "bits" || dtype === "text" || dtype === "list") return this.#column(bytes);
    const { array } = dtypes[dtype];
    return this.#column(
      new array(bytes.buffer, bytes.byteOffset, bytes.byteLength / array.BYTES_PER_ELEMENT),
    );
  }

  #column(values: Extract<HostColumn, { layout: "fixed" }>["values"]): HostColumn {
    const validity = this.#validity.finish();
    const { nullCount } = this.#validity;
    return { layout: "fixed", type: this.#type.type, length: this.#rows, values, validity, nullCount };
  }

  #reserve(row: number): void {
    const old = this.#values.bytes.length;
    const used = Math.ceil(row * this.#width);
    this.#values.reserve(Math.ceil(this.#rows * this.#width), used);
    if (this.#type.layout === "bool" && this.#values.bytes.length > old) this.#values.bytes.fill(0, used);
  }

  #checkDigits(row: number, nulls: Uint8Array | undefined, first: number): void {
    const words = new Int32Array(this.#values.bytes.buffer, 0, this.#rows * 4);
    const wide = new BigUint64Array(words.buffer, 0, this.#rows * 2);
    const isUnsigned = this.#type.layout === "uhugeint";
    for (let at = row; at < this.#rows; at++) {
      const upper = words[4 * at + 3] ?? 0;
      if (upper < mostUpperBits && upper > -mostUpperBits && !(isUnsigned && upper < 0)) continue;
      if (nulls !== undefined && !(((nulls[(first + at - row) >>> 3] ?? 0) >>> ((first + at - row) & 7)) & 1))
        continue;
      const bits = ((wide[2 * at + 1] ?? 0n) << 64n) | (wide[2 * at] ?? 0n);
      const value = isUnsigned ? bits : BigInt.asIntN(128, bits);
      if (value < 10n ** 38n && value > -(10n ** 38n)) continue;
      throw new AikoError("OVERFLOW", {
        message: `${value} has more than 38 digits, the most that a decimal holds`,
        hint: "Cast the column in the query, such as to DOUBLE.",
      });
    }
  }
}

function packBits(from: Uint8Array, count: number, into: Uint8Array, to: number): void {
  for (let index = 0; index < count; index++) {
    const at = to + index;
    if (from[index] === 1) into[at >>> 3] = (into[at >>> 3] ?? 0) | (1 << (at & 7));
  }
}

function widen(from: Uint8Array, width: number, count: number, into: Uint8Array, to: number): void {
  const narrow = width === 2 ? new Int16Array(from.buffer, 0, count) : new Int32Array(from.buffer, 0, count);
  const words = new Int32Array(into.buffer, to * 8, count * 2);
  for (let index = 0; index < count; index++) {
    const value = narrow[index] ?? 0;
    words[2 * index] = value;
    words[2 * index + 1] = value >> 31;
  }
}
