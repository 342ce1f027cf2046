import { AikoError } from "../../errors.ts";

export function invalidFile(what: string, hint?: string): AikoError {
  return new AikoError("INVALID_FILE", { message: what, hint });
}

/** The nesting at which protobuf's own readers stop. */
const deepest = 100;

const varintType = 0;
const fixed64Type = 1;
const bytesType = 2;
const fixed32Type = 5;

const utf8 = new TextDecoder("utf-8", { fatal: true });
const lenientUtf8 = new TextDecoder("utf-8");

/**
 * Reads one protobuf message: `next` goes from field to field, the other methods take the field's value, and what is not
 * taken is skipped. Nothing is copied and nothing allocated by a size that the file claims. Throws INVALID_FILE.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  /** How many messages are around this one. */
  readonly depth: number;
  #at: number;
  #start: number;
  #wireType = -1;
  /** Number of the field that `next` came to. */
  field = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, depth = 0) {
    if (depth > deepest) throw invalidFile(`Nested more than ${deepest} messages deep`);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#start = start;
    this.#end = end;
    this.depth = depth;
  }

  next(): boolean {
    if (this.#wireType >= 0) this.#skip();
    if (this.#at === this.#end) return false;
    this.#start = this.#at;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    if (this.field < 1 || this.field > 0x1fffffff) throw this.#damaged(`field number ${this.field}`);
    return true;
  }

  /** A number that counts or names something: refused where a double does not hold it. */
  integer(what: string): number {
    const value = this.bigint();
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) {
      throw invalidFile(`${what} is ${value}`);
    }
    return Number(value);
  }

  /** int64. */
  bigint(): bigint {
    this.#take(varintType);
    return this.#int64();
  }

  float(): number {
    this.#take(fixed32Type);
    return this.#view.getFloat32(this.#advance(4), true);
  }

  /** The bytes of the file themselves. */
  bytes(): Uint8Array {
    this.#take(bytesType);
    const length = this.#length();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The field as it is in the file, with its tag. */
  whole(): Uint8Array {
    this.#skip();
    return this.#bytes.subarray(this.#start, this.#at);
  }

  /** UTF-8; anything else is refused. */
  text(what: string): string {
    const bytes = this.bytes();
    try {
      return utf8.decode(bytes);
    } catch {
      throw invalidFile(`${what} is not UTF-8`);
    }
  }

  /** Bytes that should be UTF-8, with U+FFFD for what is not. */
  looseText(): string {
    return lenientUtf8.decode(this.bytes());
  }

  message(): WireReader {
    this.#take(bytesType);
    const length = this.#length();
    const start = this.#advance(length);
    return new WireReader(this.#bytes, start, start + length, this.depth + 1);
  }

  /** Numbers of a repeated int field, packed or one of them, into `list`, which may hold `most`. */
  integers(list: bigint[], most: number, what: string): void {
    if (this.#wireType === varintType) {
      list.push(this.bigint());
    } else {
      this.#take(bytesType);
      const end = this.#length() + this.#at;
      while (this.#at < end) {
        list.push(this.#int64());
        if (list.length > most) break;
      }
    }
    if (list.length > most) throw invalidFile(`${what} has more than ${most} entries`);
  }

  /** The packed or single values of a repeated field, as they are stored. */
  packed(size: "varint" | 4 | 8): Uint8Array {
    const single = size === "varint" ? varintType : size === 4 ? fixed32Type : fixed64Type;
    if (this.#wireType !== single) return this.bytes();
    this.#take(single);
    const start = this.#at;
    if (size === "varint") this.#skipVarint();
    else this.#advance(size);
    return this.#bytes.subarray(start, this.#at);
  }

  #skip(): void {
    const type = this.#wireType;
    this.#wireType = -1;
    if (type === varintType) this.#skipVarint();
    else if (type === fixed64Type) this.#advance(8);
    else if (type === bytesType) this.#advance(this.#length());
    else if (type === fixed32Type) this.#advance(4);
    else throw this.#damaged(`wire type ${type}`);
  }

  #take(expected: number): void {
    if (this.#wireType !== expected)
      throw this.#damaged(`field ${this.field} with wire type ${this.#wireType}`);
    this.#wireType = -1;
  }

  /** The start of `length` bytes, which are passed over. */
  #advance(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) {
      throw invalidFile(
        `Truncated: ${length} bytes are announced at byte ${start}, ${this.#end - start} are there`,
      );
    }
    this.#at += length;
    return start;
  }

  #length(): number {
    const length = this.#varint();
    if (length > this.#end - this.#at) {
      throw invalidFile(
        `Truncated: ${length} bytes are announced at byte ${this.#at}, ${this.#end - this.#at} are there`,
      );
    }
    return length;
  }

  /** A varint of up to 35 bits; longer ones are not a tag nor a length. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw this.#damaged("a tag or length of more than 5 bytes");
  }

  #int64(): bigint {
    let low = 0;
    for (let scale = 1; scale <= 2 ** 42; scale *= 128) {
      const byte = this.#byte();
      low += (byte & 127) * scale;
      if (byte < 128) return BigInt(low);
    }
    let high = 0;
    for (let scale = 1; scale <= 2 ** 14; scale *= 128) {
      const byte = this.#byte();
      high += (byte & 127) * scale;
      if (byte < 128) return BigInt.asIntN(64, BigInt(low) + (BigInt(high) << 49n));
    }
    throw this.#damaged("an integer of more than 10 bytes");
  }

  #skipVarint(): void {
    for (let count = 0; count < 10; count++) if (this.#byte() < 128) return;
    throw this.#damaged("an integer of more than 10 bytes");
  }

  #byte(): number {
    if (this.#at >= this.#end) throw invalidFile(`Truncated inside an integer at byte ${this.#at}`);
    return this.#bytes[this.#at++] ?? 0;
  }

  #damaged(what: string): AikoError {
    return invalidFile(`Not protobuf, or damaged: ${what} at byte ${this.#at}`);
  }
}

/** The varints of a packed field, one after the other. */
export function* varints(part: Uint8Array): Generator<bigint> {
  let high = 0n;
  let low = 0;
  let shift = 0;
  for (const byte of part) {
    if (shift < 49) low += (byte & 127) * 2 ** shift;
    else high += BigInt(byte & 127) << BigInt(shift);
    shift += 7;
    if (byte >= 128 && shift < 70) continue;
    yield shift <= 49 ? BigInt(low) : BigInt.asIntN(64, high + BigInt(low));
    high = 0n;
    low = 0;
    shift = 0;
  }
}
