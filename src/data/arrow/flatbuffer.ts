import { AikoError } from "../../errors.ts";

/** What a field of a table is: bytes in place, or what an offset leads to. */
export type Slot =
  | { readonly kind: "scalar"; readonly bytes: number }
  | { readonly kind: "vector"; readonly bytes: number }
  | { readonly kind: "table"; readonly of: () => TableShape }
  | { readonly kind: "tables"; readonly of: () => TableShape }
  /** Its kind is the number in the field before it; others than those named are taken for tables without fields. */
  | { readonly kind: "union"; readonly of: () => Readonly<Record<number, TableShape>> };

/** Fields in order of their ids. */
export type TableShape = readonly Slot[];

const mostTables = 1 << 20;
const mostDepth = 64;

/**
 * Reads a FlatBuffer whose offsets and lengths are checked against its bytes, as readers made by its compiler do not:
 * https://flatbuffers.dev/internals. Throws INVALID_VALUE.
 */
export class FlatBuffer {
  readonly #view: DataView;
  #tables = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The place of the root table, after a check of it and all below it. */
  check(shape: TableShape): number {
    const root = this.#offset(0);
    this.#checkTable(root, shape, 0);
    return root;
  }

  /** Where a field of a table is; undefined where it is left out. */
  field(table: number, id: number): number | undefined {
    const vtable = table - this.#view.getInt32(table, true);
    if (4 + id * 2 + 2 > this.#view.getUint16(vtable, true)) return undefined;
    const at = this.#view.getUint16(vtable + 4 + id * 2, true);
    return at === 0 ? undefined : table + at;
  }

  uint8(at: number | undefined): number {
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  int32(at: number | undefined): number {
    return at === undefined ? 0 : this.#view.getInt32(at, true);
  }

  int64(at: number | undefined): number {
    return at === undefined ? 0 : Number(this.#view.getBigInt64(at, true));
  }

  /** What the offset in a field leads to. */
  target(at: number | undefined): number | undefined {
    return at === undefined ? undefined : at + this.#view.getUint32(at, true);
  }

  /** Where the elements of a vector start, and how many there are. */
  vector(at: number | undefined): { readonly start: number; readonly length: number } {
    const vector = this.target(at);
    if (vector === undefined) return { start: 0, length: 0 };
    return { start: vector + 4, length: this.#view.getUint32(vector, true) };
  }

  #checkTable(table: number, shape: TableShape, depth: number): void {
    if (++this.#tables > mostTables || depth > mostDepth) throw damaged("is nested without end");
    this.#need(table, 4);
    const vtable = table - this.#view.getInt32(table, true);
    this.#need(vtable, 4);
    const bytes = this.#view.getUint16(vtable, true);
    if (bytes < 4) throw damaged("has a table of no size");
    this.#need(vtable, bytes);
    for (const [id, slot] of shape.entries()) {
      const at = this.field(table, id);
      if (at === undefined) continue;
      if (slot.kind === "scalar") {
        this.#need(at, slot.bytes);
        continue;
      }
      const to = this.#offset(at);
      if (slot.kind === "vector") this.#checkVector(to, slot.bytes);
      else if (slot.kind === "table") this.#checkTable(to, slot.of(), depth + 1);
      else if (slot.kind === "union") {
        this.#checkTable(to, slot.of()[this.uint8(this.field(table, id - 1))] ?? [], depth + 1);
      } else {
        const length = this.#checkVector(to, 4);
        for (let item = 0; item < length; item++) {
          this.#checkTable(this.#offset(to + 4 + item * 4), slot.of(), depth + 1);
        }
      }
    }
  }

  #checkVector(at: number, bytes: number): number {
    this.#need(at, 4);
    const length = this.#view.getUint32(at, true);
    this.#need(at + 4, length * bytes);
    return length;
  }

  #offset(at: number): number {
    this.#need(at, 4);
    return at + this.#view.getUint32(at, true);
  }

  #need(at: number, bytes: number): void {
    if (at >= 0 && at + bytes <= this.#view.byteLength) return;
    throw damaged(`points to byte ${at + bytes} of ${this.#view.byteLength}`);
  }
}

function damaged(why: string): AikoError {
  return new AikoError("INVALID_VALUE", { message: `Damaged Arrow data: a description ${why}` });
}
